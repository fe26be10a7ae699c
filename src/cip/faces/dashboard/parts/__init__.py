"""Parts of pages: the grid, the list of customers, one customer, the evidence."""
