"""Probabilities beside outcomes, and the sums that metrics share, for many weightings at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.types import BoolArray, FloatArray, IntArray

BINS: Final = 10
TINY: Final = float(np.finfo(np.float64).eps)
FINEST: Final = 1000  # groups of log-odds; more are drawn together
_NEAREST: Final = 1e-6  # to 0 and to 1 a probability is taken, where log-odds are needed


@dataclass(frozen=True)
class Scored:
    """Outcomes with the probabilities given to them; ranks are worked out once.

    `churned`: (n,) bool; `p`: (n,) in [0, 1]; `threshold`: flagged are rows with `p >= threshold`.
    """

    churned: BoolArray
    p: FloatArray
    threshold: float = 0.5

    @cached_property
    def order(self) -> IntArray:
        """Rows from the highest probability to the lowest; equal ones as they came."""
        return np.argsort(-self.p, kind="stable").astype(np.int64)

    @cached_property
    def ties(self) -> IntArray:
        """Where, in `order`, each group of equal probabilities begins."""
        p = self.p[self.order]
        return np.flatnonzero(np.concatenate(([True], p[1:] != p[:-1]))).astype(np.int64)

    @cached_property
    def loss(self) -> FloatArray:
        """(n,) minus the log of the probability given to what happened."""
        given = np.where(self.churned, self.p, 1.0 - self.p)
        loss: FloatArray = -np.log(np.clip(given, TINY, 1.0))
        return loss

    @cached_property
    def in_bin(self) -> FloatArray:
        """(n, BINS) share of each row in each equal-mass bin, from the highest risk to the lowest.

        Rows of equal probability share alike in the bins that they span, whichever came first.
        """
        rows = len(self.p)
        bins = np.repeat(np.arange(BINS), [len(part) for part in np.array_split(self.order, BINS)])
        sizes = np.diff(np.append(self.ties, rows))
        tie = np.repeat(np.arange(len(sizes)), sizes)
        held = np.zeros((len(sizes), BINS))
        np.add.at(held, (tie, bins), 1.0 / sizes[tie])
        shares = np.empty((rows, BINS))
        shares[self.order] = held[tie]
        return shares

    @cached_property
    def gap_by_bin(self) -> FloatArray:
        """(n, BINS) outcome minus probability, shared among the bins of the row."""
        gaps: FloatArray = (self.churned - self.p)[:, None] * self.in_bin
        return gaps

    @cached_property
    def cells(self) -> tuple[IntArray, FloatArray]:
        """Groups of `ties` with nearly equal log-odds: where each begins, and its log-odds.

        Where there are more than `FINEST` ties the range is cut into so many equal parts; the
        spread within a part, a thousandth of the range, then moves no figure that is shown.
        """
        p = np.clip(self.p[self.order][self.ties], _NEAREST, 1 - _NEAREST)
        margin: FloatArray = np.log(p / (1 - p))
        if len(margin) <= FINEST:
            return np.arange(len(margin), dtype=np.int64), margin
        part = ((margin[0] - margin) * FINEST / (margin[0] - margin[-1])).astype(np.int64)
        starts = np.flatnonzero(np.concatenate(([True], part[1:] != part[:-1]))).astype(np.int64)
        sizes = np.diff(np.append(starts, len(margin)))
        return starts, np.add.reduceat(margin, starts) / sizes


@dataclass(frozen=True)
class Draws:
    """Weights of the rows in d draws, (d, n), and what several metrics sum up from them."""

    scored: Scored
    weights: FloatArray

    @cached_property
    def rows(self) -> FloatArray:
        """(d,) weight of all rows."""
        sums: FloatArray = self.weights.sum(axis=1)
        return sums

    @cached_property
    def leavers(self) -> FloatArray:
        """(d,) weight of those who left."""
        return self.total(self.scored.churned)

    @cached_property
    def group(self) -> FloatArray:
        """(d, g) weight of all rows, by group of equal probability, highest first."""
        return self._sum_ties(self._ordered)

    @cached_property
    def left(self) -> FloatArray:
        """(d, g) weight of those who left, in the same groups."""
        return self.by_tie(self.scored.churned)

    @cached_property
    def seen(self) -> FloatArray:
        """(d, g) weight of all rows down to each group."""
        return np.cumsum(self.group, axis=1)

    @cached_property
    def found(self) -> FloatArray:
        """(d, g) weight of those who left down to each group."""
        return np.cumsum(self.left, axis=1)

    @cached_property
    def cells(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(c,) log-odds of the cells; (d, c) weight of all rows, and of those who left."""
        starts, margin = self.scored.cells
        if len(starts) == self.group.shape[1]:
            return margin, self.group, self.left
        group: FloatArray = np.add.reduceat(self.group, starts, axis=1)
        left: FloatArray = np.add.reduceat(self.left, starts, axis=1)
        return margin, group, left

    @cached_property
    def _ordered(self) -> FloatArray:
        ordered: FloatArray = self.weights[:, self.scored.order]
        return ordered

    def by_tie(self, values: NDArray[Any]) -> FloatArray:
        """(d, g) weighted sums of (n,) values, by group of equal probability, highest first."""
        return self._sum_ties(self._ordered * values[self.scored.order])

    def _sum_ties(self, ordered: FloatArray) -> FloatArray:
        starts = self.scored.ties
        if len(starts) == ordered.shape[1]:
            return ordered
        sums: FloatArray = np.add.reduceat(ordered, starts, axis=1)
        return sums

    def total(self, values: NDArray[Any]) -> FloatArray:
        """(d,) weighted sum of (n,) values."""
        sums: FloatArray = self.weights @ values.astype(np.float64)
        return sums
