"""What intervals of every value model share: parameters redrawn, and quantiles of the futures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cip.types import Estimate, FloatArray


def redrawn(
    parameters: FloatArray, covariance: FloatArray, draws: int, rng: np.random.Generator
) -> FloatArray:
    """(draws, k): log-normal about the (k,) parameters; `covariance` (k, k) is of their logs."""
    centre = np.log(parameters)
    return np.exp(rng.multivariate_normal(centre, covariance, size=draws, method="eigh"))


def over_futures(total: float, totals: Sequence[float], level: float, currency: str) -> Estimate:
    """The expected total, and the equal-tailed interval of the totals of drawn futures."""
    tails = (1 - level) / 2
    # Weibull's plotting position: a new total falls in with the nominal probability at any `draws`
    low, high = np.quantile(totals, [tails, 1 - tails], method="weibull")
    return Estimate(total, float(low), float(high), level, currency)
