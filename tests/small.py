"""Parts of a small workspace's `cip.toml`, to be put together."""

from __future__ import annotations

SMALL = """
format = 1
[workspace]
name = "Small"
currency = "EUR"
"""
PLAYS = """
[sources.plays]
path = "plays.csv"
[tables.interactions]
source = "plays"
columns.customer_id = "who"
columns.occurred_at = "at"
columns.kind = "what"
"""
PEOPLE = """
[sources.people]
path = "people.csv"
[tables.customers]
source = "people"
columns.customer_id = "who"
attributes.city = "city"
"""
