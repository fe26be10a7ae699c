"""Whether one way of choosing is better than another: intervals of paired differences by fold.

Folds share most of their training rows, so the plain t interval of their differences is too
narrow.  The corrected resampled t interval adds the ratio of test to training rows to 1 / n (Nadeau
and Bengio 2003, "Inference for the generalization error", Machine Learning 52; for repeated folds
Bouckaert and Frank 2004).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from scipy import stats


def corrected_interval(
    differences: Sequence[float], folds: int, level: float = 0.95
) -> tuple[float, float]:
    """Low and high of the mean difference, of n differences by repeated `folds`-fold validation.

    half = t(n - 1) * sqrt((1 / n + 1 / (folds - 1)) * variance): a test fold has 1 / (folds - 1) of
    the rows that its model learns from.  Raises: ValueError with fewer than two differences.
    """
    n = len(differences)
    if n < 2 or folds < 2:
        raise ValueError(f"{n} differences of {folds} folds have no interval: two of each at least")
    mean, variance = float(np.mean(differences)), float(np.var(differences, ddof=1))
    spread = sqrt((1 / n + 1 / (folds - 1)) * variance)
    half = float(stats.t.ppf((1 + level) / 2, n - 1)) * spread
    return mean - half, mean + half
