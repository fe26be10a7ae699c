"""Maximum likelihood in log-parameters: fit, checks, and the covariance or why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, minimize

from cip.errors import ModelError
from cip.types import BoolArray, FloatArray

Objective = Callable[[FloatArray], tuple[float, FloatArray]]

_FLAT = 1e-4  # largest gradient per customer that still counts as an optimum
_ATTEMPTS = 5
_STEP = 1e-4  # in log-parameters, for the Hessian
_WORST_CONDITION = 1e10


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where the likelihood is greatest.

    `theta`: (k,) log-parameters; `log_likelihood`: summed over customers; `covariance`: (k, k) of
    `theta`, or None and then `reason` says why.  A parameter that ran to its bound is held there:
    its row and column are zero.
    """

    theta: FloatArray
    log_likelihood: float
    covariance: FloatArray | None
    reason: str


def maximise(
    objective: Objective, start: FloatArray, bounds: Bounds, customers: int, model: str
) -> Optimum:
    """The optimum of a likelihood; `objective` gives minus its mean per customer and the gradient.

    Raises ModelError V-101 when the search ends where the slope is not flat.
    """
    theta, worst = start, np.inf
    for _ in range(_ATTEMPTS):
        theta = _searched(objective, theta, bounds)
        value, slope = objective(theta)
        free = (theta > bounds.lb + _STEP) & (theta < bounds.ub - _STEP)
        worst = float(np.abs(slope[free]).max(initial=0.0)) if np.isfinite(value) else np.inf
        if worst < _FLAT:
            covariance, reason = _covariance(objective, theta, free, customers)
            return Optimum(theta, -value * customers, covariance, reason)
    raise ModelError(
        "V-101",
        f"{model}: the search for the likeliest parameters stopped on a slope of {worst:.2g} "
        f"at log-parameters {np.round(theta, 2).tolist()}",
        "look for impossible values among the customers: ages, purchase counts or amounts "
        "thousands of times the usual",
    )


def _searched(objective: Objective, start: FloatArray, bounds: Bounds) -> FloatArray:
    """(k,) where one search ends; along a ridge it may stop early, and begun anew it goes on."""
    found = minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"gtol": 1e-8, "ftol": 1e-15, "maxiter": 1000, "maxfun": 5000},
    )
    return np.asarray(found.x, dtype=np.float64)


def _covariance(
    objective: Objective, theta: FloatArray, free: BoolArray, customers: int
) -> tuple[FloatArray | None, str]:
    """Inverse Hessian over the free parameters, zero for those at a bound; or None and a reason."""
    if not free.any():
        return None, "every parameter ran to its bound"
    steps = _STEP * np.eye(len(theta))[free]
    rows = [(objective(theta + s)[1] - objective(theta - s)[1])[free] / (2 * _STEP) for s in steps]
    hessian = customers * np.array(rows)
    hessian = (hessian + hessian.T) / 2
    curvature = np.linalg.eigvalsh(hessian)
    if not curvature[0] > curvature[-1] / _WORST_CONDITION:
        return None, "the likelihood is flat: the data do not tell the parameters apart"
    covariance = np.zeros((len(theta), len(theta)))
    covariance[np.ix_(free, free)] = np.linalg.inv(hessian)
    return covariance, ""
