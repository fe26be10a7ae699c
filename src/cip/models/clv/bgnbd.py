"""BG/NBD: how often a customer buys and whether they still do.

Source: Fader, Hardie and Lee, "Counting your customers the easy way" (Marketing Science, 2005).
While active a customer buys at a rate lambda ~ Gamma(r, alpha); after every repeat purchase they
leave with probability p ~ Beta(a, b).  Three numbers tell all about a customer: `frequency`, the
days with a purchase after the first such day; `recency`, time from the first purchase day to the
last; `age`, time from the first purchase day to the cutoff.  Purchase *days*, not invoices, so
that an order split over three invoices is one purchase.  Any time unit will do if it is the same
in all three and in the horizons asked for later; `alpha` then carries it.

A customer without a repeat purchase had no occasion to leave: this model calls them alive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import Bounds
from scipy.special import betaln, digamma, expit, gammaln, hyp2f1

from cip.errors import ModelError
from cip.models.clv.likelihood import maximise
from cip.types import FloatArray

_FEWEST_REPEATERS = 10
_BOUNDS = Bounds([-7.0, -12.0, -4.0, -4.0], [7.0, 9.0, 5.0, 8.0])  # alpha: in mean ages
_NEAR_POLE = 1e-6
_CHUNK = 2048


@dataclass(frozen=True, slots=True)
class BgNbd:
    """Fitted BG/NBD: `r`, `alpha` (in the time unit of the data), `a`, `b`.

    `covariance`: (4, 4) of the logarithms of the parameters in that order, from the Hessian; None
    where there is none, and then `covariance_reason` says why.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    customers: int
    covariance: FloatArray | None = None
    covariance_reason: str = ""

    @property
    def parameters(self) -> FloatArray:
        """(4,): r, alpha, a, b."""
        return np.array([self.r, self.alpha, self.a, self.b])


def fit_bgnbd(frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> BgNbd:
    """The likeliest BG/NBD for n customers; each argument (n,), see the head of this module.

    Raises ModelError V-102 (impossible histories), V-103 (too few customers came back) or V-101.
    """
    x, tx, T = _checked(frequency, recency, age)
    triples, counts = np.unique(np.column_stack([x, tx, T]), axis=0, return_counts=True)
    unit = float(T.mean())
    x, tx, T = triples[:, 0], triples[:, 1] / unit, triples[:, 2] / unit
    weights = counts / counts.sum()

    def objective(theta: FloatArray) -> tuple[float, FloatArray]:
        return _minus_log_likelihood(theta, x, tx, T, weights)

    start = np.log([1.0, 0.2, 1.0, 2.0])
    customers = int(counts.sum())
    best = maximise(objective, start, _BOUNDS, customers, "BG/NBD")
    r, alpha, a, b = np.exp(best.theta)
    repeats = float(counts @ triples[:, 0])
    return BgNbd(
        r=float(r),
        alpha=float(alpha * unit),
        a=float(a),
        b=float(b),
        log_likelihood=best.log_likelihood - repeats * float(np.log(unit)),
        customers=customers,
        covariance=best.covariance,
        covariance_reason=best.reason,
    )


def _checked(
    frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The three columns as float64, or ModelError."""
    x, tx, T = (np.asarray(v, dtype=np.float64) for v in (frequency, recency, age))
    possible = (x >= 0) & (tx >= 0) & (tx <= T) & np.isfinite(T) & np.isfinite(x)
    possible &= (x > 0) | (tx == 0)
    if not possible.all():
        first = int(np.flatnonzero(~possible)[0])
        raise ModelError(
            "V-102",
            f"BG/NBD: {int((~possible).sum())} of {len(x)} purchase histories cannot be (first: "
            f"row {first}, frequency {x[first]}, recency {tx[first]}, age {T[first]})",
            "0 <= recency <= age must hold, and recency is 0 where frequency is 0",
        )
    repeaters = int((x > 0).sum())
    if repeaters < _FEWEST_REPEATERS or not T.max(initial=0.0) > 0:
        raise ModelError(
            "V-103",
            f"BG/NBD: {repeaters} of {len(x)} customers bought on a second day; "
            f"at least {_FEWEST_REPEATERS} are needed",
            "take a longer history, or leave customer lifetime value out for these data",
        )
    return x, tx, T


def _minus_log_likelihood(
    theta: FloatArray, x: FloatArray, tx: FloatArray, T: FloatArray, weights: FloatArray
) -> tuple[float, FloatArray]:
    """Minus the weighted log-likelihood (eq. 6 of the paper) and its gradient in log-parameters."""
    r, alpha, a, b = np.exp(theta)
    k, log_T, log_tx = r + x, np.log(alpha + T), np.log(alpha + tx)
    to_leave = np.where(x > 0, b + x - 1, np.inf)  # after no repeat purchase nobody has left
    log_odds = np.log(a) - np.log(to_leave) + k * (log_T - log_tx)
    p_left = expit(log_odds)
    p_stayed = 1 - p_left
    mean_log = p_stayed * log_T + p_left * log_tx
    each = (
        gammaln(k) - gammaln(r) + r * np.log(alpha)
        + gammaln(a + b) - gammaln(a + b + x) + gammaln(b + x) - gammaln(b)
        - k * log_T + np.logaddexp(0.0, log_odds)
    )  # fmt: skip
    both = digamma(a + b) - digamma(a + b + x)
    slopes = np.array(
        [
            digamma(k) - digamma(r) + np.log(alpha) - mean_log,
            r / alpha - k * (p_stayed / (alpha + T) + p_left / (alpha + tx)),
            both + p_left / a,
            both + digamma(b + x) - digamma(b) - p_left / to_leave,
        ]
    )
    return -float((weights * each).sum()), -(slopes * weights).sum(axis=1) * np.exp(theta)


def p_alive(model: BgNbd, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> FloatArray:
    """Probability that a customer has not left by the cutoff; 1 without a repeat purchase."""
    x, tx, T = (np.asarray(v, dtype=np.float64) for v in (frequency, recency, age))
    to_leave = np.where(x > 0, model.b + x - 1, np.inf)
    waited = np.log((model.alpha + T) / (model.alpha + tx))
    odds = np.log(model.a) - np.log(to_leave) + (model.r + x) * waited
    return np.asarray(expit(-odds), dtype=np.float64)


def expected_purchases(
    model: BgNbd, t: ArrayLike, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
) -> FloatArray:
    """Expected purchases in (cutoff, cutoff + t], eq. 10 of the paper; arguments broadcast."""
    alive = p_alive(model, frequency, recency, age)
    return alive * purchases_if_alive(model, t, frequency, age)


def p_no_purchase(
    model: BgNbd, h: ArrayLike, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike
) -> FloatArray:
    """Probability of no purchase in (cutoff, cutoff + h]: L(x, t_x, T + h) / L(x, t_x, T)."""
    alive = p_alive(model, frequency, recency, age)
    return 1 - alive * -np.expm1(_log_p_silent_if_alive(model, h, frequency, age))


def expected_purchases_if_active(
    model: BgNbd, t: ArrayLike, h: ArrayLike, frequency: ArrayLike, age: ArrayLike
) -> FloatArray:
    """Expected purchases in (cutoff, cutoff + t] given at least one in (cutoff, cutoff + h], h > 0.

    By total expectation it is (E[N(t)] - pi0 E[N(t) | none by h]) / (1 - pi0), pi0 being
    `p_no_purchase`, and E[N(t) | none by h] is E[N(t - h)] seen from age T + h, or 0 for t <= h.
    All terms carry the factor `p_alive`, which cancels: whoever buys again was alive, so recency
    does not matter, and nothing is lost to rounding where `p_alive` is tiny.
    """
    t, h, T = (np.asarray(v, dtype=np.float64) for v in (t, h, age))
    log_silent = _log_p_silent_if_alive(model, h, frequency, T)
    after = purchases_if_alive(model, np.maximum(t - h, 0.0), frequency, T + h)
    now = purchases_if_alive(model, t, frequency, T)
    return np.asarray((now - np.exp(log_silent) * after) / -np.expm1(log_silent))


def _log_p_silent_if_alive(
    model: BgNbd, h: ArrayLike, frequency: ArrayLike, age: ArrayLike
) -> FloatArray:
    """Log-probability that a customer alive at the cutoff buys nothing for a time h."""
    T = np.asarray(age, dtype=np.float64)
    passed = np.log1p(np.asarray(h, dtype=np.float64) / (model.alpha + T))
    return np.asarray(-(model.r + np.asarray(frequency)) * passed)


def purchases_if_alive(
    model: BgNbd, t: ArrayLike, frequency: ArrayLike, age: ArrayLike
) -> FloatArray:
    """Expected purchases in (cutoff, cutoff + t] of a customer alive at the cutoff.

    Eq. 10 after Euler's transformation, (1-z)^(r+x) 2F1(r+x, b+x; c; z) = (1-z)^(a-1) 2F1(a+b-1-r,
    a-1; c; z): x stays only in c, so hundreds of purchases do not overflow.  Where the closed form
    has a removable pole (a = 1, or c = 0) or fails, the integral over p is done numerically.
    """
    arguments = (t, frequency, np.add(age, model.alpha))
    t, x, A = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in arguments))
    r, a, b = model.r, model.a, model.b
    z, c = t / (A + t), a + b + x - 1
    most = (r + x) * t / A  # what a customer who cannot leave buys
    with np.errstate(all="ignore"):  # what fails is found and mended on the next lines
        shrink = np.exp((a - 1) * -np.log1p(t / A))
        answer = np.asarray(c / (a - 1) * (1 - shrink * hyp2f1(a + b - 1 - r, a - 1, c, z)))
    sound = (answer >= 0) & (answer <= most * (1 + 1e-9))
    sound &= (np.abs(c) > _NEAR_POLE) & (abs(a - 1) > _NEAR_POLE)
    rows = np.flatnonzero(~sound)
    for some in np.split(rows, range(_CHUNK, len(rows), _CHUNK)):
        answer.flat[some] = _by_quadrature(model, t.flat[some], x.flat[some], A.flat[some])
    return answer


def _by_quadrature(model: BgNbd, t: FloatArray, x: FloatArray, A: FloatArray) -> FloatArray:
    """E[(1 - (A / (A + p t))^(r+x)) / p] over p ~ Beta(a, b + x), all arguments (n,).

    The trapezoid rule over logit(p): the integrand is analytic within pi of the real axis, so a
    step of 1/4, or an eighth of the density's width, is exact to rounding.  What lies left of the
    grid has p so small that leaving does not matter.
    """
    if not len(t):
        return np.empty(0)
    a, B = model.a, model.b + x[:, None]
    left = max(np.log(a / (a + B.max())) - 45 / a - 10, -690.0)
    right = 10 + 45 / B.min()
    step = min(0.25, np.sqrt(1 / a + 1 / B.max()) / 8)
    v = np.arange(left, right, step)
    log_p, log_q = -np.logaddexp(0.0, -v), -np.logaddexp(0.0, v)
    weights = step * np.exp(a * log_p + B * log_q - betaln(a, B))
    reach = (t / A)[:, None]
    bought = -np.expm1(-(model.r + x)[:, None] * np.log1p(np.exp(log_p) * reach)) / np.exp(log_p)
    tail = np.clip(1 - weights.sum(axis=1), 0, 1)
    return np.asarray((weights * bought).sum(axis=1) + tail * (model.r + x) * t / A)
