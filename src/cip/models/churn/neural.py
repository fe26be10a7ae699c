"""A neural network, to compare with: it has no exact reasons and no safe file."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logit
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

from cip.models.churn.candidates import NeuralConfig
from cip.models.churn.trees import SURE, not_servable
from cip.types import BoolArray, FloatArray


@dataclass(frozen=True)
class NeuralCore:
    """Networks that read the same columns, those `known`; their probabilities are averaged."""

    networks: tuple[Any, ...]
    known: BoolArray
    tolerance = 0.0

    @property
    def width(self) -> int:
        """Encoded columns read."""
        return len(self.known)

    def margin(self, X: FloatArray) -> FloatArray:
        """(n,) log-odds, within those of `SURE`."""
        if len(X) == 0:
            return np.zeros(0)
        X = X[:, self.known]
        p = np.mean([network.predict_proba(X)[:, 1] for network in self.networks], axis=0)
        return np.asarray(logit(np.clip(p, SURE, 1 - SURE)), dtype=np.float64)

    def contributions(self, X: FloatArray) -> tuple[float, FloatArray]:
        """Always a ModelError."""
        raise not_servable(f"explain {len(X)} rows")

    def files(self) -> dict[str, bytes]:
        """Always a ModelError."""
        raise not_servable("write files")


def fit_neural(X: FloatArray, churned: BoolArray, seed: int) -> NeuralCore:
    """The same networks for the same rows and seed; numbers become normal by their rank first."""
    config = NeuralConfig.for_rows(len(churned))
    ranks = min(200, len(churned))
    reader = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True),
        QuantileTransformer(n_quantiles=ranks, output_distribution="normal", random_state=seed),
    )
    # a column that nobody had in training says nothing later
    known: BoolArray = np.asarray(~np.isnan(X).all(axis=0))
    read = reader.fit_transform(X[:, known])
    networks = [_network(config, seed + place, read, churned) for place in range(config.networks)]
    return NeuralCore(tuple(make_pipeline(reader, one) for one in networks), known)


def _network(config: NeuralConfig, seed: int, X: FloatArray, churned: BoolArray) -> MLPClassifier:
    network = MLPClassifier(
        config.layers,
        alpha=config.alpha,
        batch_size=min(config.batch, len(churned)),
        max_iter=config.epochs,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # so many epochs and no more: running on until nothing changes would learn the noise
        warnings.simplefilter("ignore", ConvergenceWarning)
        return network.fit(X, churned)
