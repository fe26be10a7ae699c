"""A few features that say who a customer is: plan, price, since when, how much they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from cip.faces.dashboard.formats import amount, day
from cip.faces.dashboard.parts.values import is_unknown
from cip.wording import count, singular

Summary = Mapping[str, Any]
_Words = Callable[[float, Summary], str]


def _price(value: float, summary: Summary) -> str:
    return f"{value:,.2f} {summary['workspace']['currency']}"


def _money(value: float, summary: Summary) -> str:
    return amount(value, summary["workspace"]["currency"])


def _since(days: float, summary: Summary) -> str:
    return day((datetime.fromisoformat(summary["calendar"]["score"]) - timedelta(days)).isoformat())


def _number(unit: str, decimals: int = 0) -> _Words:
    def words(value: float, summary: Summary) -> str:  # noqa: ARG001 - as the others
        return singular(f"{count(value) if not decimals else f'{value:.{decimals}f}'} {unit}")

    return words


_TOLD: Final[tuple[tuple[str, str, _Words], ...]] = (
    ("current_plan", "Plan", lambda value, _: str(value)),
    ("current_price", "Price a month", _price),
    ("spell_months", "Subscribed for", _number("months")),
    ("tenure_days", "First purchase", _since),
    ("first_active_days", "First active", _since),
    ("spend_365d", "Spent in 365 days", _money),
    ("minutes_90d", "Watched in 90 days", _number("minutes")),
    ("mean_stars_all", "Stars given, mean", _number("stars", 1)),
)
"""Feature, what it is called here, and how its value is said."""

PAID: Final = {"First purchase": "First payment"}
"""What it is called of customers who pay for a subscription."""


def pairs(features: Mapping[str, Any], summary: Summary) -> list[tuple[str, str]]:
    """What is known of these, in this order; what the run does not have is left out."""
    subscribes = "spell_months" in features
    return [
        (PAID.get(name, name) if subscribes else name, words(features[feature], summary))
        for feature, name, words in _TOLD
        if not is_unknown(features.get(feature))
    ]
