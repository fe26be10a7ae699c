"""Logistic regression: fitted block by block, kept as JSON, explained in closed form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from cip.models.churn.artefacts import file_named, unreadable
from cip.models.churn.candidates import LogisticConfig
from cip.models.churn.newton import Blocks, newton
from cip.models.churn.settings import DEFAULT, Factors, scaled
from cip.models.encode import BLOCK_ROWS, Encoder
from cip.types import BoolArray, FloatArray

FILE: Final = "linear.json"
KEPT_ROWS: Final = 2 * BLOCK_ROWS


@dataclass(frozen=True)
class LinearCore:
    """`intercept + X @ weights`; `means` are the training means of the k encoded columns."""

    intercept: float
    weights: FloatArray
    means: FloatArray
    tolerance = 1e-9

    @property
    def width(self) -> int:
        """Encoded columns read."""
        return len(self.weights)

    def margin(self, X: FloatArray) -> FloatArray:
        """(n,) log-odds; a row's are the same to the last bit alone and among others."""
        # not `X @ weights`: BLAS adds a row up in an order that depends on how many rows there are
        margin: FloatArray = self.intercept + (X * self.weights).sum(axis=1)
        return margin

    def contributions(self, X: FloatArray) -> tuple[float, FloatArray]:
        """The margin of the training mean, and (n, k) distances from it: exact SHAP values.

        For a linear model with columns taken as independent (Lundberg and Lee 2017, corollary 1).
        """
        return self.intercept + float(self.means @ self.weights), (X - self.means) * self.weights

    def files(self) -> dict[str, bytes]:
        """One JSON file; floats keep every bit."""
        fields = {k: v if isinstance(v, float) else v.tolist() for k, v in asdict(self).items()}
        return {FILE: json.dumps(fields, allow_nan=False).encode()}

    @classmethod
    def read(cls, files: Mapping[str, bytes]) -> Self:
        """The model `files` wrote; ModelError if it is something else."""
        try:
            given = json.loads(file_named(files, FILE))
            weights, means = (np.array(given[k], dtype=np.float64) for k in ("weights", "means"))
            return cls(float(given["intercept"]), weights, means)
        except (ValueError, TypeError, KeyError) as error:
            raise unreadable(FILE, error) from error


def fit_base_rate(churned: BoolArray) -> LinearCore:
    """Says the training rate to everybody; reads no columns."""
    return LinearCore(float(logit(churned.mean())), np.zeros(0), np.zeros(0))


def fit_logistic(
    encoder: Encoder,
    columns: Mapping[str, NDArray[Any]],
    churned: BoolArray,
    factors: Factors = DEFAULT,
) -> LinearCore:
    """Penalised logistic regression on raw `columns`; draws nothing at random.

    The rows are encoded anew at each step, since 700,000 encoded rows would fill 3 GB.  A start
    from every so-manieth row saves steps and leaves the solution what it is.
    """
    width, stride = len(encoder.outputs), len(churned) // BLOCK_ROWS
    if width == 0:  # no feature varies
        return fit_base_rate(churned)
    penalty = 1 / scaled(LogisticConfig(), factors).C
    start = np.append(np.zeros(width), logit(churned.mean()))
    some = churned[:: stride or 1]
    if stride > 1 and some.any() and not some.all():
        fewer = {name: columns[name][::stride] for name in encoder.features}
        start = newton(_blocks(encoder, fewer), some, penalty, start)
    blocks = _blocks(encoder, {name: columns[name] for name in encoder.features})
    weights = newton(blocks, churned, penalty, start)
    means: FloatArray = np.sum([X.sum(axis=0) for X in blocks()], axis=0) / len(churned)
    return LinearCore(float(weights[-1]), weights[:-1], means)


def _blocks(encoder: Encoder, columns: Mapping[str, NDArray[Any]]) -> Blocks:
    """Encoded once where the rows are few, else each time they are read."""
    rows = len(next(iter(columns.values())))
    if rows > KEPT_ROWS:
        return lambda: encoder.blocks(columns)
    kept = list(encoder.blocks(columns))
    return lambda: kept
