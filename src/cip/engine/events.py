"""The tables that one pass reads, and the small daily tables made of them.

A daily row says what was known on `known_day` of what happened on `day`.  Because cutoffs are
midnights, `day < cutoff_day` and `known_day < cutoff_day` are exactly `occurred_at < cutoff` and
`known_at < cutoff`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
from ibis.expr.types import Table

from cip import columns as c
from cip.engine.connect import read_files
from cip.engine.days import day_of
from cip.engine.feature import count, settled, total
from cip.ports import EventStore

_BY_DAY = (c.CUSTOMER_ID, "day", "known_day")


@dataclass(frozen=True, slots=True)
class Events:
    """The canonical tables of some customers; None where a table was never loaded."""

    transactions: Table
    interactions: Table | None
    items: Table | None
    customers: Table | None


def read_events(con: ibis.BaseBackend, store: EventStore, buckets: Sequence[int]) -> Events:
    """The tables of the customers in these buckets; `transactions` must have rows there."""
    return Events(
        read_files(con, store.files("transactions", buckets)),
        _read_if_there(con, store, "interactions", buckets),
        _read_if_there(con, store, "items", None),
        _read_if_there(con, store, "customers", buckets),
    )


def _read_if_there(
    con: ibis.BaseBackend, store: EventStore, table: str, buckets: Sequence[int] | None
) -> Table | None:
    """Where these buckets hold no rows, one file of others: their customers join with nobody."""
    if not store.has(table):
        return None
    files = store.files(table, buckets) or store.files(table)[:1]
    return read_files(con, files) if files else None


def payments_by_day(transactions: Table) -> Table:
    """A row a (customer, day, known day): `purchases`, `spend`, `refunds`, `refunded`, `net`."""
    rows = _with_days(transactions)
    paid, returned = rows[c.AMOUNT] > 0, rows[c.AMOUNT] < 0
    return rows.group_by(_BY_DAY).aggregate(
        purchases=count(paid),
        spend=total(rows[c.AMOUNT], paid),
        refunds=count(returned),
        refunded=total(-rows[c.AMOUNT], returned),
        net=settled(rows[c.AMOUNT].sum()),
    )


def activity_by_day(interactions: Table) -> Table:
    """A row a (customer, day, known day): `interactions` and, where mapped, `quantity`."""
    rows = _with_days(interactions)
    made = {"interactions": rows.count()}
    if c.QUANTITY in rows.columns:
        made[c.QUANTITY] = settled(rows[c.QUANTITY].sum().fill_null(0))
    return rows.group_by(_BY_DAY).aggregate(**made)


def items_by_day(interactions: Table) -> Table:
    """A row a (customer, item, day, known day): `meetings`; items that are null are left out."""
    rows = _with_days(interactions.filter(interactions[c.ITEM_ID].notnull()))
    return rows.group_by(*_BY_DAY, thing=rows[c.ITEM_ID]).aggregate(meetings=rows.count())


def categories_by_day(items_met: Table, items: Table) -> Table:
    """The same a category, of `items_by_day`; items without category are left out."""
    known = items.filter(items[c.CATEGORY].notnull()).select(c.ITEM_ID, c.CATEGORY)
    rows = items_met.join(known, items_met["thing"] == known[c.ITEM_ID])
    return rows.group_by(*_BY_DAY, thing=rows[c.CATEGORY]).aggregate(
        meetings=rows["meetings"].sum()
    )


def _with_days(rows: Table) -> Table:
    return rows.mutate(day=day_of(rows[c.OCCURRED_AT]), known_day=day_of(rows[c.KNOWN_AT]))
