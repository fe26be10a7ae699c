"""Penalised logistic regression by Newton's method, over rows that come block by block.

The rows of the encoded features need never be in memory at once: a step needs only sums over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

from cip.errors import ModelError
from cip.types import BoolArray, FloatArray

Blocks = Callable[[], Iterable[FloatArray]]
"""The encoded rows from the first to the last, (m, k) at a time, as often as it is called."""

NEAR: Final = 1e-5  # a step squares the distance: after one as short as this, some 1e-10 is left
_MOST: Final = 100
_STALE: Final = 0.25  # a curvature serves on while each step is that much shorter than the last
_DONE: Final = 1e-9


@dataclass(frozen=True)
class _Place:
    """What is made small, and its (k + 1,) slope."""

    loss: float
    slope: FloatArray


def newton(blocks: Blocks, churned: BoolArray, penalty: float, start: FloatArray) -> FloatArray:
    """(k + 1,) weights and, last, the intercept, which is not penalised.

    The least of the summed log loss plus `penalty` / 2 times the squared weights.  The curvature,
    which is nearly all of the cost, is computed anew only when steps by the last one shorten too
    little (Shamanskii 1967); a step that does not lower the loss is halved.  Both classes must
    occur in `churned`, (n,).
    """
    here, place = start, _place(blocks, churned, penalty, start)
    factor, fresh = cho_factor(_curvature(blocks, penalty, here)), True
    step = cho_solve(factor, -place.slope)
    for _ in range(_MOST):
        size = np.abs(step).max()
        if size < (NEAR if fresh else _DONE):
            return np.asarray(here + step)
        ahead = _place(blocks, churned, penalty, here + step)
        lower = ahead.loss <= place.loss
        if not lower and fresh:
            step = step / 2
            continue
        if lower:
            here, place = here + step, ahead
            step = cho_solve(factor, -place.slope)
        fresh = not lower or np.abs(step).max() > _STALE * size
        if fresh:
            factor = cho_factor(_curvature(blocks, penalty, here))
            step = cho_solve(factor, -place.slope)
    raise ModelError(
        "M-125",
        f"Logistic regression did not settle in {_MOST} steps on {len(churned)} rows.",
        "Look for features with enormous or constant values, and report it if it stays.",
    )


def _place(blocks: Blocks, churned: BoolArray, penalty: float, at: FloatArray) -> _Place:
    ridge = _ridge(penalty, at)
    loss, slope, first = float(ridge @ at**2) / 2, ridge * at, 0
    for X in blocks():
        y = churned[first : first + len(X)]
        first += len(X)
        margin = X @ at[:-1] + at[-1]
        loss += float((np.logaddexp(0.0, margin) - margin * y).sum())
        miss = expit(margin) - y
        slope += np.append(X.T @ miss, miss.sum())
    return _Place(loss, slope)


def _curvature(blocks: Blocks, penalty: float, at: FloatArray) -> FloatArray:
    """(k + 1, k + 1)."""
    bend: FloatArray = np.diag(_ridge(penalty, at))
    for X in blocks():
        p = expit(X @ at[:-1] + at[-1])
        bend += _bend(X, np.sqrt(p * (1 - p)))
    return bend


def _ridge(penalty: float, at: FloatArray) -> FloatArray:
    return np.append(np.full(len(at) - 1, penalty), 0.0)


def _bend(X: FloatArray, spread: FloatArray) -> NDArray[np.float32]:
    """(k + 1, k + 1); single precision turns a step by a millionth and moves no solution."""
    A = np.empty((len(X), X.shape[1] + 1), dtype=np.float32)
    np.multiply(X, spread[:, None], out=A[:, :-1], casting="same_kind")
    A[:, -1] = spread
    return A.T @ A
