"""Logistic recalibration of many weightings at once: how far log-odds are from what is seen.

`margin`: (c,) log-odds that were said, by group; `group` and `left`: (d, c) weight of all rows and
of those who left, in each of d draws.  Newton steps on all draws together; a draw that does not
come to rest, as where one class is empty or no mistake is made, is not a number.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import expit

from cip.types import FloatArray

_STEPS: Final = 25
_FLAT: Final = 1e-7
_LEAP: Final = 5.0  # a longer step in log-odds is a way out of nowhere


def recalibration_slope(margin: FloatArray, group: FloatArray, left: FloatArray) -> FloatArray:
    """(d,) the b of log-odds a + b times those said (Cox 1958); 1 is right."""
    x = margin - np.average(margin, weights=group.sum(axis=0))
    rows, leavers = _together(group), _together(left)
    rate = leavers.sum() / rows.sum()
    start = _rest(x, rows, leavers, np.array([[np.log(rate / (1 - rate)), 0.0]]))
    # each draw is near to all of them together: two or three steps from there will do
    return _rest(x, group, left, np.repeat(start, len(group), axis=0))[:, 1]


def _together(sums: FloatArray) -> FloatArray:
    """(1, c) of all draws."""
    total: FloatArray = sums.sum(axis=0, keepdims=True)
    return total


def _rest(x: FloatArray, group: FloatArray, left: FloatArray, start: FloatArray) -> FloatArray:
    """(d, 2) a and b of each draw, from those of `start`; not a number where they do not rest."""
    a, b = start.T
    done = np.zeros(len(group), dtype=np.bool_)
    for _ in range(_STEPS):
        q = expit(a[:, None] + b[:, None] * x)
        miss, bend = left - group * q, group * q * (1 - q)
        g0, g1 = miss.sum(axis=1), (miss * x).sum(axis=1)
        h0, h1, h2 = bend.sum(axis=1), (bend * x).sum(axis=1), (bend * x * x).sum(axis=1)
        size = h0 * h2 - h1 * h1
        step_a, step_b = (h2 * g0 - h1 * g1) / size, (h0 * g1 - h1 * g0) / size
        done = (np.abs(step_a) < _FLAT) & (np.abs(step_b) < _FLAT)
        if done.all():
            break
        a, b = a + np.clip(step_a, -_LEAP, _LEAP), b + np.clip(step_b, -_LEAP, _LEAP)
    return np.where(done[:, None], np.stack([a, b], axis=1), np.nan)


def recalibration_intercept(margin: FloatArray, group: FloatArray, left: FloatArray) -> FloatArray:
    """(d,) the a of log-odds a + those said, the slope held at 1 (Van Calster 2019); 0 is right."""
    start = _shift(margin, _together(group), _together(left), np.zeros(1))
    return _shift(margin, group, left, np.repeat(start, len(group)))


def _shift(
    margin: FloatArray, group: FloatArray, left: FloatArray, start: FloatArray
) -> FloatArray:
    """(d,) the a of each draw, from that of `start`; not a number where it does not rest."""
    a = start
    done = np.zeros(len(group), dtype=np.bool_)
    for _ in range(_STEPS):
        q = expit(margin + a[:, None])
        step = (left - group * q).sum(axis=1) / (group * q * (1 - q)).sum(axis=1)
        done = np.abs(step) < _FLAT
        if done.all():
            break
        a = a + np.clip(step, -_LEAP, _LEAP)
    return np.where(done, a, np.nan)
