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
    rows, leavers = group.sum(axis=1), left.sum(axis=1)
    x = margin - (group @ margin / rows)[:, None]
    rate = leavers / rows
    a, b = np.log(rate / (1 - rate)), np.zeros_like(rate)
    done = np.zeros(len(rate), dtype=np.bool_)
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
    return np.where(done, b, np.nan)


def recalibration_intercept(margin: FloatArray, group: FloatArray, left: FloatArray) -> FloatArray:
    """(d,) the a of log-odds a + those said, the slope held at 1 (Van Calster 2019); 0 is right."""
    a = np.zeros(len(group))
    done = np.zeros(len(group), dtype=np.bool_)
    for _ in range(_STEPS):
        q = expit(margin + a[:, None])
        step = (left - group * q).sum(axis=1) / (group * q * (1 - q)).sum(axis=1)
        done = np.abs(step) < _FLAT
        if done.all():
            break
        a = a + np.clip(step, -_LEAP, _LEAP)
    return np.where(done, a, np.nan)
