"""The 43 features and the label of the prototype, as features of our engine.

They differ from the catalogue in that they count seconds and not days: recency, tenure and the
gaps between one event and the next.  The gap before an event is that to the event before it,
whoever knew of it when: in the data of the benchmark everything is known when it happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import ibis
from ibis.expr.types import NumericValue, Table

from cip import columns as c
from cip.contract.config import LabelRule
from cip.engine.events import Events, with_days
from cip.engine.feature import Feature, OwnRows, count, ratio, within
from cip.engine.point_in_time import CUTOFF_DAY, known_before
from cip.engine.spans import edges, in_spans, last_meetings, last_of_span
from cip.types import FeatureInfo

WINDOWS: dict[str, int | None] = {"7": 7, "28": 28, "90": 90, "all": None}
KINDS = ("play", "search", "rate", "purchase")
RULE = LabelRule(kind="inactivity", active_kinds=KINDS)
HORIZON_DAYS = 28
EVER = 100_000  # active days that leave nobody out
_DAY_SECONDS = 86_400


def features(cutoff_days: Sequence[int]) -> tuple[Feature, ...]:
    """The 43 features, for these cutoffs."""
    days = edges(cutoff_days, (7, 28, 56, 90))
    activity = OwnRows(lambda events, pairs: _activity(events, pairs, days))
    items = OwnRows(lambda events, pairs: _items(events, pairs, days))
    categories = OwnRows(
        lambda events, pairs: _categories(events, pairs, edges(cutoff_days, (90,)))
    )
    made = {
        **{name: (activity, value) for name, value in _of_activity()},
        **{f"items_{w}": (items, _sum("n", days)) for w, days in WINDOWS.items()},
        "top_cat_share_all": (categories, lambda rows: ratio(rows.n.max(), rows.n.sum())),
        "top_cat_share_90": (categories, lambda rows: ratio(rows.n_90.max(), rows.n_90.sum())),
    }
    return tuple(
        Feature(FeatureInfo(name, "number", "", "", "", ""), stage, value, empty=_empty(name))
        for name, (stage, value) in made.items()
    )


def _empty(name: str) -> float | None:
    return 0.0 if name.startswith("items_") else None


def _sum(name: str, days: int | None, skip: int = 0) -> Callable[[Table], NumericValue]:
    def added(rows: Table) -> NumericValue:
        value = rows[name].cast("float64")
        if days is None:
            return value.sum()
        return within(rows, days, skip).ifelse(value, ibis.literal(0, "float64")).sum()

    return added


def _over(part: str, whole: str, days: int | None) -> Callable[[Table], NumericValue]:
    return lambda rows: ratio(_sum(part, days)(rows), _sum(whole, days)(rows))


def _of_activity() -> Iterator[tuple[str, Callable[[Table], NumericValue]]]:
    for w, days in WINDOWS.items():
        yield f"n_{w}", _sum("n", days)
        yield f"amt_{w}", _sum("amount", days)
        yield f"amt_mean_{w}", _over("amount", "paid", days)
        yield f"dur_{w}", _sum("duration", days)
    yield "n_prev28", _sum("n", 28, skip=28)
    yield "amt_prev28", _sum("amount", 28, skip=28)
    yield "trend_n", lambda rows: ratio(_sum("n", 28)(rows), _sum("n", 28, 28)(rows) + 1)
    yield "trend_amt", lambda rows: _sum("amount", 28)(rows) - _sum("amount", 28, 28)(rows)
    yield "days_28", _sum("days", 28)
    yield "days_90", _sum("days", 90)
    yield "recency_d", lambda rows: _days_since(rows, "last").min()
    yield "tenure_d", lambda rows: _days_since(rows, "first").max()
    yield "gap_mean_d", _over("gap", "gaps", None)
    yield "gap_std_d", _gap_spread
    yield "gap_max_d", lambda rows: rows.longest_gap.max()
    for kind in KINDS:
        yield f"n_{kind}_90", _sum(kind, 90)
    yield "r_7_28", lambda rows: ratio(_sum("n", 7)(rows), _sum("n", 28)(rows))
    yield "r_28_90", lambda rows: ratio(_sum("n", 28)(rows), _sum("n", 90)(rows))
    yield "r_play_90", _over("play", "n", 90)
    yield "r_purchase_90", _over("purchase", "n", 90)
    yield "amt_per_event_90", _over("amount", "n", 90)
    yield "weekend_share_90", _over("weekend", "n", 90)


def _days_since(rows: Table, name: str) -> NumericValue:
    seconds = rows[CUTOFF_DAY] * _DAY_SECONDS - rows[name]
    return seconds.cast("float64") / ibis.literal(_DAY_SECONDS, "float64")


def _gap_spread(rows: Table) -> NumericValue:
    gaps = rows.gaps.sum().cast("float64").nullif(0)
    variance = rows.gap_squared.sum() / gaps - (rows.gap.sum() / gaps) ** 2
    return (gaps > 0).ifelse(ibis.greatest(variance, ibis.literal(0, "float64")).sqrt(), None)


def _activity(events: Events, pairs: Table, days: Sequence[int]) -> Table:
    spans = in_spans(
        with_gaps(events.interactions),
        days,
        n=Table.count,
        amount=lambda rows: rows[c.VALUE].sum(),
        duration=lambda rows: rows[c.QUANTITY].sum(),
        paid=lambda rows: count(rows[c.VALUE] > 0),
        weekend=lambda rows: count((rows["day"] + 3) % 7 >= 5),
        days=lambda rows: count(rows["opens_day"]),
        first=lambda rows: rows["second"].min(),
        last=lambda rows: rows["second"].max(),
        gap=lambda rows: rows["gap"].sum(),
        gap_squared=lambda rows: (rows["gap"] * rows["gap"]).sum(),
        gaps=lambda rows: rows["gap"].count(),
        longest_gap=lambda rows: rows["gap"].max(),
        **{kind: _of_kind(kind) for kind in KINDS},
    )
    return known_before(spans, pairs)


def _of_kind(kind: str) -> Callable[[Table], NumericValue]:
    return lambda rows: count(rows[c.KIND] == kind)


def with_gaps(interactions: Table) -> Table:
    """Each event with its `second`, the `gap` to the one before, and whether it opens its day."""
    rows = with_days(interactions)
    rows = rows.mutate(second=rows[c.OCCURRED_AT].epoch_seconds())
    before = ibis.window(group_by=rows[c.CUSTOMER_ID], order_by=rows["second"])
    earlier = rows["second"].lag().over(before)
    gap = (rows["second"] - earlier).cast("float64") / ibis.literal(_DAY_SECONDS, "float64")
    opens = (earlier // _DAY_SECONDS).fill_null(-1) < rows["day"]
    return rows.mutate(gap=gap, opens_day=opens)


def _items(events: Events, pairs: Table, days: Sequence[int]) -> Table:
    met = last_meetings(with_days(events.interactions).rename(thing=c.ITEM_ID))
    until = ibis.coalesce(met["until_day"], days[-1])
    rows = met.mutate(until_day=last_of_span(until, days))
    known = known_before(in_spans(rows, days, "until_day", n=Table.count), pairs)
    return known.filter(known["until_day"] >= known[CUTOFF_DAY])


def _categories(events: Events, pairs: Table, days: Sequence[int]) -> Table:
    met = with_days(events.interactions).join(events.items, c.ITEM_ID)
    known = known_before(in_spans(met, days, c.CATEGORY, n=Table.count), pairs)
    return known.group_by(c.CUSTOMER_ID, CUTOFF_DAY, c.CATEGORY).aggregate(
        n=known["n"].sum(), n_90=within(known, 90).ifelse(known["n"], 0).sum()
    )
