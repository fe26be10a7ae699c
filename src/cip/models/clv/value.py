"""Customer lifetime value: discounted margin of the purchases expected within a horizon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cip.errors import SettingsError
from cip.models.clv.bgnbd import (
    BgNbd,
    expected_purchases_if_active,
    p_alive,
    purchases_if_alive,
)
from cip.models.clv.gamma_gamma import GammaGamma, expected_value
from cip.types import FloatArray, IntArray

PERIOD_DAYS = 30
DAYS_A_YEAR = 365.0


@dataclass(frozen=True, slots=True)
class PurchaseHistory:
    """What the engine knows of n customers at the cutoff; each (n,) float64, times in days.

    `frequency`: purchase days after the first; `recency`: first to last purchase day; `age`: first
    purchase day to the cutoff; `mean_value`: money a purchase day, net of refunds, over all
    purchase days, the first as well.
    """

    frequency: FloatArray
    recency: FloatArray
    age: FloatArray
    mean_value: FloatArray

    def __len__(self) -> int:
        return len(self.frequency)

    @property
    def observations(self) -> FloatArray:
        """(n,): purchase days, the first as well."""
        return self.frequency + 1


@dataclass(frozen=True, slots=True)
class ValueTerms:
    """How purchases become value: over which horizon, at what discount and margin, in what money.

    `discount_rate_yearly` 0.1 means that money in a year is worth 1/1.1 of money today; `margin`
    is the share of spend that is kept.  Raises SettingsError V-201.
    """

    horizon_days: float
    discount_rate_yearly: float
    margin: float
    currency: str

    def __post_init__(self) -> None:
        _require(self.horizon_days > 0, "horizon_days", self.horizon_days, "above 0")
        rate = self.discount_rate_yearly
        _require(0 <= rate <= 10, "discount_rate_yearly", rate, "between 0 and 10 (0.1 is 10 %)")
        _require(0 < self.margin <= 1, "margin", self.margin, "above 0 and at most 1")

    @property
    def daily_rate(self) -> float:
        """The rate of continuous discounting: `exp(-daily_rate * days)`."""
        return float(np.log1p(self.discount_rate_yearly)) / DAYS_A_YEAR


def _require(holds: bool, name: str, seen: float, wanted: str) -> None:
    if not holds:
        raise SettingsError("V-201", f"{name} is {seen}", f"{name} must be {wanted}")


def clv(
    model: BgNbd, spend: GammaGamma, customers: PurchaseHistory, terms: ValueTerms
) -> FloatArray:
    """(n,): expected discounted margin in (cutoff, cutoff + horizon], in the currency of the data.

    Purchases expected in each period of 30 days (the last may be shorter), discounted from the
    middle of the period.  `model` is fitted in days.
    """
    ends = period_ends(terms.horizon_days)
    once, back = _distinct(customers)
    purchases = purchases_if_alive(model, ends[:, None], once[:, 0], once[:, 1])
    alive = p_alive(model, customers.frequency, customers.recency, customers.age)
    return alive * discounted(purchases, ends, terms)[back] * _margin(spend, customers, terms)


def clv_if_retained(
    model: BgNbd,
    spend: GammaGamma,
    customers: PurchaseHistory,
    terms: ValueTerms,
    churn_horizon_days: float,
) -> FloatArray:
    """(n,): the same as `clv`, given a purchase in (cutoff, cutoff + churn_horizon_days].

    Never below `clv`.  It does not depend on recency: who buys again had not left.
    """
    _require(churn_horizon_days > 0, "churn_horizon_days", churn_horizon_days, "above 0")
    ends = period_ends(terms.horizon_days)
    once, back = _distinct(customers)
    purchases = expected_purchases_if_active(
        model, ends[:, None], churn_horizon_days, once[:, 0], once[:, 1]
    )
    return discounted(purchases, ends, terms)[back] * _margin(spend, customers, terms)


def period_ends(horizon_days: float) -> FloatArray:
    """Ends of the periods in days after the cutoff; the last is the horizon itself."""
    whole = np.arange(PERIOD_DAYS, horizon_days, PERIOD_DAYS, dtype=np.float64)
    return np.append(whole, horizon_days)


def discounted(purchases: FloatArray, ends: FloatArray, terms: ValueTerms) -> FloatArray:
    """(n,): purchases (periods, n) expected up to each end, each discounted from mid-period."""
    starts = np.concatenate([[0.0], ends[:-1]])
    worth = np.exp(-terms.daily_rate * (starts + ends) / 2)
    return np.asarray(worth @ np.diff(purchases, axis=0, prepend=0.0))


def _margin(spend: GammaGamma, customers: PurchaseHistory, terms: ValueTerms) -> FloatArray:
    """(n,): margin expected of a purchase day."""
    return terms.margin * expected_value(spend, customers.observations, customers.mean_value)


def _distinct(customers: PurchaseHistory) -> tuple[FloatArray, IntArray]:
    """The distinct pairs of frequency and age, and where each customer's pair stands."""
    pairs = np.column_stack([customers.frequency, customers.age])
    once, back = np.unique(pairs, axis=0, return_inverse=True)
    return once, back.astype(np.int64)
