"""Features of interactions: how active, with how much, and how varied.

A row of the stage "activity" is one day of one customer with an interaction: `age`,
`interactions`, `quantity` (where mapped) and `gap` (days since the active day before).  A row of
the stages "items", "categories" and "devices" is one `thing` that a customer met: `age` (days since
the last meeting), `first_age` (since the first), `meetings` and, of a device, `most` (the meetings
with the most frequent one).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ibis.expr.types import NumericValue, Table

from cip import columns as c
from cip.engine.feature import (
    SPAN_WORDS,
    WINDOWS,
    Feature,
    Stage,
    count,
    ratio,
    settled,
    total,
    within,
)
from cip.engine.features_rhythm import RHYTHM
from cip.types import FeatureInfo

_QUANTITY: Final = frozenset({c.QUANTITY})
_ITEMS: Final = frozenset({c.ITEM_ID})
_CATEGORIES: Final = frozenset({c.ITEM_ID, c.CATEGORY})
_DEVICES: Final = frozenset({c.DEVICE})


def _activity(
    info: FeatureInfo,
    value: Callable[[Table], NumericValue],
    needs: frozenset[str] = frozenset(),
    empty: float | None = 0.0,
) -> Feature:
    return Feature(info, "activity", value, needs, empty)


def _last_activity() -> Feature:
    return _activity(
        FeatureInfo(
            "inactive_days",
            "number",
            "days",
            "Days from the last day with an interaction to the cutoff; empty without one.",
            "Last active {v} days ago (typical {usual})",
            "last activity",
            unknown="No interaction of theirs is known",
        ),
        lambda days: days.age.min(),
        empty=None,
    )


def _active_days(window: str) -> Feature:
    days = WINDOWS[window]
    return _activity(
        FeatureInfo(
            f"active_days_{window}",
            "number",
            "days",
            f"Distinct days with an interaction {SPAN_WORDS[window]}.",
            f"Active on {{v}} days {SPAN_WORDS[window]} (typical {{usual}})",
            "activity",
            days,
        ),
        lambda rows: count(within(rows, days)),
    )


def _interactions(window: str) -> Feature:
    days = WINDOWS[window]
    return _activity(
        FeatureInfo(
            f"interactions_{window}",
            "number",
            "interactions",
            f"Interactions {SPAN_WORDS[window]}.",
            f"{{v}} interactions {SPAN_WORDS[window]} (typical {{usual}})",
            "activity",
            days,
        ),
        lambda rows: total(rows.interactions, within(rows, days)),
    )


def _trend(window: str) -> Feature:
    days = WINDOWS[window] or 0
    return _activity(
        FeatureInfo(
            f"active_days_trend_{window}",
            "number",
            "days",
            f"Active days in the last {days} days less those in the {days} days before.",
            f"Active days changed by {{v}} in the last {days} days against the {days} days before "
            "(typical {usual})",
            "activity",
            2 * days,
        ),
        lambda rows: count(within(rows, days)) - count(within(rows, days, skip=days)),
    )


def _quantity(window: str) -> Feature:
    days = WINDOWS[window]
    return _activity(
        FeatureInfo(
            f"quantity_{window}",
            "number",
            "pieces",
            f"Quantity {SPAN_WORDS[window]}; what was sent back counts below zero.",
            f"Took {{v}} pieces {SPAN_WORDS[window]} (typical {{usual}})",
            "quantity",
            days,
        ),
        lambda rows: total(rows.quantity, within(rows, days)),
        _QUANTITY,
    )


def _mean_quantity() -> Feature:
    return Feature(
        FeatureInfo(
            "mean_quantity_all",
            "number",
            "pieces",
            "Quantity for every interaction so far; empty without one.",
            "Took {v} pieces at a time (typical {usual})",
            "quantity",
            decimals=1,
            unknown="No quantity of theirs is known",
        ),
        "ratios",
        lambda done: ratio(done.quantity_all, done.interactions_all),
        _QUANTITY,
    )


def _distinct(stage: Stage, needs: frozenset[str], window: str) -> Feature:
    days = WINDOWS[window]
    return Feature(
        FeatureInfo(
            f"{stage}_{window}",
            "number",
            stage,
            f"Distinct {stage} {SPAN_WORDS[window]}.",
            f"Chose {{v}} different {stage} {SPAN_WORDS[window]} (typical {{usual}})",
            f"variety of {stage}",
            days,
        ),
        stage,
        lambda things: count(within(things, days)),
        needs,
        0.0,
    )


def _favourite(stage: Stage, needs: frozenset[str], thing: str) -> Feature:
    return Feature(
        FeatureInfo(
            f"top_{thing}_share_all",
            "number",
            "share",
            f"Share of the interactions with {stage} so far that were with the most frequent one.",
            f"{{v}} of all choices were one {thing} (typical {{usual}})",
            f"variety of {stage}",
            unknown=f"No {thing} of theirs is known",
        ),
        stage,
        lambda things: ratio(things.meetings.max(), things.meetings.sum()),
        needs,
    )


def _spread() -> Feature:
    return Feature(
        FeatureInfo(
            "effective_categories_all",
            "number",
            "categories",
            "How many categories in equal use would be as varied as those met so far: the "
            "exponential of their Shannon entropy; empty without one.",
            "Choices were as varied as {v} categories in equal use (typical {usual})",
            "variety of categories",
            decimals=1,
            unknown="No category of theirs is known",
        ),
        "categories",
        lambda things: settled(_entropy(things.meetings.cast("float64")).exp()),
        _CATEGORIES,
    )


def _entropy(meetings: NumericValue) -> NumericValue:
    """In nats: log n - sum(m log m) / n."""
    whole = meetings.sum()
    return whole.ln() - ratio((meetings * meetings.ln()).sum(), whole)


def _main_device() -> Feature:
    return Feature(
        FeatureInfo(
            "main_device",
            "category",
            "device",
            "The device most used so far; of equals the first in the alphabet.",
            "Mostly uses {v} (typical {usual})",
            "device",
            unknown="Has not used a device that is known",
        ),
        "devices",
        lambda things: things.thing.min(where=things.meetings == things.most),
        _DEVICES,
    )


def _new_items() -> Iterator[Feature]:
    yield Feature(
        FeatureInfo(
            "new_items_90d",
            "number",
            "items",
            "Items met for the first time in the last 90 days.",
            "Tried {v} new items in the last 90 days (typical {usual})",
            "new items",
            90,
        ),
        "items",
        lambda things: count(things.first_age <= 90),
        _ITEMS,
        0.0,
    )
    yield Feature(
        FeatureInfo(
            "new_items_share_90d",
            "number",
            "share",
            "Share of the items of the last 90 days that were new; empty without items.",
            "{v} of the items in the last 90 days were new (typical {usual})",
            "new items",
            90,
            unknown="No item of theirs is known of the last 90 days",
        ),
        "ratios",
        lambda done: ratio(done.new_items_90d, done.items_90d),
        _ITEMS,
    )


INTERACTIONS: Final[tuple[Feature, ...]] = (
    _last_activity(),
    *(_active_days(window) for window in WINDOWS),
    *(_interactions(window) for window in WINDOWS),
    *(_trend(window) for window in ("28d", "90d")),
    *RHYTHM,
    *(_quantity(window) for window in ("90d", "all")),
    _mean_quantity(),
    *(_distinct("items", _ITEMS, window) for window in ("28d", "90d", "365d", "all")),
    *_new_items(),
    _favourite("items", _ITEMS, "item"),
    *(_distinct("categories", _CATEGORIES, window) for window in ("28d", "90d", "365d", "all")),
    _favourite("categories", _CATEGORIES, "category"),
    _spread(),
    *(_distinct("devices", _DEVICES, window) for window in ("28d", "90d", "all")),
    _favourite("devices", _DEVICES, "device"),
    _main_device(),
)
