"""What the customer's data must be: canonical tables, the mapping onto them, the calendar."""
