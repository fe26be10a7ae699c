"""What contacting earns where every customer has a value of their own.

Whom to contact first is then no longer the riskiest, but whoever is expected to bring most: a sure
leaver who is worth little may cost more than a doubtful one who is worth much.  The accounting is
that of `cip.models.profit`; only the value of a leaver who is kept differs from customer to
customer (Verbeke and others 2012 call for it; their measure takes one value for all).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cip.models.draws import Draws, Scored
from cip.models.evaluate import percentiles
from cip.models.profit import POINTS, Costs, ProfitBand, checked
from cip.models.resample import bootstrap_weights
from cip.types import BoolArray, Estimate, FloatArray

_MONEY = "money a customer"


@dataclass(frozen=True, slots=True)
class Budget:
    """Contacting so many customers, per customer of all: the best by gain, and the riskiest.

    `more`: the first less the second, on the same resamples.
    """

    customers: int
    by_gain: Estimate
    by_risk: Estimate
    more: Estimate


@dataclass(frozen=True, slots=True)
class OwnFigures:
    """Both orders at each budget and as curves, per customer; `more` is their paired difference."""

    budgets: tuple[Budget, ...]
    by_gain: ProfitBand
    by_risk: ProfitBand
    more: ProfitBand


def expected_gain(p: FloatArray, value: FloatArray, costs: Costs) -> FloatArray:
    """(n,) money that contacting each is expected to bring; no outcome is looked at.

    A leaver accepts, stays, and brings `value` less the offer; a stayer takes the offer.
    """
    kept = p * costs.accept * (value - costs.offer)
    return np.asarray(kept - (1 - p) * costs.offer - costs.contact, dtype=np.float64)


def own_figures(
    churned: BoolArray,
    p: FloatArray,
    value: FloatArray,
    customer_id: NDArray[Any],
    costs: Costs,
    *,
    budgets: Sequence[int],
    seed: int,
    draws: int,
    level: float = 0.95,
) -> OwnFigures:
    """What contacting earns in the order of `expected_gain` and in that of `p`; arrays (n,).

    Money is counted with the same `value`, from 0 up, under both orders.  A budget is a number of
    the n customers; a resample contacts the same share.  Intervals are percentile intervals of
    customers drawn again.  Raises ModelError M-142 and M-143 as `profit_curve` does.
    """
    checked(churned, p, value)
    gain = expected_gain(p, value, costs)
    money = np.where(
        churned, costs.accept * (value - costs.offer) - costs.contact, -costs.offer - costs.contact
    )
    grid = np.linspace(0, 1, POINTS + 1)
    share = np.concatenate([grid, np.asarray(budgets, dtype=np.float64) / len(p)])
    orders = [Scored(churned, gain), Scored(churned, p)]
    seen = _both(orders, np.ones((1, len(p))), money, share)[:, 0]
    blocks = [
        _both(orders, weights, money, share)
        for weights in bootstrap_weights(customer_id, seed=seed, draws=draws)
    ]
    ends = [percentiles(drawn, level) for drawn in np.concatenate(blocks, axis=1)]
    bands = [
        ProfitBand(grid, line[: len(grid)], low[: len(grid)], high[: len(grid)])
        for line, (low, high) in zip(seen, ends, strict=True)
    ]
    listed = [
        Budget(
            int(customers),
            *(
                Estimate(float(line[at]), float(low[at]), float(high[at]), level, _MONEY)
                for line, (low, high) in zip(seen, ends, strict=True)
            ),
        )
        for at, customers in enumerate(budgets, start=len(grid))
    ]
    return OwnFigures(tuple(listed), *bands)


def _both(
    orders: Sequence[Scored], weights: FloatArray, money: FloatArray, share: FloatArray
) -> FloatArray:
    """(3, d, points): by gain, by risk, and the difference, per customer."""
    gained, risky = (_contacted(scored, weights, money, share) for scored in orders)
    return np.stack([gained, risky, gained - risky])


def _contacted(
    scored: Scored, weights: FloatArray, money: FloatArray, share: FloatArray
) -> FloatArray:
    """(d, points) per customer, if that share is contacted; who is level is drawn at random."""
    d = Draws(scored, weights)
    sums = np.cumsum(d.by_tie(money), axis=1) / d.rows[:, None]
    reached = d.seen / d.rows[:, None]
    lines = zip(reached, sums, strict=True)
    return np.stack([np.interp(share, np.append(0.0, x), np.append(0.0, y)) for x, y in lines])
