"""Features of interactions kind by kind: plays, ratings, searches, what was shown and clicked.

A row of the stage "kinds" is what became known on one day of one customer's interactions of one
kind on another: `age`, `known_day`, `kind`, `interactions`, `weekend` and, where values are mapped,
`value` (their sum) and `valued` (how many interactions have one).  A play's value is minutes, a
rating's is stars.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ibis.expr.types import BooleanValue, NumericValue, Table

from cip import columns as c
from cip.engine.feature import SPAN_WORDS, WINDOWS, Feature, Stage, count, ratio, total, within
from cip.types import FeatureInfo

_MORE_THAN_ANY_DAY: Final = 1_000_000

KINDS: Final = ("play", "rate", "search", "impression", "click", "payment_failed")


def kind_needed(kind: str) -> str:
    """What a feature of one kind needs: that the data hold it."""
    return f"kind {kind}"


def _of(rows: Table, kind: str) -> BooleanValue:
    return rows[c.KIND] == kind


def _feature(
    info: FeatureInfo,
    kind: str,
    value: Callable[[Table], NumericValue],
    *,
    needs: tuple[str, ...] = (),
    empty: float | None = None,
    stage: Stage = "kinds",
) -> Feature:
    return Feature(info, stage, value, frozenset({kind_needed(kind), *needs}), empty)


def _count(kind: str, name: str, sentence: str, fact: str, window: str) -> Feature:
    days, span = WINDOWS[window], SPAN_WORDS[window]
    return _feature(
        FeatureInfo(
            f"{name}_{window}",
            "number",
            "times",
            f"Interactions of kind {kind} {span}.",
            f"{sentence} {span} (typical {{usual}})",
            fact,
            days,
        ),
        kind,
        lambda rows: total(rows.interactions, within(rows, days) & _of(rows, kind)),
        empty=0.0,
    )


def _counts() -> Iterator[Feature]:
    for window in ("28d", "90d", "365d", "all"):
        yield _count("play", "plays", "Played {v} times", "plays", window)
    for window in ("90d", "all"):
        yield _count("rate", "ratings", "Rated {v} titles", "ratings", window)
    for window in ("28d", "90d"):
        yield _count("search", "searches", "Searched {v} times", "searches", window)
    yield _count("impression", "impressions", "Was shown {v} titles", "what was shown", "90d")
    yield _count("click", "clicks", "Clicked {v} shown titles", "what was shown", "90d")
    failed = "Had {v} failed payments"
    yield _count("payment_failed", "failed_payments", failed, "failed payments", "28d")


def _last_play() -> Feature:
    return _feature(
        FeatureInfo(
            "last_play_days",
            "number",
            "days",
            "Days from the last day with a play to the cutoff; undefined without one.",
            "Last watched {v} days ago (typical {usual})",
            "last play",
        ),
        "play",
        lambda rows: rows.age.min(where=_of(rows, "play")),
    )


def _minutes_in(rows: Table, days: int | None, skip: int = 0) -> NumericValue:
    return total(rows.value, within(rows, days, skip) & _of(rows, "play"))


def _minutes(window: str) -> Feature:
    days = WINDOWS[window]
    return _feature(
        FeatureInfo(
            f"minutes_{window}",
            "number",
            "minutes",
            f"Minutes played {SPAN_WORDS[window]}; plays of unknown length count 0.",
            f"Watched {{v}} minutes {SPAN_WORDS[window]} (typical {{usual}})",
            "minutes",
            days,
        ),
        "play",
        lambda rows: _minutes_in(rows, days),
        needs=(c.VALUE,),
        empty=0.0,
    )


def _more_minutes() -> Iterator[Feature]:
    yield _feature(
        FeatureInfo(
            "mean_minutes_90d",
            "number",
            "minutes",
            "Minutes of a play in the last 90 days, of those with a known length; undefined "
            "without one.",
            "Watched {v} minutes at a time in the last 90 days (typical {usual})",
            "length of a play",
            90,
        ),
        "play",
        lambda rows: ratio(
            _minutes_in(rows, 90), total(rows.valued, within(rows, 90) & _of(rows, "play"))
        ),
        needs=(c.VALUE,),
    )
    yield _feature(
        FeatureInfo(
            "minutes_trend_28d",
            "number",
            "minutes",
            "Minutes played in the last 28 days less those in the 28 days before.",
            "Minutes watched changed by {v} in the last 28 days against the 28 days before "
            "(typical {usual})",
            "minutes",
            56,
        ),
        "play",
        lambda rows: _minutes_in(rows, 28) - _minutes_in(rows, 28, skip=28),
        needs=(c.VALUE,),
        empty=0.0,
    )


def _what_is_played() -> Iterator[Feature]:
    yield _feature(
        FeatureInfo(
            "played_items_90d",
            "number",
            "items",
            "Distinct items played in the last 90 days.",
            "Watched {v} different titles in the last 90 days (typical {usual})",
            "variety of plays",
            90,
        ),
        "play",
        lambda things: count(things.played_age <= 90),
        needs=(c.ITEM_ID,),
        empty=0.0,
        stage="items",
    )
    yield _feature(
        FeatureInfo(
            "top_played_category_share_all",
            "number",
            "share",
            "Share of the plays so far that were of the most played category; undefined without.",
            "{v} of all plays were of one category (typical {usual})",
            "variety of plays",
        ),
        "play",
        lambda things: ratio(things.plays.max(), things.plays.sum()),
        needs=(c.ITEM_ID, c.CATEGORY),
        stage="categories",
    )
    yield _feature(
        FeatureInfo(
            "weekend_plays_share_all",
            "number",
            "share",
            "Share of the plays so far that were on a Saturday or Sunday, UTC.",
            "{v} of all plays were at a weekend (typical {usual})",
            "weekend plays",
        ),
        "play",
        lambda rows: ratio(
            total(rows.interactions, _of(rows, "play") & rows.weekend),
            total(rows.interactions, _of(rows, "play")),
        ),
    )


def _stars() -> Iterator[Feature]:
    yield _feature(
        FeatureInfo(
            "mean_stars_all",
            "number",
            "stars",
            "Mean stars of all ratings so far; undefined without one.",
            "Gave {v} stars on average (typical {usual})",
            "stars",
            decimals=1,
        ),
        "rate",
        lambda rows: ratio(
            total(rows.value, _of(rows, "rate")), total(rows.valued, _of(rows, "rate"))
        ),
        needs=(c.VALUE,),
    )
    yield _feature(
        FeatureInfo(
            "last_stars",
            "number",
            "stars",
            "Mean stars of the ratings on the last day with one; of those the ones known last.",
            "Gave {v} stars the last time (typical {usual})",
            "stars",
            decimals=1,
        ),
        "rate",
        lambda rows: ratio(rows.value, rows.valued).argmin(
            rows.age * _MORE_THAN_ANY_DAY - rows.known_day,
            where=_of(rows, "rate") & (rows.valued > 0),
        ),
        needs=(c.VALUE,),
    )


def _click_share() -> Feature:
    return Feature(
        FeatureInfo(
            "click_share_90d",
            "number",
            "share",
            "Share of what was shown in the last 90 days that was clicked; one thing shown is one "
            "interaction, of kind click or of kind impression.",
            "Clicked {v} of what was shown in the last 90 days (typical {usual})",
            "what was shown",
            90,
        ),
        "ratios",
        lambda done: ratio(done.clicks_90d, done.clicks_90d + done.impressions_90d),
        frozenset({kind_needed("impression"), kind_needed("click")}),
    )


OF_KINDS: Final[tuple[Feature, ...]] = (
    *_counts(),
    _last_play(),
    *(_minutes(window) for window in ("28d", "90d")),
    *_more_minutes(),
    *_what_is_played(),
    *_stars(),
    _click_share(),
)
