"""The beginning of a shop's `cip.toml`: what its lines say, but for the amounts."""

from __future__ import annotations

LINES = """
format = 1
[workspace]
name = "Shop"
currency = "GBP"
[sources.lines]
path = "lines.csv"
[tables.transactions]
source = "lines"
columns.customer_id = "who"
columns.transaction_id = "invoice"
columns.occurred_at = "when"
"""
