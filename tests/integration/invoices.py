"""Invoice lines of a simulated shop as a user's file, and what maps them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from cip.worlds.shop import ShopConfig, invoice_lines, simulate_shop

EUROS = """
format = 1
[workspace]
name = "{name}"
currency = "EUR"
"""
INVOICES = """
[sources.lines]
path = "lines.csv"
[tables.transactions]
source = "lines"
add_up = true
columns.customer_id = "Customer ID"
columns.transaction_id = "Invoice"
columns.occurred_at = "InvoiceDate"
columns.amount = { product = ["Quantity", "Price"] }
"""


def write_lines(folder: Path, **size: Any) -> None:
    """`lines.csv`: the invoice lines of a simulated shop."""
    world = simulate_shop(ShopConfig(**size))
    pacsv.write_csv(pa.table(dict(invoice_lines(world))), folder / "lines.csv")
