"""Figures with intervals that hold for every column at once, bootstrapped by customer."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import beta, norm

from cip.models.draws import Draws, Scored
from cip.models.leaks.rows import View
from cip.models.leaks.suspect import FAMILY_ERROR
from cip.models.metrics import METRIC
from cip.models.resample import bootstrap_weights
from cip.types import BoolArray, Estimate, FloatArray

_AUC = METRIC["roc_auc"].compute


@dataclass(frozen=True, slots=True)
class Trial:
    """How sure to be: `looks` questions are asked, and all answers hold together."""

    looks: int
    seed: int
    draws: int

    @property
    def level(self) -> float:
        """Coverage of each interval (Bonferroni)."""
        return 1 - 2 * self._tail

    @property
    def _tail(self) -> float:
        return FAMILY_ERROR / max(self.looks, 1)

    @property
    def _z(self) -> float:
        return float(norm.isf(self._tail))

    def auc(self, view: View, score: FloatArray) -> Estimate:
        """ROC-AUC of one column alone.

        The tails lie far beyond what can be drawn, so they are the normal ones of the logit, with
        the larger of the drawn deviation and Hanley and McNeil's (1982).
        """
        value = auc(view.churned, score)
        drawn = _drawn(view.churned, [score], view.customer_id, self)[0]
        left = int(np.count_nonzero(view.churned))
        few = min(left, len(view.churned) - left)
        kept = float(np.clip(value, 0.5 / (few + 1), 1 - 0.5 / (few + 1)))
        deviation = max(float(drawn.std()), _hanley_mcneil(kept, left, len(view.churned) - left))
        reach = self._z * deviation / (kept * (1 - kept))
        low, high = expit(logit(kept) - reach), expit(logit(kept) + reach)
        return Estimate(value, min(value, float(low)), max(value, float(high)), self.level)

    def auc_gain(self, view: View, score: FloatArray, other: FloatArray) -> Estimate:
        """ROC-AUC of one column minus that of another, on the same customers."""
        first, second = _drawn(view.churned, [score, other], view.customer_id, self)
        value = auc(view.churned, score) - auc(view.churned, other)
        return self._around(value, first - second)

    def auc_drift(self, early: View, late: View, scores: tuple[FloatArray, FloatArray]) -> Estimate:
        """ROC-AUC at the late date minus that at the early one; customers are drawn for both."""
        who = np.concatenate([early.customer_id, late.customer_id])
        cut = len(early.churned)
        drawn = [
            _aucs(late.churned, scores[1], weights[:, cut:])
            - _aucs(early.churned, scores[0], weights[:, :cut])
            for weights in bootstrap_weights(who, seed=self.seed, draws=self.draws)
        ]
        value = auc(late.churned, scores[1]) - auc(early.churned, scores[0])
        return self._around(value, np.concatenate(drawn))

    def share_gap(self, among: BoolArray, others: BoolArray) -> Estimate:
        """A share of independent rows minus that of others: exact also where one of them is 0."""
        one, two = (self.share(int(hits.sum()), len(hits)) for hits in (among, others))
        value, low, high = one.value - two.value, one.low - two.high, one.high - two.low
        return Estimate(value, low, high, self.level, "share")

    def share(self, hits: int, rows: int) -> Estimate:
        """A share of independent rows (Clopper and Pearson 1934)."""
        low = float(beta.ppf(self._tail, hits, rows - hits + 1)) if hits else 0.0
        high = float(beta.isf(self._tail, hits + 1, rows - hits)) if hits < rows else 1.0
        return Estimate(hits / rows, low, high, self.level, "share")

    def _around(self, value: float, drawn: FloatArray) -> Estimate:
        defined = drawn[np.isfinite(drawn)]
        reach = self._z * float(defined.std())
        return Estimate(value, value - reach, value + reach, self.level)


def auc(churned: BoolArray, score: FloatArray) -> float:
    """How often `score` ranks a leaver above a stayer; a tie is half."""
    return float(_aucs(churned, score, np.ones((1, len(score))))[0])


def _aucs(churned: BoolArray, score: FloatArray, weights: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return _AUC(Draws(Scored(churned, score), weights))


def _drawn(
    churned: BoolArray, scores: list[FloatArray], customer_id: NDArray[Any], trial: Trial
) -> list[FloatArray]:
    """Of each score, its ROC-AUC in the same draws, finite ones of all."""
    blocks = [
        np.stack([_aucs(churned, score, weights) for score in scores])
        for weights in bootstrap_weights(customer_id, seed=trial.seed, draws=trial.draws)
    ]
    drawn = np.concatenate(blocks, axis=1)
    return list(drawn[:, np.isfinite(drawn).all(axis=0)])


def _hanley_mcneil(value: float, left: int, stayed: int) -> float:
    both_left, both_stayed = value / (2 - value), 2 * value**2 / (1 + value)
    spread = (
        value * (1 - value)
        + (left - 1) * (both_left - value**2)
        + (stayed - 1) * (both_stayed - value**2)
    )
    return sqrt(max(spread, 0.0) / (left * stayed))
