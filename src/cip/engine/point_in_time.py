"""Features of eligible customers at cutoffs, from what was known strictly before each.

Every small daily table is expanded over the cutoffs once, and only for the customers that are
eligible there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import ibis
from ibis.expr.types import BooleanValue, Table

from cip import columns as c
from cip.engine.daily import (
    DailyName,
    activity_by_day,
    categories_by_day,
    daily,
    made_by_day,
    sentiment_by_day,
)
from cip.engine.events import Events, known_on, spells_by_day
from cip.engine.feature import AnyStage, DailyRows, Feature, OwnRows, Shares, Stage, settled
from cip.engine.features_kinds import KINDS
from cip.engine.stored import SUPERSEDED_DAY
from cip.engine.user_rows import rows_by_day, shares
from cip.types import FeatureKind

CUTOFF_DAY: Final = "cutoff_day"
KEYS: Final = (c.CUSTOMER_ID, CUTOFF_DAY)
_TYPES: Final[Mapping[FeatureKind, str]] = {"number": "float64", "category": "string"}


def known_before(daily: Table, pairs: Table) -> Table:
    """Daily rows of each pair's customer that happened and were known before its cutoff.

    Adds `cutoff_day` and `age`, the days from the row's day to the cutoff (at least 1); on which
    day it was known otherwise is not among its columns, as that day may come later.
    """
    rows = daily.join(
        pairs,
        [
            daily[c.CUSTOMER_ID] == pairs[c.CUSTOMER_ID],
            daily["day"] < pairs[CUTOFF_DAY],
            known_on(daily, pairs[CUTOFF_DAY]),
        ],
    )
    later = {f"{c.CUSTOMER_ID}_right", SUPERSEDED_DAY} & set(rows.columns)
    rows = rows.drop(*sorted(later))
    return rows.mutate(age=rows[CUTOFF_DAY] - rows["day"])


def runs(spells: Table) -> BooleanValue:
    """Whether a spell known before the cutoff runs at it, for all that was known.

    An end counts once it lies before the cutoff; one at the cutoff or later, even announced in
    advance, is not known yet.
    """
    return spells["ended_day"].isnull() | (spells["ended_day"] >= spells[CUTOFF_DAY])


def with_features(
    events: Events, pairs: Table, features: Sequence[Feature], extra: Sequence[Feature] = ()
) -> Table:
    """`pairs` with a column a feature, float64 or text; null where it is undefined.

    Of `extra`, those of the stage "ratios" may combine any other feature but one another.
    """
    stages = by_stage((*features, *extra))
    at_hand = _with_daily(events, stages)
    added_up = {
        stage: events.keep(_added_up(stage_rows(stage, at_hand, pairs), wanted))
        for stage, wanted in stages.items()
        if stage != "ratios"
    }
    done = _beside(
        pairs, added_up.values(), [f for f in (*features, *extra) if f.stage in added_up]
    )
    for some in (features, extra):
        done = _with_ratios(done, by_stage(some).get("ratios", []))
    return done


def by_stage(features: Sequence[Feature]) -> dict[AnyStage, list[Feature]]:
    """The features of each stage, in their order."""
    groups: dict[AnyStage, list[Feature]] = {}
    for feature in features:
        groups.setdefault(feature.stage, []).append(feature)
    return groups


def stage_rows(stage: AnyStage, events: Events, pairs: Table) -> Table:
    """The rows that features of this stage add up, known before each pair's cutoff."""
    if isinstance(stage, Shares):
        return shares(stage_rows(stage.daily, events, pairs), stage, KEYS)
    if isinstance(stage, OwnRows):
        return stage.make(events, pairs)
    if isinstance(stage, DailyRows):
        return known_before(rows_by_day(events, stage), pairs)
    return _STAGES[stage](events, pairs)


def _with_daily(events: Events, stages: Iterable[AnyStage]) -> Events:
    """With the tables by day that several of these stages read, made once."""
    reads = (STAGE_READS.get(stage) for stage in stages if isinstance(stage, str))
    asked = Counter(name for name in reads if name is not None)
    several = [name for name, times in asked.items() if times > 1 and name not in events.daily]
    made: dict[str, Table] = {n: events.keep(made_by_day(events, n)) for n in several}
    return replace(events, daily={**events.daily, **made})


def _with_ratios(done: Table, ratios: Sequence[Feature]) -> Table:
    values = {f.info.name: f.value(done).cast(_TYPES[f.info.kind]) for f in ratios}
    return done.mutate(**values) if values else done


def _added_up(rows: Table, features: Sequence[Feature]) -> Table:
    values = {f.info.name: f.value(rows).cast(_TYPES[f.info.kind]) for f in features}
    return rows.group_by(KEYS).aggregate(**values)


def _beside(pairs: Table, stages: Iterable[Table], features: Sequence[Feature]) -> Table:
    """`pairs` with the features of all stages; joined one level deep, however many there are."""
    joined = pairs
    for number, added in enumerate(stages):
        joined = joined.left_join(added, KEYS, rname=f"{{name}}_{number}")
    values = {f.info.name: joined[f.info.name] for f in features}
    empty = {f.info.name: f.empty for f in features if f.empty is not None}
    filled = {name: values[name].fill_null(value) for name, value in empty.items()}
    return joined.select(*KEYS, **(values | filled))


def _payment_days(events: Events, pairs: Table) -> Table:
    known = known_before(daily(events, "payments"), pairs)
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
    known = known_before(activity_by_day(events), pairs)
    made = {
        name: settled(known[name].sum())
        for name in ("interactions", c.QUANTITY)
        if name in known.columns
    }
    days = known.group_by(*KEYS, "day", "age").aggregate(**made)
    before = ibis.window(group_by=KEYS, order_by="day")
    return days.mutate(gap=days["day"] - days["day"].lag().over(before))


def _kinds(events: Events, pairs: Table) -> Table:
    """Not added up over the days on which a day's rows became known: sums do not need it."""
    rows = daily(events, "kinds")
    wanted = rows.filter(rows[c.KIND].isin(KINDS)).drop(*sorted(_OF_OTHERS & set(rows.columns)))
    known = known_before(wanted, pairs)
    return known.mutate(weekend=_is_weekend(known["day"]))


def _sentiment(events: Events, pairs: Table) -> Table:
    return known_before(sentiment_by_day(events), pairs)


def _items(events: Events, pairs: Table) -> Table:
    return _things(known_before(daily(events, "items"), pairs))


def _categories(events: Events, pairs: Table) -> Table:
    return _things(known_before(categories_by_day(events), pairs))


def _devices(events: Events, pairs: Table) -> Table:
    things = _things(known_before(daily(events, "devices"), pairs))
    return things.mutate(most=things["meetings"].max().over(ibis.window(group_by=KEYS)))


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
    """An end that is not known yet is null, so that nobody can read when it will be."""
    known = known_before(spells_by_day(events.subscriptions), pairs)
    running = runs(known)
    spells = known.mutate(
        running=running, ended_day=running.ifelse(ibis.null("int64"), known["ended_day"])
    )
    return _in_order(_in_order(spells, c.PLAN), c.PRICE)


def _in_order(spells: Table, column: str) -> Table:
    """With, for a price, `price_before`: that of the spell before, of those that have a price.

    And `price_number`, which numbers these spells in time.
    """
    if column not in spells.columns:
        return spells
    said = ibis.window(
        group_by=[*(spells[key] for key in KEYS), spells[column].notnull()],
        order_by=[spells[c.STARTED_AT], spells[column]],
    )
    return spells.mutate(
        **{
            f"{column}_before": spells[column].lag().over(said),
            f"{column}_number": ibis.row_number().over(said),
        }
    )


_OF_OTHERS: Final = frozenset({c.QUANTITY, c.SENTIMENT, "told", "negative"})
"""Columns of the daily kinds that the stage "kinds" does not have."""

STAGE_READS: Final[Mapping[Stage, DailyName]] = {
    "payments": "payments",
    "activity": "kinds",
    "kinds": "kinds",
    "sentiment": "kinds",
    "items": "items",
    "categories": "items",
    "devices": "devices",
}
"""Which table by day each stage adds up."""

_STAGES: Final[Mapping[Stage, Callable[[Events, Table], Table]]] = {
    "payments": _payment_days,
    "activity": _active_days,
    "kinds": _kinds,
    "sentiment": _sentiment,
    "items": _items,
    "categories": _categories,
    "devices": _devices,
    "spells": _spells,
}
