"""Features of eligible customers at cutoffs, from what was known strictly before each.

Every small daily table is expanded over the cutoffs once, and only for the customers that are
eligible there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import ibis
from ibis.expr.types import BooleanValue, Table

from cip import columns as c
from cip.engine.events import (
    Events,
    activity_by_day,
    categories_by_day,
    items_by_day,
    kinds_by_day,
    payments_by_day,
    spells_by_day,
)
from cip.engine.feature import Feature, Stage, settled
from cip.engine.features_kinds import KINDS
from cip.types import FeatureKind

CUTOFF_DAY: Final = "cutoff_day"
KEYS: Final = (c.CUSTOMER_ID, CUTOFF_DAY)
_TYPES: Final[Mapping[FeatureKind, str]] = {"number": "float64", "category": "string"}


def known_before(daily: Table, pairs: Table) -> Table:
    """Daily rows of each pair's customer that happened and were known before its cutoff.

    Adds `cutoff_day` and `age`, the days from the row's day to the cutoff (at least 1).
    """
    rows = daily.join(
        pairs,
        [
            daily[c.CUSTOMER_ID] == pairs[c.CUSTOMER_ID],
            daily["day"] < pairs[CUTOFF_DAY],
            daily["known_day"] < pairs[CUTOFF_DAY],
        ],
    ).drop(f"{c.CUSTOMER_ID}_right")
    return rows.mutate(age=rows[CUTOFF_DAY] - rows["day"])


def runs(spells: Table) -> BooleanValue:
    """Whether a spell known before the cutoff runs at it, for all that was known.

    An end counts once it lies before the cutoff; one at the cutoff or later, even announced in
    advance, is not known yet.
    """
    return spells["ended_day"].isnull() | (spells["ended_day"] >= spells[CUTOFF_DAY])


def with_features(events: Events, pairs: Table, features: Sequence[Feature]) -> Table:
    """`pairs` with a column a feature, float64 or text; null where it is undefined."""
    done = pairs
    for stage, make in _STAGES.items():
        wanted = [feature for feature in features if feature.stage == stage]
        if wanted:
            done = _with_stage(done, make(events, pairs), wanted)
    ratios = [feature for feature in features if feature.stage == "ratios"]
    return done.mutate(**{feature.info.name: feature.value(done) for feature in ratios})


def _with_stage(done: Table, rows: Table, features: Sequence[Feature]) -> Table:
    values = {f.info.name: f.value(rows).cast(_TYPES[f.info.kind]) for f in features}
    added = rows.group_by(KEYS).aggregate(**values)
    joined = done.left_join(added, KEYS).drop([f"{key}_right" for key in KEYS])
    empty = {f.info.name: f.empty for f in features if f.empty is not None}
    return joined.fill_null(empty) if empty else joined


def _payment_days(events: Events, pairs: Table) -> Table:
    known = known_before(payments_by_day(events.transactions), pairs)
    days = known.group_by(*KEYS, "day", "age").aggregate(
        purchases=known["purchases"].sum(),
        spend=settled(known["spend"].sum()),
        refunds=known["refunds"].sum(),
        refunded=settled(known["refunded"].sum()),
    )
    paid = days["purchases"] > 0
    days = days.mutate(
        paid=paid, weekend=_is_weekend(days["day"]), paid_day=paid.ifelse(days.day, None)
    )
    earlier = ibis.window(group_by=KEYS, order_by="day", preceding=(None, 1))
    gap = days["paid_day"] - days["paid_day"].max().over(earlier)
    return days.mutate(gap=gap)


def _is_weekend(day: ibis.expr.types.IntegerValue) -> ibis.expr.types.BooleanValue:
    """Day 0 was a Thursday."""
    return (day + 3) % 7 >= 5


def _active_days(events: Events, pairs: Table) -> Table:
    known = known_before(activity_by_day(events.acts), pairs)
    made = {
        name: settled(known[name].sum())
        for name in ("interactions", c.QUANTITY)
        if name in known.columns
    }
    return known.group_by(*KEYS, "day", "age").aggregate(**made)


def _kinds(events: Events, pairs: Table) -> Table:
    """Not added up over the days on which a day's rows became known: sums do not need it."""
    known = known_before(kinds_by_day(events.interactions, KINDS), pairs)
    return known.mutate(weekend=_is_weekend(known["day"]))


def _items(events: Events, pairs: Table) -> Table:
    return _things(known_before(items_by_day(events.acts), pairs))


def _categories(events: Events, pairs: Table) -> Table:
    met = categories_by_day(items_by_day(events.acts), events.items)
    return _things(known_before(met, pairs))


def _things(known: Table) -> Table:
    """One row a thing that a customer met before a cutoff."""
    return known.group_by(*KEYS, "thing").aggregate(
        age=known["age"].min(),
        first_age=known["age"].max(),
        played_age=known["age"].min(where=known["plays"] > 0),
        meetings=known["meetings"].sum(),
        plays=known["plays"].sum(),
    )


def _spells(events: Events, pairs: Table) -> Table:
    known = known_before(spells_by_day(events.subscriptions), pairs)
    return known.mutate(running=runs(known))


_STAGES: Final[Mapping[Stage, Callable[[Events, Table], Table]]] = {
    "payments": _payment_days,
    "activity": _active_days,
    "kinds": _kinds,
    "items": _items,
    "categories": _categories,
    "spells": _spells,
}
