"""What each value of a score has meant: the share who left, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from cip.models.judge.score import Score
from cip.models.resample import customer_folds
from cip.models.shares import share
from cip.types import BoolArray, Estimate, FloatArray, IntArray

STEPS: Final = 10


@dataclass(frozen=True, slots=True)
class Step:
    """Customers with neighbouring values, from the safest on.

    `low` and `high`: the values, as in the file; `said`: mean probability, None where none is
    stated; `left`: the share who left, with its 95 % interval (Wilson).
    """

    low: float
    high: float
    rows: int
    left: Estimate
    said: float | None


def steps_of(score: Score, churned: BoolArray) -> tuple[Step, ...]:
    """At most ten equally large groups; equal values stay together."""
    which = _group(score.risk)
    return tuple(_step(score, churned, which == group) for group in np.unique(which))


def learnt_probability(
    score: Score, churned: BoolArray, customer_id: NDArray[Any], *, seed: int
) -> FloatArray:
    """(n,) the share who left at this value or a neighbouring one, seen in other customers.

    A rising map is learnt on one half of the customers and applied to the other, and the other way
    round (isotonic regression: Zadrozny and Elkan 2002).
    """
    halves = customer_folds(customer_id, 2, seed=seed, strata=churned)
    p = np.empty(len(churned))
    for half in (0, 1):
        known, asked = halves != half, halves == half
        edge = 1 / (int(known.sum()) + 2)  # nobody is known to be safe, or lost, for sure
        rising = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip")
        rising.fit(score.risk[known], churned[known].astype(np.float64))
        p[asked] = rising.predict(score.risk[asked])
    return p


def _group(risk: FloatArray) -> IntArray:
    different = np.unique(risk)
    if len(different) <= STEPS:
        return np.searchsorted(different, risk).astype(np.int64)
    edges = np.unique(np.quantile(risk, np.linspace(0, 1, STEPS + 1)[1:-1]))
    return np.searchsorted(edges, risk, side="right").astype(np.int64)


def _step(score: Score, churned: BoolArray, inside: BoolArray) -> Step:
    value = score.value[inside]
    return Step(
        low=float(value.min()),
        high=float(value.max()),
        rows=len(value),
        left=share(int(churned[inside].sum()), len(value), "no rows"),
        said=None if score.p is None else float(score.p[inside].mean()),
    )
