"""The small tables by day that features add up: what each is made of.

A row is what became known on one day of one customer's events of another.  A table is made from
the events of a pass, or was stored before (`cip.engine.daily_parts`): row for row it is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import ibis
from ibis.expr.types import IntegerColumn, NumericValue, Table

from cip import columns as c
from cip.engine.events import BY_DAY, NOT_ACTS, Events, by_day, with_days
from cip.engine.feature import EventTable, settled

DailyName = Literal["payments", "kinds", "items", "devices"]

_NEITHER: Final = 0.5  # neither glad nor angry


@dataclass(frozen=True, slots=True)
class DailyTable:
    """A table by day: of which events `make` makes it, and what of it adds up.

    `sums` are its columns that are numbers of rows or sums of numbers, not yet rounded; all others
    say of whom, of what and when.  `column` is one without which the events cannot give it.
    """

    table: EventTable
    make: Callable[[Table], Table]
    sums: frozenset[str]
    column: str | None = None


def daily(events: Events, name: DailyName) -> Table:
    """The table: the one at hand, or else made of the events; sums of money and such are settled.

    Raises: KeyError for a table that these events cannot give.
    """
    there = events.daily.get(name)
    return _settled(made_by_day(events, name) if there is None else there, DAILY[name].sums)


def made_by_day(events: Events, name: DailyName) -> Table:
    """The table as it is stored: its sums are as the engine added them."""
    made = DAILY[name]
    rows: Table = getattr(events, made.table)
    return made.make(with_days(rows))


def payments_by_day(transactions: Table) -> Table:
    """A row a (customer, day, known day): `purchases`, `spend`, `refunds`, `refunded`, `net`."""
    return _settled(_payments(with_days(transactions)), DAILY["payments"].sums)


def payments_known_today(events: Events) -> Table | None:
    """The same of the newest versions; None without transactions."""
    if events.transactions is None:
        return None
    return daily(events.as_known_today, "payments")


def activity_by_day(events: Events) -> Table:
    """A row a (customer, day, known day): `interactions` and, where mapped, `quantity`.

    Of what customers did themselves, see `NOT_ACTS`.
    """
    rows = _acts(daily(events, "kinds"))
    sums = [name for name in ("interactions", c.QUANTITY) if name in rows.columns]
    return rows.group_by(BY_DAY).aggregate(**{name: rows[name].sum() for name in sums})


def sentiment_by_day(events: Events) -> Table:
    """A row a (customer, day, known day) with words that were judged.

    `sentiment` is the sum, `told` how many they are, `negative` how many lie below the middle.
    """
    rows = daily(events, "kinds")
    told = rows.filter(rows["told"] > 0)
    return told.group_by(BY_DAY).aggregate(
        sentiment=settled(told[c.SENTIMENT].sum()),
        told=told["told"].sum(),
        negative=told["negative"].sum(),
    )


def categories_by_day(events: Events) -> Table:
    """The daily items by category; items without category are left out."""
    met = daily(events, "items")
    items: Table = events.items
    known = items.filter(items[c.CATEGORY].notnull()).select(c.ITEM_ID, c.CATEGORY)
    rows = met.join(known, met["thing"] == known[c.ITEM_ID])
    return rows.group_by(*BY_DAY, thing=rows[c.CATEGORY]).aggregate(
        meetings=rows["meetings"].sum(), plays=rows["plays"].sum()
    )


def _payments(rows: Table) -> Table:
    amount = rows[c.AMOUNT].cast("float64")
    paid, returned, nothing = amount > 0, amount < 0, ibis.literal(0, "float64")
    return rows.group_by(_keys(rows)).aggregate(
        purchases=rows.count(where=paid),
        spend=_added(paid.ifelse(amount, nothing)),
        refunds=rows.count(where=returned),
        refunded=_added(returned.ifelse(-amount, nothing)),
        net=_added(amount),
    )


def _kinds(rows: Table) -> Table:
    """A row a (customer, day, known day, kind): `interactions`, and what else was mapped.

    `quantity`, `value` and `sentiment` are sums; `valued` says how many interactions have a value,
    `told` how many a sentiment, and `negative` how many of these lie below the middle.
    """
    made = {"interactions": rows.count()}
    if c.QUANTITY in rows.columns:
        made[c.QUANTITY] = _added(rows[c.QUANTITY])
    if c.VALUE in rows.columns:
        made |= {c.VALUE: _added(rows[c.VALUE]), "valued": rows[c.VALUE].count()}
    if c.SENTIMENT in rows.columns:
        felt = rows[c.SENTIMENT]
        low = felt < ibis.literal(_NEITHER, "float64")
        made |= {c.SENTIMENT: _added(felt), "told": felt.count(), "negative": rows.count(where=low)}
    return rows.group_by(*_keys(rows), c.KIND).aggregate(**made)


def _things(column: str) -> Callable[[Table], Table]:
    """A row a (customer, thing, day, known day): `meetings` and, of them, `plays`.

    Things that are null, and what customers did not do themselves, are left out.
    """

    def make(rows: Table) -> Table:
        met = _acts(rows.filter(rows[column].notnull()))
        return met.group_by(*_keys(met), thing=met[column]).aggregate(
            meetings=met.count(), plays=met.count(where=met[c.KIND] == "play")
        )

    return make


def _keys(rows: Table) -> tuple[str, ...]:
    """Of whom and when, and in which bucket where the rows say it: rows about to be stored do."""
    return (*by_day(rows), c.BUCKET) if c.BUCKET in rows.columns else by_day(rows)


def _acts(rows: Table) -> Table:
    return rows.filter(rows[c.KIND].notin(sorted(NOT_ACTS)))


def _added(number: NumericValue) -> NumericValue:
    """The sum as float64; 0 where every number is null."""
    return number.cast("float64").sum().fill_null(0)


def _settled(rows: Table, sums: frozenset[str]) -> Table:
    """With the sums that are no whole numbers to a millionth, see `settled`."""
    broken = [name for name in rows.columns if name in sums and not _is_whole(rows, name)]
    return rows.mutate(**{name: settled(rows[name]) for name in broken}) if broken else rows


def _is_whole(rows: Table, name: str) -> bool:
    return isinstance(rows[name], IntegerColumn)


_MET: Final = frozenset({"meetings", "plays"})
DAILY: Final[Mapping[DailyName, DailyTable]] = {
    "payments": DailyTable(
        "transactions",
        _payments,
        frozenset({"purchases", "spend", "refunds", "refunded", "net"}),
    ),
    "kinds": DailyTable(
        "interactions",
        _kinds,
        frozenset({"interactions", c.QUANTITY, c.VALUE, "valued", c.SENTIMENT, "told", "negative"}),
    ),
    "items": DailyTable("interactions", _things(c.ITEM_ID), _MET, c.ITEM_ID),
    "devices": DailyTable("interactions", _things(c.DEVICE), _MET, c.DEVICE),
}
"""Every table by day that can be stored."""
