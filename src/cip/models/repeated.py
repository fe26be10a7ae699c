"""Figures of repeated cross-validation: means over the repeats, with intervals over customers.

The repeats score the same customers, so they are no further evidence: each bootstrap draw takes the
same customers in every repeat, and the mean over repeats is resampled as one figure.  Repeating
takes out the luck of the folds, not that of who the customers are (Nadeau and Bengio 2003 say why
intervals that count repeats as new rows are too narrow).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cip.models.draws import Draws, Scored
from cip.models.evaluate import estimates, evaluate, every_metric
from cip.models.metrics import METRIC
from cip.models.resample import bootstrap_weights
from cip.types import BoolArray, Estimate, FloatArray


def evaluate_repeats(
    churned: BoolArray,
    predictions: Sequence[FloatArray],
    customer_id: NDArray[Any],
    *,
    threshold: float,
    seed: int,
    draws: int,
) -> dict[str, Estimate]:
    """Every metric by name: the mean over (n,) predictions of each repeat, with 95 % intervals.

    Of one repeat it is what `evaluate` says.
    """
    if len(predictions) == 1:
        return evaluate(
            churned, predictions[0], customer_id, threshold=threshold, seed=seed, draws=draws
        )
    scored = [Scored(churned, p, threshold) for p in predictions]
    value = _means(scored, np.ones((1, len(churned))))[0]
    blocks = bootstrap_weights(customer_id, seed=seed, draws=draws)
    return estimates(value, np.concatenate([_means(scored, weights) for weights in blocks]))


def each_repeat(
    churned: BoolArray, predictions: Sequence[FloatArray], metric: str
) -> tuple[float, ...]:
    """The metric of every repeat alone."""
    whole = np.ones((1, len(churned)))
    compute = METRIC[metric].compute
    return tuple(float(compute(Draws(Scored(churned, p), whole))[0]) for p in predictions)


def _means(scored: Sequence[Scored], weights: FloatArray) -> FloatArray:
    """(d, len(METRICS)) means over the repeats; not finite where a metric is undefined."""
    each = [every_metric(Draws(one, weights)) for one in scored]
    return np.asarray(np.mean(each, axis=0), dtype=np.float64)
