"""Logistic regression: fitted by scikit-learn, kept as JSON, explained in closed form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final, Self

import numpy as np
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from cip.models.churn.artefacts import file_named, unreadable
from cip.models.churn.candidates import LogisticConfig
from cip.types import BoolArray, FloatArray

FILE: Final = "linear.json"


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
        """(n,) log-odds."""
        return self.intercept + X @ self.weights

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


def fit_logistic(X: FloatArray, churned: BoolArray) -> LinearCore:
    """Penalised logistic regression; the Newton solver is exact and draws nothing at random."""
    if X.shape[1] == 0:  # no feature varies
        return fit_base_rate(churned)
    config = LogisticConfig()
    model = LogisticRegression(C=config.C, solver="newton-cholesky")
    model.fit(X, churned)
    weights = np.asarray(model.coef_[0], dtype=np.float64)
    return LinearCore(float(model.intercept_[0]), weights, X.mean(axis=0))
