"""What a list of the riskiest holds and earns, at every length, with bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.models.profit import Costs
from cip.models.resample import bootstrap_weights, customer_folds
from cip.types import BoolArray, Estimate, FloatArray, IntArray

POINTS: Final = 101
TOPS: Final = (0.05, 0.10, 0.20)
SHARE: Final[FloatArray] = np.linspace(0.0, 1.0, POINTS)
_TAILS: Final = (0.025, 0.975)


@dataclass(frozen=True, slots=True)
class Band:
    """A line over `SHARE` with its 95 % band; each array (POINTS,)."""

    value: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, slots=True)
class Gains:
    """Share of the leavers found in the top share of the list; `top`: by share, `TOPS`."""

    band: Band
    top: dict[float, Estimate]


@dataclass(frozen=True, slots=True)
class Profit:
    """What contacting the top share earns, per customer of the whole file.

    `best`: the share that earns most, with the interval of that choice.  `kept`: what it earns
    where the share was chosen on other customers; minus contacting everybody, `over_all`; minus
    contacting as many by lot, `over_random`.  Contacting nobody earns 0.
    """

    band: Band
    best: Estimate
    kept: Estimate
    over_all: Estimate
    over_random: Estimate


@dataclass(frozen=True)
class Listed:
    """Rows from the riskiest on; equal ones are reached together."""

    order: IntArray
    ends: IntArray

    @classmethod
    def by(cls, risk: FloatArray) -> Listed:
        """The list that a (n,) risk makes."""
        order = np.argsort(-risk, kind="stable").astype(np.int64)
        sorted_ = risk[order]
        ends = np.flatnonzero(np.append(sorted_[1:] != sorted_[:-1], True))
        return cls(order, ends.astype(np.int64))

    def reached(self, weights: FloatArray, values: FloatArray) -> FloatArray:
        """(d, POINTS) sum of (n,) `values` in the top share, per row; (d, n) `weights`."""
        ordered = weights[:, self.order]
        rows = np.cumsum(ordered, axis=1)[:, self.ends]
        sums = np.cumsum(ordered * values[self.order], axis=1)[:, self.ends]
        made = np.empty((len(weights), POINTS))
        for d, (x, y) in enumerate(zip(rows, sums, strict=True)):
            made[d] = np.interp(SHARE, np.append(0.0, x / x[-1]), np.append(0.0, y / x[-1]))
        return made


def gains_of(
    risk: FloatArray, churned: BoolArray, customer_id: NDArray[Any], *, seed: int, draws: int
) -> Gains:
    """How many of the leavers are found early; the arrays are (n,)."""
    listed, left = Listed.by(risk), churned.astype(np.float64)
    value = _of_all(listed.reached(np.ones((1, len(risk))), left))[0]
    drawn = np.concatenate(
        [
            _of_all(listed.reached(weights, left))
            for weights in bootstrap_weights(customer_id, seed=seed, draws=draws)
        ]
    )
    low, high = np.nanquantile(drawn, _TAILS, axis=0)
    at = {top: int(np.argmin(np.abs(SHARE - top))) for top in TOPS}
    top = {
        top: Estimate(float(value[i]), float(low[i]), float(high[i]), unit="share")
        for top, i in at.items()
    }
    return Gains(Band(value, low, high), top)


def earned(churned: BoolArray, costs: Costs, value: FloatArray | None = None) -> FloatArray:
    """(n,) what contacting each customer earns on average: below 0 for all who would stay."""
    worth = np.full(len(churned), costs.clv) if value is None else value
    accepted = costs.accept * (worth - costs.offer) - costs.contact
    return np.where(churned, accepted, -(costs.offer + costs.contact))


def profit_of(
    risk: FloatArray, gain: FloatArray, customer_id: NDArray[Any], *, seed: int, draws: int
) -> Profit:
    """The profit of a list; `gain` as `earned` gives it, the arrays are (n,)."""
    listed = Listed.by(risk)
    halves = customer_folds(customer_id, 2, seed=seed)
    picks = _picks(listed, gain, halves)
    one = np.ones((1, len(risk)))
    curve = listed.reached(one, gain)[0]
    kept = _kept(listed, gain, one, halves, picks)[0]
    drawn, kepts = [], []
    for weights in bootstrap_weights(customer_id, seed=seed, draws=draws):
        drawn.append(listed.reached(weights, gain))
        kepts.append(_kept(listed, gain, weights, halves, picks))
    curves, made = np.concatenate(drawn), np.concatenate(kepts)
    low, high = np.quantile(curves, _TAILS, axis=0)
    best = SHARE[np.argmax(curves, axis=1)]
    pick = float(SHARE[picks].mean())
    return Profit(
        Band(curve, low, high),
        _estimate(float(SHARE[np.argmax(curve)]), best, "share"),
        _estimate(float(kept), made, "money"),
        _estimate(float(kept - curve[-1]), made - curves[:, -1], "money"),
        _estimate(float(kept - pick * curve[-1]), made - pick * curves[:, -1], "money"),
    )


def _picks(listed: Listed, gain: FloatArray, halves: IntArray) -> IntArray:
    """(2,) place in `SHARE` that earns most in each half."""
    weights = np.stack([halves == half for half in (0, 1)]).astype(np.float64)
    picks: IntArray = np.argmax(listed.reached(weights, gain), axis=1)
    return picks


def _kept(
    listed: Listed, gain: FloatArray, weights: FloatArray, halves: IntArray, picks: IntArray
) -> FloatArray:
    """(d,) profit per row where each half is contacted as far as paid in the other."""
    total = np.zeros(len(weights))
    for half in (0, 1):
        inside = weights * (halves == half)
        part = inside.sum(axis=1) / weights.sum(axis=1)
        total += part * listed.reached(inside, gain)[:, picks[1 - half]]
    return total


def _of_all(found: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        share: FloatArray = found / found[:, -1:]
    return share


def _estimate(value: float, drawn: FloatArray, unit: str) -> Estimate:
    low, high = np.quantile(drawn, _TAILS)
    return Estimate(value, float(low), float(high), unit=unit)
