"""Calibration without a shape: isotonic regression, and inductive Venn-Abers with its interval.

Both are tables made once from margins and outcomes that the model did not learn from; looking a
margin up is one search in a sorted array.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import logit

from cip.types import BoolArray, FloatArray

Point = tuple[float, float]
_ENDS: Final = (0.0, 1.0)
_DIGITS: Final = 9  # one row alone and in a batch may differ in the last bits; a step must not


@dataclass(frozen=True)
class Isotonic:
    """The calibrated margin is drawn straight between `knots` and level beyond the outermost."""

    knots: tuple[float, ...]
    margins: tuple[float, ...]

    @cached_property
    def _table(self) -> tuple[FloatArray, FloatArray]:
        return np.array(self.knots), np.array(self.margins)

    def apply(self, margin: FloatArray) -> FloatArray:
        """(n,) calibrated margin; it never falls where the margin rises."""
        moved: FloatArray = np.interp(margin, *self._table)
        return moved


@dataclass(frozen=True)
class VennAbers:
    """Two step functions of the margin: the p_churn if this very customer stays, and if they leave.

    `low[i]` holds from `low_from[i - 1]` on, `low[0]` before; `high[i]` up to and including
    `high_to[i]`, the last one after.
    """

    low_from: tuple[float, ...]
    low: tuple[float, ...]
    high_to: tuple[float, ...]
    high: tuple[float, ...]

    @cached_property
    def _table(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        return (
            np.array(self.low_from),
            np.array(self.low),
            np.array(self.high_to),
            np.array(self.high),
        )

    def interval(self, margin: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(n,) p0 and p1, of which one is calibrated, whichever it is (Vovk and Petej 2014)."""
        low_from, low, high_to, high = self._table
        margin = np.round(margin, _DIGITS)
        return (
            low[np.searchsorted(low_from, margin, side="right")],
            high[np.searchsorted(high_to, margin, side="left")],
        )

    def apply(self, margin: FloatArray) -> FloatArray:
        """(n,) margin of p1 / (1 - p0 + p1), the one probability with the least regret."""
        p0, p1 = self.interval(margin)
        moved: FloatArray = np.log(p1) - np.log1p(-p0)
        return moved


def fit_isotonic(margin: FloatArray, churned: BoolArray) -> Isotonic:
    """Pooled adjacent violators; shares are kept one outcome away from never and from always."""
    at, rows, left = _by_margin(margin, churned)
    fit = isotonic_regression(left / rows, weights=rows)
    nearest = 1 / (len(margin) + 2)
    values = logit(np.clip(fit.x, nearest, 1 - nearest))
    ends = np.unique(np.concatenate([fit.blocks[:-1], fit.blocks[1:] - 1]))
    return Isotonic(_floats(at[ends]), _floats(values[ends]))


def fit_venn_abers(margin: FloatArray, churned: BoolArray) -> VennAbers:
    """The tables, for every margin that a customer may have."""
    at, rows, left = _by_margin(np.round(margin, _DIGITS), churned)
    high = _with_one_more_leaver(rows, left)
    low = 1 - _with_one_more_leaver(rows[::-1], (rows - left)[::-1])[::-1]
    starts = np.flatnonzero(np.append(True, low[1:] != low[:-1]))
    ends = np.flatnonzero(np.append(high[1:] != high[:-1], True))
    return VennAbers(
        low_from=_floats(at[starts]),
        low=(_ENDS[0], *_floats(low[starts])),
        high_to=_floats(at[ends]),
        high=(*_floats(high[ends]), _ENDS[1]),
    )


def _by_margin(margin: FloatArray, churned: BoolArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Distinct margins, rising, with their rows and how many of them left."""
    at, place = np.unique(margin, return_inverse=True)
    rows = np.bincount(place, minlength=len(at)).astype(np.float64)
    left = np.bincount(place[churned], minlength=len(at)).astype(np.float64)
    return at, rows, left


def _with_one_more_leaver(rows: FloatArray, left: FloatArray) -> FloatArray:
    """(g,) what isotonic regression says at each place, were one more leaver there.

    The regression is the slope of the greatest convex minorant of the cumulative sums.  One more
    leaver at place i draws all sums before it back by (1, 1); going from place to place, one more
    point is drawn back, so that the minorant is mended, not made again: all places in one pass
    (Vovk, Petej and Fedorova 2015, algorithms 1 and 2).
    """
    sums = list(zip(np.cumsum(rows).tolist(), np.cumsum(left).tolist(), strict=True))
    hull: list[Point] = [(-1.0, -1.0)]
    for point in sums:
        _turn_left(hull, point)
        hull.append(point)
    hull.reverse()  # what lies ahead; the last is where the next slope begins
    slopes = []
    for x, y in sums:
        (x0, y0), (x1, y1) = hull[-1], hull[-2]
        slopes.append((y1 - y0) / (x1 - x0))
        back = (x - 1, y - 1)
        if _turn(hull[-1], hull[-2], back) < 0:
            hull.pop()
            _turn_left(hull, back, ahead=True)
            hull.append(back)
    return np.array(slopes)


def _turn_left(hull: list[Point], point: Point, *, ahead: bool = False) -> None:
    """Drop the last points that would lie on or above the line from `point` past them."""
    sign = -1 if ahead else 1
    while len(hull) > 1 and sign * _turn(hull[-2], hull[-1], point) <= 0:
        hull.pop()


def _turn(a: Point, b: Point, c: Point) -> float:
    """Above 0 where the way from a over b to c turns left."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _floats(values: FloatArray) -> tuple[float, ...]:
    return tuple(values.tolist())
