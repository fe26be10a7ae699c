"""Penalised logistic regression by Newton's method, over rows that come block by block.

The rows of the encoded features need never be in memory at once: a step needs only sums over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve
from scipy.special import expit

from cip.errors import ModelError
from cip.types import BoolArray, FloatArray

Blocks = Callable[[], Iterable[FloatArray]]
"""The encoded rows from the first to the last, (m, k) at a time, as often as it is called."""

NEAR: Final = 1e-5  # a step squares the distance: after one as short as this, some 1e-10 is left
_MOST: Final = 100


@dataclass(frozen=True)
class _Sums:
    """What is made small, its (k + 1,) slope and its (k + 1, k + 1) curvature."""

    loss: float
    slope: FloatArray
    bend: FloatArray

    def step(self) -> FloatArray:
        step: FloatArray = solve(self.bend, -self.slope, assume_a="pos")
        return step


def newton(blocks: Blocks, churned: BoolArray, penalty: float, start: FloatArray) -> FloatArray:
    """(k + 1,) weights and, last, the intercept, which is not penalised.

    The least of the summed log loss plus `penalty` / 2 times the squared weights; a step that does
    not lower it is halved.  Both classes must occur in `churned`, (n,).
    """
    here, sums = start, _sums(blocks, churned, penalty, start)
    step = sums.step()
    for _ in range(_MOST):
        if np.abs(step).max() < NEAR:
            return here + step
        ahead = _sums(blocks, churned, penalty, here + step)
        if ahead.loss <= sums.loss:
            here, sums, step = here + step, ahead, ahead.step()
        else:
            step = step / 2
    raise ModelError(
        "M-125",
        f"Logistic regression did not settle in {_MOST} steps on {len(churned)} rows.",
        "Look for features with enormous or constant values, and report it if it stays.",
    )


def _sums(blocks: Blocks, churned: BoolArray, penalty: float, at: FloatArray) -> _Sums:
    ridge = np.append(np.full(len(at) - 1, penalty), 0.0)
    loss, slope, bend = float(ridge @ at**2) / 2, ridge * at, np.diag(ridge)
    first = 0
    for X in blocks():
        y = churned[first : first + len(X)]
        first += len(X)
        margin = X @ at[:-1] + at[-1]
        loss += float((np.logaddexp(0.0, margin) - margin * y).sum())
        p = expit(margin)
        slope += np.append(X.T @ (p - y), (p - y).sum())
        bend += _bend(X, np.sqrt(p * (1 - p)))
    return _Sums(loss, slope, bend)


def _bend(X: FloatArray, spread: FloatArray) -> NDArray[np.float32]:
    """(k + 1, k + 1); single precision turns a step by a millionth and moves no solution."""
    A = np.empty((len(X), X.shape[1] + 1), dtype=np.float32)
    np.multiply(X, spread[:, None], out=A[:, :-1], casting="same_kind")
    A[:, -1] = spread
    return A.T @ A
