"""What a list of probabilities says of the sum: how many will leave, and what goes with them."""

from __future__ import annotations

from typing import Final

import numpy as np

from cip.types import Estimate, FloatArray

_Z95: Final = 1.959963984540054


def forecast_sum(p_churn: FloatArray, worth: FloatArray, unit: str) -> Estimate:
    """The expected sum of `worth` over those who leave, with the 95 % interval of what may happen.

    The arrays are (n,); with a worth of 1 each it is the number of leavers.  The interval is that
    of a sum of independent events with these probabilities (variance p(1 - p) worth^2, normal), so
    it knows of no doubt about the probabilities, and of no storm that takes many at once: an
    outcome outside it says that one of the two was there.  Rows where either is NaN do not count;
    a reason where that leaves nobody.
    """
    known = ~(np.isnan(p_churn) | np.isnan(worth))
    if not known.any():
        nothing = float("nan")
        return Estimate(nothing, nothing, nothing, 0.95, unit, "nobody has a figure to add up")
    p, v = p_churn[known], worth[known]
    middle = float((p * v).sum())
    far = _Z95 * float(np.sqrt((p * (1 - p) * v**2).sum()))
    # no more can leave than are there, and no fewer than none
    least, most = float(np.minimum(v, 0).sum()), float(np.maximum(v, 0).sum())
    return Estimate(middle, max(middle - far, least), min(middle + far, most), 0.95, unit)
