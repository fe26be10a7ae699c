"""The tables that one pass reads, and the days of their rows.

A daily row says what was known on `known_day` of what happened on `day`.  Because cutoffs are
midnights, `day < cutoff_day` and `known_day < cutoff_day` are exactly `occurred_at < cutoff` and
`known_at < cutoff`.

Where a later load changed rows, daily rows have a `superseded_day` too, null for the newest: what
was known on `known_day` was known otherwise from that day on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import ibis
from ibis.expr.types import BooleanValue, IntegerValue, Table

from cip import columns as c
from cip.engine.connect import together
from cip.engine.days import day_of
from cip.engine.stored import (
    ENDED_DAY,
    SUPERSEDED_AT,
    SUPERSEDED_DAY,
    newest,
    on_the_calendar,
)
from cip.ports import EventStore

NOT_ACTS: Final = frozenset({"impression", "payment_failed"})
"""Kinds of interaction that the business or a bank did, and not the customer."""

BY_DAY: Final = (c.CUSTOMER_ID, "day", "known_day")


@dataclass(frozen=True, slots=True)
class Events:
    """The canonical tables of some customers; None where a table was never loaded.

    `kinds` are those of all interactions of the store, whoever did them and whenever, so that they
    do not change from one pass or cutoff to another.  `keep` gives the same rows; at hand it
    computes them there and then, see `at_hand`.  `daily` are tables by day that need not be made of
    the events any more, see `cip.engine.daily`.
    """

    transactions: Table | None
    interactions: Table | None
    subscriptions: Table | None
    items: Table | None
    customers: Table | None
    kinds: frozenset[str] = frozenset()
    keep: Callable[[Table], Table] = lambda rows: rows
    daily: Mapping[str, Table] = field(default_factory=dict)

    @property
    def as_known_today(self) -> Events:
        """The same with the newest version of every row alone."""
        pairs = (("transactions", self.transactions), ("subscriptions", self.subscriptions))
        tables = {name: newest(rows) for name, rows in pairs if rows is not None}
        daily = {name: _newest_days(rows) for name, rows in self.daily.items()}
        return replace(self, **tables, daily=daily)


def kinds_of(con: ibis.BaseBackend, store: EventStore) -> frozenset[str]:
    """The kinds of interaction that the store holds."""
    rows = _read_if_there(con, store, "interactions", None)
    return frozenset() if rows is None else kinds_in(rows)


def kinds_in(rows: Table) -> frozenset[str]:
    """The kinds that rows of interactions hold; none where rows have no kind."""
    if c.KIND not in rows.columns:
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
    return on_the_calendar(con, files, table, store.zone) if files else None


def spells_by_day(subscriptions: Table) -> Table:
    """A row a spell: `day` and `known_day` of its beginning, `ended_day`, and what was mapped.

    `ended_day` is null for a spell that nobody ended.
    """
    rows = with_days(subscriptions, c.STARTED_AT)
    if ENDED_DAY in rows.columns:
        ended = rows[ENDED_DAY]
    else:
        never = ibis.null("int64")
        ended = day_of(rows[c.ENDED_AT]) if c.ENDED_AT in rows.columns else never
    said = [name for name in (c.STARTED_AT, c.PLAN, c.PRICE) if name in rows.columns]
    return rows.select(*by_day(rows), *said, ended_day=ended)


def all_by_day(events: Events) -> Table:
    """(customer, day, known day) of every event and of every spell's beginning."""
    tables = (
        (events.daily.get("payments", events.transactions), c.OCCURRED_AT),
        (events.daily.get("kinds", events.interactions), c.OCCURRED_AT),
        (events.subscriptions, c.STARTED_AT),
    )
    daily = [with_days(rows, time) for rows, time in tables if rows is not None]
    return together([rows.select(by_day(rows)) for rows in daily])


def _newest_days(daily: Table) -> Table:
    if SUPERSEDED_DAY not in daily.columns:
        return daily
    return daily.filter(daily[SUPERSEDED_DAY].isnull()).drop(SUPERSEDED_DAY)


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

    Rows at hand have them already, and so do all rows where the business's days are not those of
    UTC, see `on_the_calendar`: of others the days are those of UTC.
    """
    if "known_day" in rows.columns:
        return rows
    days = {"day": day_of(rows[time]), "known_day": day_of(rows[c.KNOWN_AT])}
    if SUPERSEDED_AT in rows.columns:
        days[SUPERSEDED_DAY] = day_of(rows[SUPERSEDED_AT])
    return rows.mutate(**days)
