"""The tables that one pass reads, and the small daily tables made of them.

A daily row says what was known on `known_day` of what happened on `day`.  Because cutoffs are
midnights, `day < cutoff_day` and `known_day < cutoff_day` are exactly `occurred_at < cutoff` and
`known_at < cutoff`.

Where a later load changed rows, daily rows have a `superseded_day` too, null for the newest: what
was known on `known_day` was known otherwise from that day on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import ibis
from ibis.expr.types import BooleanValue, IntegerValue, Table

from cip import columns as c
from cip.engine.connect import read_files, together
from cip.engine.days import day_of
from cip.engine.feature import count, settled, total
from cip.engine.stored import SUPERSEDED_AT, SUPERSEDED_DAY, newest, with_superseded
from cip.ports import EventStore

NOT_ACTS: Final = frozenset({"impression", "payment_failed"})
"""Kinds of interaction that the business or a bank did, and not the customer."""

BY_DAY: Final = (c.CUSTOMER_ID, "day", "known_day")
_NEITHER: Final = 0.5  # neither glad nor angry


@dataclass(frozen=True, slots=True)
class Events:
    """The canonical tables of some customers; None where a table was never loaded.

    `kinds` are those of all interactions of the store, whoever did them and whenever, so that they
    do not change from one pass or cutoff to another.  `keep` gives the same rows; at hand it
    computes them there and then, see `at_hand`.
    """

    transactions: Table | None
    interactions: Table | None
    subscriptions: Table | None
    items: Table | None
    customers: Table | None
    kinds: frozenset[str] = frozenset()
    keep: Callable[[Table], Table] = lambda rows: rows

    @property
    def acts(self) -> Table | None:
        """The interactions that are the customer's own; see `NOT_ACTS`."""
        passive = sorted(self.kinds & NOT_ACTS)
        if self.interactions is None or not passive:
            return self.interactions
        return self.interactions.filter(self.interactions[c.KIND].notin(passive))

    @property
    def as_known_today(self) -> Events:
        """The same with the newest version of every row alone."""
        pairs = (("transactions", self.transactions), ("subscriptions", self.subscriptions))
        return replace(self, **{name: newest(rows) for name, rows in pairs if rows is not None})


def kinds_of(con: ibis.BaseBackend, store: EventStore) -> frozenset[str]:
    """The kinds of interaction that the store holds."""
    rows = _read_if_there(con, store, "interactions", None)
    if rows is None or c.KIND not in rows.columns:
        return frozenset()
    return frozenset(rows.select(c.KIND).distinct().to_pyarrow()[c.KIND].drop_null().to_pylist())


def read_events(
    con: ibis.BaseBackend,
    store: EventStore,
    buckets: Sequence[int],
    kinds: frozenset[str] = frozenset(),
) -> Events:
    """The tables of the customers in these buckets; `kinds` are those of `kinds_of`.

    A table without rows in these buckets holds rows of other customers instead.
    """
    return Events(
        _read_if_there(con, store, "transactions", buckets),
        _read_if_there(con, store, "interactions", buckets),
        _read_if_there(con, store, "subscriptions", buckets),
        _read_if_there(con, store, "items", None),
        _read_if_there(con, store, "customers", buckets),
        kinds,
    )


def _read_if_there(
    con: ibis.BaseBackend, store: EventStore, table: str, buckets: Sequence[int] | None
) -> Table | None:
    """Where these buckets hold no rows, one file of others: their customers join with nobody."""
    if not store.has(table):
        return None
    files = store.files(table, buckets) or store.files(table)[:1]
    return with_superseded(read_files(con, files)) if files else None


def payments_by_day(transactions: Table) -> Table:
    """A row a (customer, day, known day): `purchases`, `spend`, `refunds`, `refunded`, `net`."""
    rows = with_days(transactions)
    paid, returned = rows[c.AMOUNT] > 0, rows[c.AMOUNT] < 0
    return rows.group_by(by_day(rows)).aggregate(
        purchases=count(paid),
        spend=total(rows[c.AMOUNT], paid),
        refunds=count(returned),
        refunded=total(-rows[c.AMOUNT], returned),
        net=settled(rows[c.AMOUNT].sum()),
    )


def activity_by_day(interactions: Table) -> Table:
    """A row a (customer, day, known day): `interactions` and, where mapped, `quantity`."""
    rows = with_days(interactions)
    made = {"interactions": rows.count()}
    if c.QUANTITY in rows.columns:
        made[c.QUANTITY] = settled(rows[c.QUANTITY].sum().fill_null(0))
    return rows.group_by(BY_DAY).aggregate(**made)


def kinds_by_day(interactions: Table, kinds: Sequence[str]) -> Table:
    """A row a (customer, day, known day, kind): `interactions`, and `value`, `valued` where mapped.

    `value` is the sum of values; `valued` says how many interactions have one.
    """
    rows = with_days(interactions.filter(interactions[c.KIND].isin(kinds)))
    made = {"interactions": rows.count()}
    if c.VALUE in rows.columns:
        made[c.VALUE] = settled(rows[c.VALUE].sum().fill_null(0))
        made["valued"] = count(rows[c.VALUE].notnull())
    return rows.group_by(*BY_DAY, c.KIND).aggregate(**made)


def items_by_day(interactions: Table) -> Table:
    """A row a (customer, item, day, known day): `meetings` and, of them, `plays`.

    Items that are null are left out.
    """
    return _met_by_day(interactions, c.ITEM_ID)


def devices_by_day(interactions: Table) -> Table:
    """The same a device, of interactions that say theirs."""
    return _met_by_day(interactions, c.DEVICE)


def _met_by_day(interactions: Table, column: str) -> Table:
    rows = with_days(interactions.filter(interactions[column].notnull()))
    return rows.group_by(*BY_DAY, thing=rows[column]).aggregate(
        meetings=rows.count(), plays=count(rows[c.KIND] == "play")
    )


def sentiment_by_day(interactions: Table) -> Table:
    """A row a (customer, day, known day) with words that were judged.

    `sentiment` is the sum, `told` how many they are, `negative` how many lie below the middle.
    """
    rows = with_days(interactions.filter(interactions[c.SENTIMENT].notnull()))
    return rows.group_by(BY_DAY).aggregate(
        sentiment=settled(rows[c.SENTIMENT].sum()),
        told=rows.count(),
        negative=count(rows[c.SENTIMENT] < ibis.literal(_NEITHER, "float64")),
    )


def categories_by_day(items_met: Table, items: Table) -> Table:
    """The same a category, of `items_by_day`; items without category are left out."""
    known = items.filter(items[c.CATEGORY].notnull()).select(c.ITEM_ID, c.CATEGORY)
    rows = items_met.join(known, items_met["thing"] == known[c.ITEM_ID])
    return rows.group_by(*BY_DAY, thing=rows[c.CATEGORY]).aggregate(
        meetings=rows["meetings"].sum(), plays=rows["plays"].sum()
    )


def spells_by_day(subscriptions: Table) -> Table:
    """A row a spell: `day` and `known_day` of its beginning, `ended_day`, and what was mapped.

    `ended_day` is null for a spell that nobody ended.
    """
    rows = with_days(subscriptions, c.STARTED_AT)
    never = ibis.null("int64")
    ended = day_of(rows[c.ENDED_AT]) if c.ENDED_AT in rows.columns else never
    said = [name for name in (c.STARTED_AT, c.PLAN, c.PRICE) if name in rows.columns]
    return rows.select(*by_day(rows), *said, ended_day=ended)


def all_by_day(events: Events) -> Table:
    """(customer, day, known day) of every event and of every spell's beginning."""
    tables = (
        (events.transactions, c.OCCURRED_AT),
        (events.interactions, c.OCCURRED_AT),
        (events.subscriptions, c.STARTED_AT),
    )
    daily = [with_days(rows, time) for rows, time in tables if rows is not None]
    return together([rows.select(by_day(rows)) for rows in daily])


def by_day(daily: Table) -> tuple[str, ...]:
    """`BY_DAY`, and `superseded_day` where there is one."""
    return (*BY_DAY, SUPERSEDED_DAY) if SUPERSEDED_DAY in daily.columns else BY_DAY


def known_on(daily: Table, cutoff_day: IntegerValue) -> BooleanValue:
    """Whether a daily row is what was known before the midnight that `cutoff_day` begins with."""
    known = daily["known_day"] < cutoff_day
    if SUPERSEDED_DAY not in daily.columns:
        return known
    return known & (daily[SUPERSEDED_DAY].isnull() | (daily[SUPERSEDED_DAY] >= cutoff_day))


def with_days(rows: Table, time: str = c.OCCURRED_AT) -> Table:
    """With `day` and `known_day`, and `superseded_day` where a later load changed rows.

    Rows at hand have them already.
    """
    if "known_day" in rows.columns:
        return rows
    days = {"day": day_of(rows[time]), "known_day": day_of(rows[c.KNOWN_AT])}
    if SUPERSEDED_AT in rows.columns:
        days[SUPERSEDED_DAY] = day_of(rows[SUPERSEDED_AT])
    return rows.mutate(**days)
