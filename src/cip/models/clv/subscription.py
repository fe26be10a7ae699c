"""What subscribers are worth: monthly retention by age, and the discounted margin of payments.

Source: Fader and Hardie, "How to project customer retention" (Journal of Interactive Marketing,
2007): the shifted-beta-geometric (sBG).  At the end of every month a customer leaves with their own
probability, theta ~ Beta(alpha, beta).  Who is likely to leave does so first, so retention rises
with age: of those who come to the k-th renewal, alpha / (alpha + beta + k - 1) leave at it.

A spell begins at age 0 and is paid at the start of each month, at the ages 0, 1, 2, ...; the
payment at age k > 0 is the k-th renewal.  Spells are half-open: a subscriber whose age is k to the
instant has taken the k-th renewal, and that payment falls on the cutoff.  Payments count in
[cutoff, cutoff + horizon).  A month has 365/12 days.  What is not in here: spells whose beginning
is unknown, changes of price, customers who come back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import Bounds

from cip.errors import ModelError, SettingsError
from cip.models.clv.futures import over_futures, redrawn
from cip.models.clv.likelihood import Optimum, maximise
from cip.models.clv.value import DAYS_A_YEAR, ValueTerms
from cip.types import BoolArray, Estimate, FloatArray, IntArray
from cip.wording import percent

MONTH_DAYS: Final = DAYS_A_YEAR / 12

_TO_LOGS = np.array([[1.0, 1.0], [0.0, 1.0]])  # of log(alpha / beta) and log(beta)
_BOUNDS = Bounds([-14.0, -7.0], [14.0, 10.0])
_FEWEST_ENDS = 10
_LEAST_GAIN = 0.5  # of log-likelihood; with less, alpha + beta is not known within a factor e
_ALIKE = 1e9  # alpha + beta at which customers do not differ
_MOST_MONTHS = 1200
_TIE = 1e-6  # months, about three seconds: rounding must not move a renewal over a boundary


@dataclass(frozen=True, slots=True)
class Retention:
    """Fitted sBG: `alpha`, `beta`, both above 0; `customers`: the spells it was fitted to.

    `covariance`: (2, 2) of the logarithms of the two, from the Hessian.  `reason` is empty where
    the sBG was fitted; else it says why every customer is taken to leave at one constant monthly
    rate, alpha / (alpha + beta), which is the sBG with alpha + beta at a thousand million.
    """

    alpha: float
    beta: float
    log_likelihood: float
    customers: int
    covariance: FloatArray
    reason: str = ""

    @property
    def parameters(self) -> FloatArray:
        """(2,): alpha, beta."""
        return np.array([self.alpha, self.beta])


def fit_retention(duration_months: ArrayLike, observed: ArrayLike) -> Retention:
    """The likeliest sBG for n spells known from their beginning; both arguments (n,).

    `duration_months` are whole: of a spell that is over (`observed`) the months paid, at least 1;
    of one that runs the renewals taken, 0 in its first month.  After three months and a half the
    first counts 4 and the second 3.  A constant rate, with its `reason`, where fewer than ten
    spells ended, nobody came to a second renewal, or retention is not shown to rise with age.

    Raises ModelError V-107 (impossible durations), V-108 (nobody left, or nobody renewed) or V-101.
    """
    duration, ended = _checked_spells(duration_months, observed)
    left, taken = _renewals(duration, ended)
    constant = _constant(left, taken, len(duration))
    best = None if constant.reason else _fit(left, taken, len(duration))
    if best is None or best.covariance is None:
        why = constant.reason if best is None else best.reason
    elif best.log_likelihood < constant.log_likelihood + _LEAST_GAIN:
        why = "retention is not shown to rise with age"
    else:
        alpha, beta = np.exp(best.theta).tolist()
        return Retention(alpha, beta, best.log_likelihood, len(duration), best.covariance)
    rate = percent(constant.alpha / _ALIKE)
    return replace(constant, reason=f"a constant {rate} are taken to leave each month: {why}")


def survival(model: Retention, months_ahead: ArrayLike, age_months: ArrayLike) -> FloatArray:
    """Probability of subscribing still at age + months ahead, of who subscribes at the age.

    Arguments broadcast and need not be whole: it falls at each renewal, one at the very end as
    well.  Raises ModelError V-109 outside 0 to 1,200 months.
    """
    ahead = _checked_months("months_ahead", months_ahead)
    age = _checked_months("age_months", age_months)
    known, then = _taken(age), _taken(age + ahead)
    survivors = _log_survivors(model, int(then.max(initial=0)))
    return np.asarray(np.exp(survivors[then] - survivors[known]))


def subscription_clv(
    model: Retention, price: ArrayLike, age_months: ArrayLike, terms: ValueTerms
) -> FloatArray:
    """(n,): expected discounted margin of the payments in [cutoff, cutoff + horizon).

    `price`: of a month, (n,) or one for all; `age_months`: (n,), of the running spell at the
    cutoff, 0 for one that begins there (its first payment counts).  NaN where the price is NaN.
    Raises ModelError V-109: a price below 0 or infinite, an age outside 0 to 1,200 months.
    """
    return _Subscribers.checked(price, age_months, terms).expected(model)


def subscription_clv_if_retained(
    model: Retention,
    price: ArrayLike,
    age_months: ArrayLike,
    terms: ValueTerms,
    churn_horizon_days: float,
) -> FloatArray:
    """(n,): the same as `subscription_clv`, given that they stay through the churn horizon.

    They take every renewal within it, and the one at its very end: the event that has probability
    `survival(model, churn_horizon_days / MONTH_DAYS, age)`.  Never below `subscription_clv`.
    """
    stay = _churn_months(churn_horizon_days)
    return _Subscribers.checked(price, age_months, terms, stay).expected(model)


def total_subscription_interval(
    model: Retention,
    price: ArrayLike,
    age_months: ArrayLike,
    terms: ValueTerms,
    *,
    draws: int = 400,
    seed: int = 0,
    level: float = 0.95,
) -> Estimate:
    """The sum of `subscription_clv`, and where the discounted margin really received will lie.

    Each future has parameters drawn from their covariance, and draws how long each customer stays.
    NaN and a reason when a price is NaN.
    """
    who = _Subscribers.checked(price, age_months, terms)
    return _interval(who, model, np.ones(len(who.margin)), draws=draws, seed=seed, level=level)


def total_subscription_loss_interval(
    model: Retention,
    price: ArrayLike,
    age_months: ArrayLike,
    terms: ValueTerms,
    *,
    p_churn: FloatArray,
    churn_horizon_days: float,
    draws: int = 400,
    seed: int = 0,
    level: float = 0.95,
) -> Estimate:
    """The sum of `p_churn * subscription_clv_if_retained`, and where the value lost will lie.

    A future draws who leaves (with `p_churn`, (n,), taken as it is: its own error is not in here)
    and what each of them would have brought had they stayed.  NaN and a reason as above; raises
    ModelError V-109 for a `p_churn` outside 0 to 1.
    """
    who = _Subscribers.checked(price, age_months, terms, _churn_months(churn_horizon_days))
    leaving = np.broadcast_to(np.asarray(p_churn, dtype=np.float64), who.margin.shape)
    _refuse("p_churn", leaving, ~((leaving >= 0) & (leaving <= 1)), "it lies between 0 and 1")
    return _interval(who, model, leaving, draws=draws, seed=seed, level=level)


def _renewals(duration: IntArray, ended: BoolArray) -> tuple[FloatArray, FloatArray]:
    """How many left at the k-th renewal and how many took it; each (months,), k from 1."""
    spells = np.bincount(duration, minlength=2).astype(np.float64)
    left = np.bincount(duration[ended], minlength=len(spells))
    due = np.cumsum(spells[::-1])[::-1]
    return left[1:].astype(np.float64), (due - left)[1:]


def _constant(left: FloatArray, taken: FloatArray, customers: int) -> Retention:
    """The likeliest constant rate; `reason` says why nothing richer can be asked, if so.

    The variance is that of the log-odds of leaving, which log(alpha) carries while beta stands.
    """
    gone, kept = float(left.sum()), float(taken.sum())
    if not (gone and kept):
        raise ModelError(
            "V-108",
            f"subscriptions: in {customers} spells {gone:.0f} customers left and {kept:.0f} "
            "renewals were taken; at least one of each is needed",
            "take a longer history of subscriptions, and the ends of those that are over",
        )
    rate, reason = gone / (gone + kept), ""
    if gone < _FEWEST_ENDS:
        reason = f"{gone:.0f} spells ended, and at least {_FEWEST_ENDS} are needed for more"
    elif len(left) < 2:
        reason = "nobody came to a second renewal"
    log_likelihood = gone * float(np.log(rate)) + kept * float(np.log1p(-rate))
    covariance = np.diag([1 / gone + 1 / kept, 0.0])
    alpha, beta = _ALIKE * rate, _ALIKE * (1 - rate)
    return Retention(alpha, beta, log_likelihood, customers, covariance, reason)


def _fit(left: FloatArray, taken: FloatArray, customers: int) -> Optimum:
    """The likeliest sBG: each renewal is a coin with the odds of its number.

    Sought in log(alpha / beta) and log(beta), because customers who hardly differ tell the first
    and not the second; what comes back is in log(alpha) and log(beta).
    """
    before, due = np.arange(len(left)), left + taken

    def objective(theta: FloatArray) -> tuple[float, FloatArray]:
        alpha, beta = np.exp(_TO_LOGS @ theta)
        here, stay = alpha + beta + before, beta + before
        each = left * np.log(alpha) + taken * np.log(stay) - due * np.log(here)
        slopes = [left - alpha * due / here, beta * (taken / stay - due / here)]
        return -float(each.sum()) / customers, -np.sum(slopes, axis=1) @ _TO_LOGS / customers

    best = maximise(objective, np.zeros(2), _BOUNDS, customers, "retention")
    covariance = best.covariance
    if covariance is not None:
        covariance = _TO_LOGS @ covariance @ _TO_LOGS.T
    return replace(best, theta=_TO_LOGS @ best.theta, covariance=covariance)


def _log_survivors(model: Retention, months: int) -> FloatArray:
    """(months + 1,): log-probability that a spell takes at least k renewals, k from 0."""
    odds = model.alpha / (model.beta + np.arange(months))
    return np.concatenate([[0.0], -np.cumsum(np.log1p(odds))])


def _taken(age: FloatArray) -> IntArray:
    """Renewals taken at an age; the one at that very instant as well."""
    return np.floor(age + _TIE).astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Subscribers:
    """n subscribers and the terms on which their payments count; arrays are (n,).

    `known`: renewals that are certain; `first`: age at the next payment; `payments`: how many fall
    within the horizon if they stay; `margin`: of the first of them, discounted to the cutoff;
    `worth`: (most payments,) of money so many months later, seen from there.
    """

    known: IntArray
    first: IntArray
    payments: IntArray
    margin: FloatArray
    worth: FloatArray
    currency: str

    @classmethod
    def checked(
        cls, price: ArrayLike, age_months: ArrayLike, terms: ValueTerms, stay_months: float = 0.0
    ) -> _Subscribers:
        """Who is certain to stay so many months.  Raises ModelError V-109."""
        age = np.atleast_1d(_checked_months("age_months", age_months))
        paid = np.broadcast_to(np.asarray(price, dtype=np.float64), age.shape)
        _refuse("price", paid, (paid < 0) | np.isinf(paid), "a price is 0 or more, NaN if unknown")
        first = np.ceil(age - _TIE).astype(np.int64)
        wait = first - age
        room = np.maximum(terms.horizon_days / MONTH_DAYS - wait - _TIE, 0)
        payments = np.ceil(room).astype(np.int64)
        monthly = terms.daily_rate * MONTH_DAYS
        margin = terms.margin * paid * np.exp(-monthly * wait)
        worth = np.exp(-monthly * np.arange(int(payments.max(initial=0))))
        return cls(_taken(age + stay_months), first, payments, margin, worth, terms.currency)

    def survivors(self, model: Retention) -> FloatArray:
        """Log-probabilities up to the oldest age that matters."""
        last = int(self.first.max(initial=0)) + len(self.worth)
        return _log_survivors(model, max(last, int(self.known.max(initial=0))))

    def expected(self, model: Retention) -> FloatArray:
        """(n,): value expected of each."""
        survivors = self.survivors(model)
        value = np.zeros(len(self.margin))
        for month, worth in enumerate(self.worth):
            at = np.maximum(self.first + month, self.known)
            value += (month < self.payments) * worth * np.exp(survivors[at] - survivors[self.known])
        return np.asarray(self.margin * value)

    def drawn(self, model: Retention, rng: np.random.Generator) -> FloatArray:
        """(n,): what each of them brings in one future."""
        survivors = self.survivors(model)
        fate = survivors[self.known] - rng.standard_exponential(len(self.known))
        last = np.searchsorted(-survivors, -fate, side="right") - 1
        paid = np.clip(last - self.first + 1, 0, self.payments)
        return np.asarray(self.margin * np.append(0.0, np.cumsum(self.worth))[paid])


def _interval(
    who: _Subscribers, model: Retention, share: FloatArray, *, draws: int, seed: int, level: float
) -> Estimate:
    """The total over who counts, each with the chance `share`; its quantiles over futures."""
    currency, unpriced = who.currency, int(np.isnan(who.margin).sum())
    if unpriced:
        reason = f"{unpriced} of {len(share)} customers have no price"
        return Estimate(np.nan, np.nan, np.nan, level, currency, reason)
    rng = np.random.default_rng(seed)
    totals = []
    for alpha, beta in redrawn(model.parameters, model.covariance, draws, rng).tolist():
        value = who.drawn(replace(model, alpha=alpha, beta=beta), rng)
        totals.append(float((rng.random(len(share)) < share) @ value))
    return over_futures(float(share @ who.expected(model)), totals, level, currency)


def _checked_spells(duration_months: ArrayLike, observed: ArrayLike) -> tuple[IntArray, BoolArray]:
    """Whole months as int64, and whether the spell is over; or ModelError."""
    duration = np.asarray(duration_months, dtype=np.float64)
    ended = np.broadcast_to(np.asarray(observed, dtype=np.bool_), duration.shape)
    whole = (duration <= _MOST_MONTHS) & (duration == np.floor(duration))
    hint = (
        "count whole months of the calendar: months paid where the spell is over (1 or more), "
        "renewals taken where it runs (0 or more)"
    )
    _refuse("duration_months", duration, ~(whole & (duration >= ended)), hint, code="V-107")
    return duration.astype(np.int64), ended


def _checked_months(name: str, months: ArrayLike) -> FloatArray:
    given = np.asarray(months, dtype=np.float64)
    _refuse(name, given, ~((given >= 0) & (given <= _MOST_MONTHS)), "are they days? give months")
    return given


def _churn_months(days: float) -> float:
    if not days > 0:
        raise SettingsError("V-201", f"churn_horizon_days is {days}", "it must be above 0")
    return days / MONTH_DAYS


def _refuse(
    name: str, values: FloatArray, wrong: BoolArray, hint: str, *, code: str = "V-109"
) -> None:
    """Raises ModelError naming the first wrong value."""
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise ModelError(
            code,
            f"subscriptions: {int(wrong.sum())} of {wrong.size} values of {name} cannot be (first: "
            f"row {first}, {values.flat[first]})",
            hint,
        )
