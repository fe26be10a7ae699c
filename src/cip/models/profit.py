"""What contacting the riskiest customers would earn, by an accounting with assumed costs.

A leaver who is contacted accepts the offer with a probability that is itself uncertain (a Beta
distribution) and then stays; a stayer who is contacted takes the offer and would have stayed
anyway.  Verbeke, Dejaeger, Martens, Hur and Baesens 2012; Verbraken, Verbeke and Baesens 2013.
Nothing here measures what an offer does: that takes a test with a control group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.special import betainc

from cip.errors import ModelError
from cip.models.draws import Draws, Scored
from cip.models.evaluate import percentiles
from cip.models.resample import bootstrap_weights
from cip.types import BoolArray, Estimate, FloatArray

POINTS: Final = 200
_ALMOST_NOTHING: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Costs:
    """Money, and how many leavers accept.

    `clv`: what one customer kept brings; `offer`: what the offer costs if it is taken; `contact`:
    what contacting one customer costs.  The share of contacted leavers who accept is
    Beta(`accept_alpha`, `accept_beta`); the default is that of Verbraken and others 2013, 30 %.
    Raises ModelError M-141 for amounts below 0, a `clv` of 0, or shapes that are not above 0.
    """

    clv: float
    offer: float
    contact: float
    accept_alpha: float = 6.0
    accept_beta: float = 14.0

    def __post_init__(self) -> None:
        """A negative amount would turn the order of who is worth contacting round."""
        above = {n: getattr(self, n) for n in ("clv", "accept_alpha", "accept_beta")}
        wrong = [f"{name} {value}" for name, value in above.items() if not 0 < value < np.inf]
        least = {n: getattr(self, n) for n in ("offer", "contact")}
        wrong += [f"{name} {value}" for name, value in least.items() if not 0 <= value < np.inf]
        if wrong:
            raise ModelError(
                "M-141",
                f"The costs of contacting customers cannot be {', '.join(wrong)}.",
                "Give amounts of money from 0 up, a clv above 0 and shapes above 0.",
            )

    @property
    def accept(self) -> float:
        """The expected share of contacted leavers who accept."""
        return self.accept_alpha / (self.accept_alpha + self.accept_beta)

    @property
    def break_even(self) -> float:
        """The p_churn from which contacting a customer pays on average; above 1 where never.

        It follows from the costs alone: no outcome is looked at.
        """
        kept = self.accept * self.clv + (1 - self.accept) * self.offer
        return (self.offer + self.contact) / kept


@dataclass(frozen=True, slots=True)
class ProfitCurve:
    """Profit per customer when the riskiest `share` is contacted; from nobody, 0, to all, 1.

    `threshold`: the least p_churn among the contacted (infinite for nobody).  Equal probabilities
    are contacted together.
    """

    share: FloatArray
    profit: FloatArray
    threshold: FloatArray

    @property
    def best(self) -> int:
        """Where the profit is highest, the fewest contacted first: seen with hindsight."""
        return int(np.argmax(self.profit))


@dataclass(frozen=True, slots=True)
class MaximumProfit:
    """The expected maximum profit per customer, and the share contacted on average to reach it."""

    profit: float
    share: float


@dataclass(frozen=True, slots=True)
class ProfitBand:
    """Profit curves at the same shares, with the ends of their intervals; each array (points,)."""

    share: FloatArray
    profit: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, slots=True)
class ProfitFigures:
    """What a ranking earns per customer, with intervals of customers drawn again.

    `maximum`: expected maximum profit; `at_break_even`: contacting everybody from
    `Costs.break_even` up; `everybody`: contacting all; `band`: the curve.
    """

    maximum: Estimate
    at_break_even: Estimate
    everybody: Estimate
    band: ProfitBand


def profit_curve(
    churned: BoolArray, p: FloatArray, costs: Costs, value: FloatArray | None = None
) -> ProfitCurve:
    """The curve of (n,) outcomes and p_churn, with the expected acceptance.

    `value`: (n,) what each customer would bring if kept, instead of `costs.clv`.  Raises ModelError
    M-142 where the arrays differ in length or are empty, M-143 where a value is not a number.
    """
    scored = checked(churned, p, value)
    won, spent, contacted = _groups(scored, np.ones((1, len(p))), costs, value)
    profit = np.cumsum(costs.accept * won[0] - spent[0]) / len(p)
    return ProfitCurve(
        share=np.append(0.0, np.cumsum(contacted[0]) / len(p)),
        profit=np.append(0.0, profit),
        threshold=np.append(np.inf, p[scored.order][scored.ties]),
    )


def expected_maximum_profit(
    churned: BoolArray, p: FloatArray, costs: Costs, value: FloatArray | None = None
) -> MaximumProfit:
    """EMPC: for each share of leavers who may accept the best cut is taken, then averaged.

    Exact: the best cuts are the corners of the ROC convex hull, and between two of them the
    integral over the Beta distribution is closed (Verbraken and others 2013, section 4).  The
    arguments and errors are those of `profit_curve`.
    """
    scored = checked(churned, p, value)
    won, spent, contacted = _groups(scored, np.ones((1, len(p))), costs, value)
    return _maximum(won[0], spent[0], contacted[0], costs)


def profit_figures(
    churned: BoolArray,
    predictions: Mapping[str, FloatArray],
    customer_id: NDArray[Any],
    costs: Costs,
    *,
    seed: int,
    draws: int,
    value: FloatArray | None = None,
    level: float = 0.95,
) -> dict[str, ProfitFigures]:
    """What each of `predictions` earns, by name; they share the resamples.

    The intervals are percentile intervals of nominal `level`.
    """
    scored = {name: checked(churned, p, value) for name, p in predictions.items()}
    share = np.linspace(0, 1, POINTS + 1)
    seen = {
        name: _drawn(s, np.ones((1, len(churned))), costs, value, share)
        for name, s in scored.items()
    }
    drawn: dict[str, list[FloatArray]] = {name: [] for name in scored}
    for weights in bootstrap_weights(customer_id, seed=seed, draws=draws):
        for name, s in scored.items():
            drawn[name].append(_drawn(s, weights, costs, value, share))
    return {
        name: _figures(seen[name][0], np.concatenate(blocks), share, level)
        for name, blocks in drawn.items()
    }


def _figures(seen: FloatArray, drawn: FloatArray, share: FloatArray, level: float) -> ProfitFigures:
    """From the columns of `_drawn`: as seen (3 + points,), and in draws (draws, 3 + points)."""
    low, high = percentiles(drawn, level)

    def estimate(i: int) -> Estimate:
        return Estimate(float(seen[i]), float(low[i]), float(high[i]), level, "money a customer")

    band = ProfitBand(share, seen[3:], low[3:], high[3:])
    return ProfitFigures(estimate(0), estimate(1), estimate(2), band)


def _drawn(
    scored: Scored,
    weights: FloatArray,
    costs: Costs,
    value: FloatArray | None,
    share: FloatArray,
) -> FloatArray:
    """(d, 3 + points) per customer: the expected maximum, at break-even, everybody, the curve."""
    won, spent, contacted = _groups(scored, weights, costs, value)
    rows = contacted.sum(axis=1)
    sums = np.cumsum(costs.accept * won - spent, axis=1) / rows[:, None]
    reached = np.cumsum(contacted, axis=1) / rows[:, None]
    pays = int(np.count_nonzero(scored.p[scored.order][scored.ties] >= costs.break_even))
    made = np.empty((len(weights), 3 + len(share)))
    for d in range(len(weights)):
        made[d, 0] = _maximum(won[d], spent[d], contacted[d], costs).profit
        made[d, 3:] = np.interp(share, np.append(0.0, reached[d]), np.append(0.0, sums[d]))
    made[:, 1] = sums[:, pays - 1] if pays else 0.0
    made[:, 2] = sums[:, -1]
    return made


def _groups(
    scored: Scored, weights: FloatArray, costs: Costs, value: FloatArray | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """By group of equal p_churn, highest first, each (d, g): won, spent, contacted.

    The profit of a group is the share who accept times `won`, minus `spent`.
    """
    d = Draws(scored, weights)
    kept = d.left * costs.clv if value is None else d.by_tie(scored.churned * value)
    won = kept - d.left * costs.offer
    spent = d.group * costs.contact + (d.group - d.left) * costs.offer
    return won, spent, d.group


def _maximum(
    won: FloatArray, spent: FloatArray, contacted: FloatArray, costs: Costs
) -> MaximumProfit:
    """Over (g,) groups: pooled until `won` per `spent` falls, they are the edges of the hull.

    An edge is worth contacting from an acceptance of spent / won on; until then it is 0.
    """
    seen = contacted > 0
    won, spent, contacted = won[seen], spent[seen], contacted[seen]
    rows = contacted.sum()
    # a group that costs nothing would have no slope
    weight = spent + _ALMOST_NOTHING * costs.clv * contacted
    starts = isotonic_regression(won / weight, weights=weight, increasing=False).blocks[:-1]
    won, spent, contacted = (np.add.reduceat(x, starts) for x in (won, spent, contacted))
    a, b = costs.accept_alpha, costs.accept_beta
    least = np.divide(spent, won, out=np.ones_like(won), where=won > spent)
    accepting = 1 - betainc(a, b, least)
    money = won * costs.accept * (1 - betainc(a + 1, b, least)) - spent * accepting
    return MaximumProfit(float(money.sum() / rows), float((contacted * accepting).sum() / rows))


def checked(churned: BoolArray, p: FloatArray, value: FloatArray | None) -> Scored:
    """Outcomes beside probabilities; ModelError M-142 or M-143 where they cannot be counted."""
    lengths = {len(churned), len(p)} | (set() if value is None else {len(value)})
    if len(lengths) > 1 or not len(p):
        raise ModelError(
            "M-142",
            f"Profit needs an outcome for each probability: {len(churned)} outcomes, {len(p)} "
            f"probabilities, {'no' if value is None else len(value)} values.",
            "Give the very rows that were scored, at least one.",
        )
    unknown = 0 if value is None else int(np.count_nonzero(~np.isfinite(value)))
    if unknown:
        raise ModelError(
            "M-143",
            f"{unknown} of {len(p)} customers have no value.",
            "Leave them out, or give no values: then every customer is worth the same.",
        )
    return Scored(np.asarray(churned, dtype=np.bool_), np.asarray(p, dtype=np.float64))
