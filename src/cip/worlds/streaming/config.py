"""What a simulated streaming service may be set to, and the plans it sells.

The defaults are frozen: docs/decisions/0016-worlds.md holds the same numbers, and a test compares.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal, get_args

import numpy as np

from cip.errors import SettingsError
from cip.types import FloatArray, IntArray

Regime = Literal["none", "moderate", "sleeping_dogs"]

PLANS: Final = ("Basic", "Standard", "Premium")
PRICES: Final = (7.99, 12.99, 17.99)  # from the start on
PLAN_SHARES: Final = (0.35, 0.45, 0.20)

DAY: Final = 86_400  # seconds
MONTH: Final = 30 * DAY  # a paid month
WEEK: Final = 7 * DAY  # new titles come out at the start of a week
RETRIES: Final = (0, 3 * DAY, 7 * DAY)  # when a payment is tried, after it is due
HORIZON: Final = 2 * MONTH  # a voucher works so long, and its effect is stated over it

_MOST_TITLES = 3_000  # more would run out of names
_FEWEST_TITLES = 50
_LONGEST_DAYS = 3_650


@dataclass(frozen=True, slots=True)
class Hazard:
    """Log-odds of cancelling at the end of a paid month: the sum of these.

    `base`; `dissatisfaction` times minus the month's satisfaction; `fall` times the log of usual
    over this month's sessions; `failed_payment` times the month's failed attempts; `newness` times
    exp(-months of the spell already over / 3); `plan`, one number a plan; `kept_price` times minus
    the log of the list price over the spell's own: who would pay more after coming back stays.
    """

    base: float = -4.35
    dissatisfaction: float = 1.05
    fall: float = 0.9
    failed_payment: float = 0.8
    newness: float = 0.8
    plan: tuple[float, float, float] = (0.25, 0.0, -0.2)
    kept_price: float = 2.0


@dataclass(frozen=True, slots=True)
class PriceRise:
    """List prices, one a plan, for spells that begin on this day after the start or later."""

    day: int
    prices: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Campaigns:
    """Vouchers that are offered at 00:00 of each of `days` after the start.

    Everyone with a running spell takes part; each is treated with `p_treated`, the others are the
    control.  `plan` and `dozing` are log-odds of cancelling that a voucher adds, times the
    customer's own `Persons.responds`, to each decision after the offer and within `HORIZON`:
    `plan`, one number a plan; `dozing` in its place for customers who had fewer than `dozing_below`
    usual sessions a month, in the regime `sleeping_dogs` only.  In the regime `none` a voucher adds
    nothing.  A campaign whose horizon runs past the simulated time is not held.
    """

    days: tuple[int, ...] = (330, 540)
    p_treated: float = 0.5
    voucher_cost: float = 3.0
    plan: tuple[float, float, float] = (-0.9, -0.6, -0.4)
    dozing: float = 0.9
    dozing_below: float = 3.0


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
    `shown_share`: of sessions that begin with a row of shown titles.  `click_base`, `click_taste`:
    log-odds of a click at usual appeal, and for a standard deviation of it.  `p_looks_on`: from one
    place of the row to the next.  Raises SettingsError W-102.
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
    price_rises: tuple[PriceRise, ...] = (PriceRise(400, (9.49, 14.99, 20.99)),)
    regime: Regime = "moderate"
    campaigns: Campaigns = field(default_factory=Campaigns)
    level_spread: float = 0.7
    persistence: float = 0.85
    innovation: float = 0.52
    taste_spread: float = 1.2
    p_payment_fails: float = 0.03
    p_return: float = 0.02
    rate_share: float = 0.07
    search_share: float = 0.15
    refund_share: float = 0.003
    p_follow: float = 0.35
    p_rewatch: float = 0.01
    missing_age_share: float = 0.08
    shown_share: float = 0.05
    click_base: float = -2.0
    click_taste: float = 0.8
    p_looks_on: float = 0.7

    def __post_init__(self) -> None:
        wrong = [
            *_beyond_limits(self),
            *_not_shares(self),
            *_not_a_date(self.start),
            *_not_an_offer(self),
        ]
        if wrong:
            message = f"the simulated streaming service cannot have {', '.join(wrong)}"
            raise SettingsError("W-102", message, "see StreamingConfig")

    @property
    def seconds(self) -> int:
        """Length of the simulated time."""
        return self.days * DAY

    @property
    def offered(self) -> IntArray:
        """Seconds after the start at which the campaigns that are held are; rising."""
        held = [day * DAY for day in self.campaigns.days]
        return np.array([at for at in held if at + HORIZON <= self.seconds], dtype=np.int64)


def list_price(config: StreamingConfig, second: IntArray, plan: IntArray) -> FloatArray:
    """What a month of a plan costs for a spell that begins at a second after the start."""
    prices = np.array([PRICES, *(rise.prices for rise in config.price_rises)])
    rises = [rise.day * DAY for rise in config.price_rises]
    return np.asarray(prices[np.searchsorted(rises, second, side="right"), plan])


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
        "search_share", "refund_share", "p_follow", "p_rewatch", "missing_age_share", "shown_share",
        "p_looks_on",
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


def _not_an_offer(config: StreamingConfig) -> list[str]:
    """Campaigns must not overlap, and prices change in order of time."""
    held, rises = config.campaigns, [rise.day for rise in config.price_rises]
    near = any((b - a) * DAY < HORIZON for a, b in pairwise(held.days))
    checks = (
        (config.regime in get_args(Regime), f"regime = {config.regime!r} {get_args(Regime)}"),
        (0 < held.p_treated < 1, f"p_treated = {held.p_treated} (above 0 and below 1)"),
        (not near, f"campaign days = {held.days} (60 or more apart)"),
        (all(a < b for a, b in pairwise(rises)), f"price_rises on days {rises} (rising)"),
    )
    return [said for holds, said in checks if not holds]
