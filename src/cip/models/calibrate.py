"""Calibration: a sigmoid over the margin, kept only where it is seen to help."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from cip.errors import ModelError
from cip.models.resample import customer_folds
from cip.types import BoolArray, FloatArray

FOLDS: Final = 5
FEWEST: Final = 20


@dataclass(frozen=True, slots=True)
class Calibration:
    """The calibrated margin is `a * margin + b`.

    `log_loss_before` and `log_loss_after` are what the choice was made on, if it was measured.
    """

    kind: Literal["none", "sigmoid"] = "none"
    a: float = 1.0
    b: float = 0.0
    log_loss_before: float | None = None
    log_loss_after: float | None = None

    def apply(self, margin: FloatArray) -> FloatArray:
        """(n,) calibrated margin."""
        return margin if self.kind == "none" else self.a * margin + self.b

    def to_json(self) -> str:
        """As text; floats keep every bit."""
        return json.dumps(asdict(self), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Calibration:
        """The calibration `to_json` wrote; ModelError if the text is something else."""
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise ModelError(
                "M-104",
                f"The calibration cannot be read: {type(error).__name__} {error}.",
                "The file is damaged or of another version: train again, or restore it.",
            ) from error


NO_CALIBRATION: Final = Calibration()


def fit_sigmoid(margin: FloatArray, churned: BoolArray) -> tuple[float, float]:
    """`(a, b)` such that expit(a * margin + b) has the least log loss on the rows given.

    The outcomes are drawn in a little (Platt 1999, equation 9; Lin, Lin and Weng 2007), so that
    perfect separation still has a finite answer.
    """
    left = int(np.count_nonzero(churned))
    stayed = len(churned) - left
    target = np.where(churned, (left + 1) / (left + 2), 1 / (stayed + 2))
    x = np.column_stack([margin, np.ones_like(margin)])

    def loss(ab: FloatArray) -> float:
        z = x @ ab
        return float(np.mean(np.logaddexp(0.0, z) - target * z))

    def slope(ab: FloatArray) -> FloatArray:
        step: FloatArray = (expit(x @ ab) - target) @ x / len(x)
        return step

    def bend(ab: FloatArray) -> FloatArray:
        q = expit(x @ ab)
        curvature: FloatArray = (x * (q * (1 - q))[:, None]).T @ x / len(x)
        return curvature

    found = minimize(loss, np.array([1.0, 0.0]), jac=slope, hess=bend, method="trust-exact")
    return float(found.x[0]), float(found.x[1])


def choose_calibration(
    margin: FloatArray, churned: BoolArray, customer_id: NDArray[Any], seed: int
) -> Calibration:
    """The sigmoid if it lowers the log loss of rows it was not fitted on, else no calibration.

    The arrays are (n,), from rows later than the training; each fifth of the customers is scored
    by a sigmoid of the others.  No calibration either where fewer than 20 left or stayed, or
    where a sigmoid would turn the ranking round.
    """
    if min(np.count_nonzero(churned), np.count_nonzero(~churned)) < FEWEST:
        return NO_CALIBRATION
    fold = customer_folds(customer_id, FOLDS, seed=seed)
    moved = np.empty_like(margin)
    for k in range(FOLDS):
        a, b = fit_sigmoid(margin[fold != k], churned[fold != k])
        moved[fold == k] = a * margin[fold == k] + b
    before, after = _log_loss(margin, churned), _log_loss(moved, churned)
    a, b = fit_sigmoid(margin, churned)
    if after < before and a > 0:
        return Calibration("sigmoid", a, b, before, after)
    return Calibration(log_loss_before=before, log_loss_after=after)


def _log_loss(margin: FloatArray, churned: BoolArray) -> float:
    return float(np.mean(np.logaddexp(0.0, margin) - np.where(churned, margin, 0.0)))
