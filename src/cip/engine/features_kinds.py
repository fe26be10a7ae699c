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

KINDS: Final = ("play", "rate", "search", "impression", "click", "payment_failed")


def kind_needed(kind: str) -> str:
    """What a feature of one kind needs: that the data hold it."""
    return f"kind {kind}"


def table_needed(table: str) -> str:
    """What a feature of another table too needs: that it was loaded."""
    return f"table {table}"


def of_kind(rows: Table, kind: str) -> BooleanValue:
    """Which rows of the stage "kinds" are of this kind."""
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
        lambda rows: total(rows.interactions, within(rows, days) & of_kind(rows, kind)),
        empty=0.0,
    )


def _counts() -> Iterator[Feature]:
    for window in WINDOWS:
        yield _count("play", "plays", "Played {v} times", "plays", window)
    for window in ("90d", "365d", "all"):
        yield _count("rate", "ratings", "Rated {v} titles", "ratings", window)
    for window in WINDOWS:
        yield _count("search", "searches", "Searched {v} times", "searches", window)
    for window in ("28d", "90d", "all"):
        yield _count("impression", "impressions", "Was shown {v} titles", "what was shown", window)
    for window in ("28d", "90d", "all"):
        yield _count("click", "clicks", "Clicked {v} shown titles", "what was shown", window)
    for window in ("28d", "90d", "365d", "all"):
        failed = "Had {v} failed payments"
        yield _count("payment_failed", "failed_payments", failed, "failed payments", window)


def _last(kind: str, name: str, thing: str, sentence: str, never: str) -> Feature:
    return _feature(
        FeatureInfo(
            f"last_{name}_days",
            "number",
            "days",
            f"Days from the last day with a {thing} to the cutoff; empty without one.",
            f"{sentence} {{v}} days ago (typical {{usual}})",
            f"last {thing}",
            unknown=never,
        ),
        kind,
        lambda rows: rows.age.min(where=of_kind(rows, kind)),
    )


def _last_of_kinds() -> Iterator[Feature]:
    yield _last("play", "play", "play", "Last watched", "Has never watched anything")
    yield _last("rate", "rating", "rating", "Last rated", "Has never rated anything")
    yield _last("search", "search", "search", "Last searched", "Has never searched")
    clicked, never = "Last clicked what was shown", "Has never clicked what was shown"
    yield _last("click", "click", "click", clicked, never)
    failed, never = "Last failed to pay", "Has never failed to pay"
    yield _last("payment_failed", "failed_payment", "failed payment", failed, never)


def _trend(kind: str, name: str, fact: str) -> Feature:
    return _feature(
        FeatureInfo(
            f"{name}_trend_28d",
            "number",
            "times",
            f"Interactions of kind {kind} in the last 28 days less those in the 28 days before.",
            f"{name.capitalize()} changed by {{v}} in the last 28 days against the 28 days before "
            "(typical {usual})",
            fact,
            56,
        ),
        kind,
        lambda rows: (
            total(rows.interactions, within(rows, 28) & of_kind(rows, kind))
            - total(rows.interactions, within(rows, 28, skip=28) & of_kind(rows, kind))
        ),
        empty=0.0,
    )


def _minutes_in(rows: Table, days: int | None, skip: int = 0) -> NumericValue:
    return total(rows.value, within(rows, days, skip) & of_kind(rows, "play"))


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
            "Minutes of a play in the last 90 days, of those with a known length; empty "
            "without one.",
            "Watched {v} minutes at a time in the last 90 days (typical {usual})",
            "length of a play",
            90,
            unknown="Has watched nothing of a known length in the last 90 days",
        ),
        "play",
        lambda rows: ratio(
            _minutes_in(rows, 90), total(rows.valued, within(rows, 90) & of_kind(rows, "play"))
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
            "Share of the plays so far that were of the most played category; empty without.",
            "{v} of all plays were of one category (typical {usual})",
            "variety of plays",
            unknown="Has watched nothing of a known category so far",
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
            "Share of the plays so far that were on a Saturday or Sunday.",
            "{v} of all plays were at a weekend (typical {usual})",
            "weekend plays",
            unknown="Has never watched anything",
        ),
        "play",
        lambda rows: ratio(
            total(rows.interactions, of_kind(rows, "play") & rows.weekend),
            total(rows.interactions, of_kind(rows, "play")),
        ),
    )


def _click_share(window: str) -> Feature:
    days, span = WINDOWS[window], SPAN_WORDS[window]
    return Feature(
        FeatureInfo(
            f"click_share_{window}",
            "number",
            "share",
            f"Share of what was shown {span} that was clicked; one thing shown is one "
            "interaction, of kind click or of kind impression.",
            f"Clicked {{v}} of what was shown {span} (typical {{usual}})",
            "what was shown",
            days,
            unknown=f"Was shown nothing {span}",
        ),
        "ratios",
        lambda done: ratio(
            done[f"clicks_{window}"], done[f"clicks_{window}"] + done[f"impressions_{window}"]
        ),
        frozenset({kind_needed("impression"), kind_needed("click")}),
    )


def _of_finished() -> Iterator[Feature]:
    for window in ("90d", "all"):
        yield _click_share(window)
    yield Feature(
        FeatureInfo(
            "minutes_a_day_28d",
            "number",
            "minutes",
            "Minutes played for every active day in the last 28 days; empty without one.",
            "Watched {v} minutes on an active day in the last 28 days (typical {usual})",
            "intensity",
            28,
            unknown="Was not active in the last 28 days",
        ),
        "ratios",
        lambda done: ratio(done.minutes_28d, done.active_days_28d),
        frozenset({kind_needed("play"), c.VALUE}),
    )
    yield Feature(
        FeatureInfo(
            "searches_a_play_90d",
            "number",
            "searches",
            "Searches for every play in the last 90 days; empty without a play.",
            "Searched {v} times for every play in the last 90 days (typical {usual})",
            "searches",
            90,
            decimals=1,
            unknown="Has watched nothing in the last 90 days",
        ),
        "ratios",
        lambda done: ratio(done.searches_90d, done.plays_90d),
        frozenset({kind_needed("play"), kind_needed("search")}),
    )
    yield Feature(
        FeatureInfo(
            "failed_payments_share_365d",
            "number",
            "share",
            "Share of the attempts to pay in the last 365 days that failed; empty without one.",
            "{v} of the payments in the last 365 days failed (typical {usual})",
            "failed payments",
            365,
            unknown="Has not tried to pay in the last 365 days",
        ),
        "ratios",
        lambda done: ratio(
            done.failed_payments_365d, done.failed_payments_365d + done.purchases_365d
        ),
        frozenset({kind_needed("payment_failed"), table_needed("transactions")}),
    )


OF_KINDS: Final[tuple[Feature, ...]] = (
    *_counts(),
    *_last_of_kinds(),
    _trend("play", "plays", "plays"),
    _trend("search", "searches", "searches"),
    *(_minutes(window) for window in WINDOWS),
    *_more_minutes(),
    *_what_is_played(),
    *_of_finished(),
)
