"""How far predicted ratings are from given ones, against the mean and the biases alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from cip.models.recommend.ratings import RatingModel, Ratings
from cip.models.recommend.verdict import JUDGING_LEVEL
from cip.models.resample import bootstrap_weights
from cip.types import Estimate, FloatArray, IntArray, Verdict

NO_RATINGS: Final = "there are no ratings to compare with"


@dataclass(frozen=True, slots=True)
class RatingEvaluation:
    """How far predicted ratings were from given ones, in points of the rating scale.

    `rmse`: of the model; `rmse_mean`, `rmse_bias`: of everybody's mean and of the biases alone;
    `gain_mean`, `gain_bias`: their RMSE less the model's, paired; the first at the level that
    verdicts are given at.  `is_bias`: the model is the biases, so nothing is said against them.
    """

    rmse: Estimate
    rmse_mean: Estimate
    rmse_bias: Estimate
    gain_mean: Estimate
    gain_bias: Estimate
    is_bias: bool = False

    @property
    def sentence(self) -> str:
        """The same in words."""
        if self.rmse.reason:
            return f"Nothing can be said of predicted ratings: {self.rmse.reason}."
        said = (
            f"A predicted rating misses the given one by {self.rmse.value:.3f} points (root mean "
            f"square, {self.rmse.low:.3f} to {self.rmse.high:.3f}); the mean of all ratings misses "
            f"by {self.rmse_mean.value:.3f}"
        )
        if not self.is_bias:
            said += f", the biases of customer and item alone by {self.rmse_bias.value:.3f}"
        if not self.gain_mean.low > 0:
            return f"{said}. It is not shown to be better than the mean of all ratings."
        if self.is_bias:
            return f"{said}. It is better than the mean."
        if not self.gain_bias.low > 0:
            return (
                f"{said}. It is better than the mean, and not shown to be better than the biases."
            )
        return f"{said}. It is better than both."

    @property
    def verdict(self) -> Verdict:
        """Are predicted ratings better than the mean of all ratings?  Nominal error 1 %."""
        is_better = not self.rmse.reason and self.gain_mean.low > 0
        evidence = {"gain_mean": self.gain_mean}
        word = "useful" if is_better else "no signal"
        return Verdict("signal", word, self.sentence, evidence)


def evaluate_ratings(
    model: RatingModel,
    bias: RatingModel,
    test: Ratings,
    *,
    seed: int,
    draws: int,
    level: float = 0.95,
) -> RatingEvaluation:
    """The model's error on ratings it was not fitted on, against the mean and the biases.

    `bias` comes from `fit_bias` on the ratings the model was fitted on.  Root mean square over
    ratings; intervals resample customers.  Without ratings every figure carries a reason.
    """
    predicted = (
        model.predict(test.customer, test.item),
        np.full(len(test), model.mean),
        bias.predict(test.customer, test.item),
    )
    errors = np.stack([(p - test.rating) ** 2 for p in predicted], axis=1)
    drawn = _rmse_drawn(errors, test.customer, seed, draws)
    own, mean, biases = drawn.T
    return RatingEvaluation(
        rmse=_estimate(own, level),
        rmse_mean=_estimate(mean, level),
        rmse_bias=_estimate(biases, level),
        gain_mean=_estimate(mean - own, JUDGING_LEVEL),
        gain_bias=_estimate(biases - own, level),
        is_bias=not model.customer_factors.shape[1],
    )


def _rmse_drawn(errors: FloatArray, customer: IntArray, seed: int, draws: int) -> FloatArray:
    """(1 + draws, c) root mean squares: first of all rows, then of each resample."""
    if not len(errors):
        return np.full((1, errors.shape[1]), np.nan)
    blocks = bootstrap_weights(customer, seed=seed, draws=draws)
    sums = [(w @ errors) / w.sum(axis=1, keepdims=True) for w in blocks]
    drawn: FloatArray = np.sqrt(np.concatenate([errors.mean(axis=0, keepdims=True), *sums]))
    return drawn


def _estimate(drawn: FloatArray, level: float) -> Estimate:
    if not np.isfinite(drawn[0]):
        return Estimate(np.nan, np.nan, np.nan, level, "points", NO_RATINGS)
    low, high = np.quantile(drawn[1:], [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(drawn[0]), float(low), float(high), level, "points")
