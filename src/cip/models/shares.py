"""Shares of independent rows, with their intervals."""

from __future__ import annotations

from typing import Final

import numpy as np

from cip.types import BoolArray, Estimate

_Z95: Final = 1.959963984540054


def share_of(rows: BoolArray) -> Estimate:
    """The share of the rows that are true; the reason says so where there are none."""
    return share(int(np.count_nonzero(rows)), len(rows), "no rows")


def share(part: int, whole: int, without: str) -> Estimate:
    """`part` of `whole` with its 95 % interval (Wilson 1927); `without`: the reason for none."""
    if whole == 0:
        nothing = float("nan")
        return Estimate(nothing, nothing, nothing, unit="share", reason=without)
    value, weight = part / whole, _Z95**2 / whole
    middle = (value + weight / 2) / (1 + weight)
    half = _Z95 * (value * (1 - value) / whole + weight / (4 * whole)) ** 0.5 / (1 + weight)
    return Estimate(value, max(middle - half, 0.0), min(middle + half, 1.0), unit="share")
