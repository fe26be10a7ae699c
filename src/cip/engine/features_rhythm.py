"""Features of the rhythm of activity: the gaps between active days, and how dense they are.

They are of the stage "activity": a row is one day of one customer with an interaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cip.engine.feature import Feature, ratio, settled
from cip.types import FeatureInfo

_TOO_FEW: Final = "Too few active days"


def _gaps() -> Iterator[Feature]:
    fact = "rhythm of activity"
    yield Feature(
        FeatureInfo(
            "active_gap_mean_days",
            "number",
            "days",
            "Mean days between neighbouring active days; empty below two.",
            "Is active every {v} days on average (typical {usual})",
            fact,
            decimals=1,
            unknown=f"{_TOO_FEW} for a rhythm yet (typical: every {{usual}} days)",
        ),
        "activity",
        lambda days: days.gap.mean(),
    )
    yield Feature(
        FeatureInfo(
            "active_gap_sd_days",
            "number",
            "days",
            "Spread (standard deviation) of the gaps between active days; empty below three.",
            "The time between active days varies by {v} days (typical {usual})",
            fact,
            decimals=1,
            unknown=f"{_TOO_FEW} for a rhythm yet (typical: varies by {{usual}} days)",
        ),
        "activity",
        lambda days: settled(days.gap.cast("float64").std(how="sample")),
    )
    yield Feature(
        FeatureInfo(
            "active_gap_max_days",
            "number",
            "days",
            "Longest gap between neighbouring active days; empty below two.",
            "The longest pause was {v} days (typical {usual})",
            fact,
            unknown=f"{_TOO_FEW} for a pause yet (typical {{usual}} days)",
        ),
        "activity",
        lambda days: days.gap.max(),
    )
    yield Feature(
        FeatureInfo(
            "active_gap_last_days",
            "number",
            "days",
            "Gap between the last two active days; empty below two.",
            "The last two active days were {v} days apart (typical {usual})",
            fact,
            unknown=f"{_TOO_FEW} for a pause yet (typical {{usual}} days)",
        ),
        "activity",
        lambda days: days.gap.argmin(days.age, where=days.gap.notnull()),
    )


def _first_activity() -> Feature:
    return Feature(
        FeatureInfo(
            "first_active_days",
            "number",
            "days",
            "Days from the first day with an interaction to the cutoff; empty without one.",
            "First active {v} days ago (typical {usual})",
            "first activity",
            unknown="No interaction of theirs is known",
        ),
        "activity",
        lambda days: days.age.max(),
    )


def _of_finished() -> Iterator[Feature]:
    yield Feature(
        FeatureInfo(
            "inactive_over_gap",
            "number",
            "times",
            "Days since the last active day over the mean gap: above 1 is overdue.",
            "Has been away {v} times the own usual pause (typical {usual})",
            "last activity",
            decimals=1,
            unknown=f"{_TOO_FEW} for a usual pause yet",
        ),
        "ratios",
        lambda done: ratio(done.inactive_days, done.active_gap_mean_days),
    )
    yield Feature(
        FeatureInfo(
            "interactions_a_day_90d",
            "number",
            "interactions",
            "Interactions for every active day in the last 90 days; empty without one.",
            "{v} interactions on an active day in the last 90 days (typical {usual})",
            "intensity",
            90,
            decimals=1,
            unknown="Was not active in the last 90 days",
        ),
        "ratios",
        lambda done: ratio(done.interactions_90d, done.active_days_90d),
    )
    yield Feature(
        FeatureInfo(
            "recent_active_share_90d",
            "number",
            "share",
            "Share of the active days in the last 90 days that were in the last 28; empty "
            "without one.",
            "{v} of the active days in the last 90 days were in the last 28 (typical {usual})",
            "activity",
            90,
            unknown="Was not active in the last 90 days",
        ),
        "ratios",
        lambda done: ratio(done.active_days_28d, done.active_days_90d),
    )


RHYTHM: Final[tuple[Feature, ...]] = (_first_activity(), *_gaps(), *_of_finished())
