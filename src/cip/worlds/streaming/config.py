"""What a simulated streaming service may be set to, and the plans it sells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from cip.errors import SettingsError

PLANS: Final = ("Basic", "Standard", "Premium")
PRICES: Final = (7.99, 12.99, 17.99)
PLAN_SHARES: Final = (0.35, 0.45, 0.20)

DAY: Final = 86_400  # seconds
MONTH: Final = 30 * DAY  # a paid month
WEEK: Final = 7 * DAY  # new titles come out at the start of a week
RETRIES: Final = (0, 3 * DAY, 7 * DAY)  # when a payment is tried, after it is due

_MOST_TITLES = 3_000  # more would run out of names
_FEWEST_TITLES = 50
_LONGEST_DAYS = 3_650


@dataclass(frozen=True, slots=True)
class Hazard:
    """Log-odds of cancelling at the end of a paid month: the sum of these.

    `base`; `dissatisfaction` times minus the month's satisfaction; `fall` times the log of usual
    over this month's sessions; `failed_payment` times the month's failed attempts; `newness` times
    exp(-months of the spell already over / 3); `plan`, one number a plan.
    """

    base: float = -4.2
    dissatisfaction: float = 0.85
    fall: float = 0.9
    failed_payment: float = 0.8
    newness: float = 0.8
    plan: tuple[float, float, float] = (0.25, 0.0, -0.2)


@dataclass(frozen=True, slots=True)
class StreamingConfig:
    """Size, seed and true parameters; money in one currency.

    `joining_share`: everyone signs up within this share of the days.  `sessions_a_month`: the mean
    customer's, at satisfaction 0.  `churn_signal` scales every driver of the hazard but its base;
    at 0 nobody's cancelling can be foreseen.  `p_payment_fails`: the first attempt, mean over
    customers.  `p_return`: a month, after a spell has ended.  `rate_share`, `search_share`: of
    sessions.  `refund_share`: of payments.  `p_follow`: the next part is played after a part.
    `p_rewatch`: a title already seen is accepted when drawn.  Satisfaction: `level_spread`,
    `innovation` are standard deviations, `persistence` is the autoregression a month.
    `taste_spread`: standard deviation of taste on each axis; at 0 only popularity counts.
    Raises SettingsError W-102.
    """

    customers: int = 5_000
    days: int = 730
    seed: int = 7
    start: str = "2023-07-01"
    titles: int = 1_200
    joining_share: float = 0.85
    sessions_a_month: float = 7.0
    churn_signal: float = 1.0
    hazard: Hazard = field(default_factory=Hazard)
    level_spread: float = 0.5
    persistence: float = 0.75
    innovation: float = 0.65
    taste_spread: float = 1.2
    p_payment_fails: float = 0.03
    p_return: float = 0.02
    rate_share: float = 0.07
    search_share: float = 0.15
    refund_share: float = 0.003
    p_follow: float = 0.35
    p_rewatch: float = 0.01
    missing_age_share: float = 0.08

    def __post_init__(self) -> None:
        wrong = [*_beyond_limits(self), *_not_shares(self), *_not_a_date(self.start)]
        if wrong:
            message = f"the simulated streaming service cannot have {', '.join(wrong)}"
            raise SettingsError("W-102", message, "see StreamingConfig")

    @property
    def seconds(self) -> int:
        """Length of the simulated time."""
        return self.days * DAY


def _beyond_limits(config: StreamingConfig) -> list[str]:
    limits: dict[str, tuple[float, float]] = {
        "customers": (1, np.inf),
        "days": (1, _LONGEST_DAYS),
        "titles": (_FEWEST_TITLES, _MOST_TITLES),
        "sessions_a_month": (0, 1_000),
        "churn_signal": (0, 3),
        "level_spread": (0, 3),
        "innovation": (0, 3),
        "taste_spread": (0, 3),
    }
    return [
        f"{name} = {getattr(config, name)} (from {low:g} to {high:g})"
        for name, (low, high) in limits.items()
        if not low <= getattr(config, name) <= high
    ]


def _not_shares(config: StreamingConfig) -> list[str]:
    shares = (
        "joining_share", "persistence", "p_payment_fails", "p_return", "rate_share",
        "search_share", "refund_share", "p_follow", "p_rewatch", "missing_age_share",
    )  # fmt: skip
    return [
        f"{name} = {getattr(config, name)} (from 0 to below 1)"
        for name in shares
        if not 0 <= getattr(config, name) < 1
    ]


def _not_a_date(start: str) -> list[str]:
    try:
        np.datetime64(start, "us")
    except ValueError:
        return [f"start = {start!r} (a date such as 2023-07-01)"]
    return []
