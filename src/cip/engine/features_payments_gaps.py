"""Features of the rhythm of payments: the gaps between purchase days.

A row of the stage "payments" is as `cip.engine.features_payments` says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cip.engine.feature import Feature, ratio, settled
from cip.types import FeatureInfo

_TOO_FEW: Final = "Too few purchase days"


def _gaps() -> Iterator[Feature]:
    yield Feature(
        FeatureInfo(
            "gap_mean_days",
            "number",
            "days",
            "Mean days between neighbouring purchase days; empty below two.",
            "Buys every {v} days on average (typical {usual})",
            "rhythm",
            unknown=f"{_TOO_FEW} for a rhythm yet (typical: every {{usual}} days)",
        ),
        "payments",
        lambda days: days.gap.mean(),
    )
    yield Feature(
        FeatureInfo(
            "gap_sd_days",
            "number",
            "days",
            "Spread (standard deviation) of the gaps between purchase days; empty below three.",
            "The time between purchases varies by {v} days (typical {usual})",
            "rhythm",
            decimals=1,
            unknown=f"{_TOO_FEW} for a rhythm yet (typical: varies by {{usual}} days)",
        ),
        "payments",
        lambda days: settled(days.gap.cast("float64").std(how="sample")),
    )
    yield Feature(
        FeatureInfo(
            "gap_max_days",
            "number",
            "days",
            "Longest gap between neighbouring purchase days.",
            "The longest pause between purchases was {v} days (typical {usual})",
            "rhythm",
            unknown=f"{_TOO_FEW} for a pause yet (typical {{usual}} days)",
        ),
        "payments",
        lambda days: days.gap.max(),
    )
    yield Feature(
        FeatureInfo(
            "gap_last_days",
            "number",
            "days",
            "Gap between the last two purchase days.",
            "The last two purchases were {v} days apart (typical {usual})",
            "rhythm",
            unknown=f"{_TOO_FEW} for a pause yet (typical {{usual}} days)",
        ),
        "payments",
        lambda days: days.gap.argmin(days.age, where=days.gap.notnull()),
    )


def _overdue() -> Feature:
    return Feature(
        FeatureInfo(
            "recency_over_gap",
            "number",
            "times",
            "Days since the last purchase over the mean gap: above 1 is overdue.",
            "Has waited {v} times the own usual gap (typical {usual})",
            "last purchase",
            decimals=1,
            unknown=f"{_TOO_FEW} for a usual gap yet",
        ),
        "ratios",
        lambda done: ratio(done.recency_days, done.gap_mean_days),
    )


GAPS: Final[tuple[Feature, ...]] = (*_gaps(), _overdue())
