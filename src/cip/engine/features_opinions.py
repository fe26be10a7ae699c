"""Features of what customers say: stars of ratings, and how glad their words are.

Stars are of the stage "kinds".  A row of the stage "sentiment" is what became known on one day of
one customer's words of another, on whatever kind of interaction: `age`, `known_day`, `sentiment`
(the sum of figures between 0, angry, and 1, delighted), `told` (how many they are) and `negative`
(how many lie below 0.5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ibis.expr.types import IntegerValue, NumericValue, Table

from cip import columns as c
from cip.engine.feature import SPAN_WORDS, WINDOWS, Feature, Stage, ratio, total, within
from cip.engine.features_kinds import kind_needed, of_kind
from cip.types import FeatureInfo

_MORE_THAN_ANY_DAY: Final = 1_000_000
_STARS: Final = frozenset({kind_needed("rate"), c.VALUE})
_SENTIMENT: Final = frozenset({c.SENTIMENT})


def _oldest_last(rows: Table) -> IntegerValue:
    """Orders days by when they were, and what is known of a day by when it became known."""
    return rows.age * _MORE_THAN_ANY_DAY - rows.known_day


def _mean_stars(window: str) -> Feature:
    days, span = WINDOWS[window], SPAN_WORDS[window]
    return Feature(
        FeatureInfo(
            f"mean_stars_{window}",
            "number",
            "stars",
            f"Mean stars of the ratings {span}; empty without one.",
            f"Gave {{v}} stars on average {span} (typical {{usual}})",
            "stars",
            days,
            decimals=1,
            unknown=f"Gave no stars {span}",
        ),
        "kinds",
        lambda rows: ratio(
            total(rows.value, of_kind(rows, "rate") & within(rows, days)),
            total(rows.valued, of_kind(rows, "rate") & within(rows, days)),
        ),
        _STARS,
    )


def _last_stars() -> Feature:
    return Feature(
        FeatureInfo(
            "last_stars",
            "number",
            "stars",
            "Mean stars of the ratings on the last day with one; of those the ones known last.",
            "Gave {v} stars the last time (typical {usual})",
            "stars",
            decimals=1,
            unknown="Has never given stars",
        ),
        "kinds",
        lambda rows: ratio(rows.value, rows.valued).argmin(
            _oldest_last(rows), where=of_kind(rows, "rate") & (rows.valued > 0)
        ),
        _STARS,
    )


def _sentiment(
    info: FeatureInfo,
    value: Callable[[Table], NumericValue],
    *,
    empty: float | None = None,
    stage: Stage = "sentiment",
) -> Feature:
    return Feature(info, stage, value, _SENTIMENT, empty)


def _told(window: str) -> Feature:
    days, span = WINDOWS[window], SPAN_WORDS[window]
    return _sentiment(
        FeatureInfo(
            f"opinions_{window}",
            "number",
            "opinions",
            f"Interactions with words whose sentiment is known {span}.",
            f"Wrote {{v}} opinions {span} (typical {{usual}})",
            "opinions",
            days,
        ),
        lambda rows: total(rows.told, within(rows, days)),
        empty=0.0,
    )


def _mean_sentiment(window: str) -> Feature:
    days, span = WINDOWS[window], SPAN_WORDS[window]
    return _sentiment(
        FeatureInfo(
            f"mean_sentiment_{window}",
            "number",
            "sentiment",
            f"Mean sentiment of the words written {span}, from 0 (angry) to 1 (delighted); "
            "empty without any.",
            f"Wrote with sentiment {{v}} {span}, 0 angry to 1 delighted (typical {{usual}})",
            "sentiment",
            days,
            decimals=2,
            unknown=f"Wrote no opinion {span}",
        ),
        lambda rows: ratio(
            total(rows.sentiment, within(rows, days)), total(rows.told, within(rows, days))
        ),
    )


def _of_sentiment() -> Iterator[Feature]:
    yield _sentiment(
        FeatureInfo(
            "last_opinion_days",
            "number",
            "days",
            "Days from the last day with words whose sentiment is known to the cutoff; empty "
            "without any.",
            "Last wrote an opinion {v} days ago (typical {usual})",
            "opinions",
            unknown="Has never written an opinion",
        ),
        lambda rows: rows.age.min(),
    )
    yield _sentiment(
        FeatureInfo(
            "last_sentiment",
            "number",
            "sentiment",
            "Mean sentiment on the last day with words; of those the ones known last.",
            "Last wrote with sentiment {v}, 0 angry to 1 delighted (typical {usual})",
            "sentiment",
            decimals=2,
            unknown="Has never written an opinion",
        ),
        lambda rows: ratio(rows.sentiment, rows.told).argmin(_oldest_last(rows)),
    )
    yield _sentiment(
        FeatureInfo(
            "negative_share_all",
            "number",
            "share",
            "Share of the words written so far with a sentiment below 0.5; empty without any.",
            "{v} of the opinions so far were negative (typical {usual})",
            "sentiment",
            unknown="Has never written an opinion",
        ),
        lambda rows: ratio(rows.negative.sum(), rows.told.sum()),
    )
    yield _sentiment(
        FeatureInfo(
            "sentiment_change",
            "number",
            "sentiment",
            "Sentiment of the last day with words less the mean so far.",
            "The sentiment of the last opinion was {v} against the own mean (typical {usual})",
            "sentiment",
            decimals=2,
            unknown="Has never written an opinion",
        ),
        lambda done: done.last_sentiment - done.mean_sentiment_all,
        stage="ratios",
    )


OPINIONS: Final[tuple[Feature, ...]] = (
    *(_mean_stars(window) for window in ("90d", "all")),
    _last_stars(),
    *(_told(window) for window in ("90d", "365d", "all")),
    *(_mean_sentiment(window) for window in ("90d", "365d", "all")),
    *_of_sentiment(),
)
