"""Predicted ratings: the way to make them is chosen on earlier weeks, judged on the last ones.

They never rank a list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cip import columns as c
from cip.contract.config import Config
from cip.engine.days import day_number
from cip.flows.arrow import codes_of, ids_of
from cip.models.recommend.evaluate_ratings import RatingEvaluation, evaluate_ratings
from cip.models.recommend.interactions import IdTable
from cip.models.recommend.ratings import RatingModel, Ratings, fit_bias, fit_svd
from cip.types import Calendar, Estimate

Fit = Callable[[Ratings], RatingModel]


@dataclass(frozen=True)
class Rated:
    """The model fitted on every rating, how its way did on the last weeks, and why that way."""

    model: RatingModel
    evaluation: RatingEvaluation | None
    label: str
    choice: str


def rate_items(
    given: pa.Table, known_items: IdTable, calendar: Calendar, config: Config
) -> Rated | None:
    """Predicted ratings in the way that `[recommend] ratings` names; None without ratings.

    `given`: `customer_id`, `item_id`, `stars`, `day`, as known at the scoring cutoff.
    """
    if given.num_rows == 0:
        return None
    history = _History(given, known_items, calendar, config)
    fit, label, choice = _way(history, config)
    model = fit(history.before(0))
    earlier, last = history.split(1)
    if not (len(earlier) and len(last)):
        return Rated(model, None, label, choice)
    judged = history.judged(fit(earlier), earlier, last)
    return Rated(model, judged, label, choice)


class _History:
    """The ratings, cut into horizons counted back from the scoring cutoff."""

    def __init__(
        self, given: pa.Table, known_items: IdTable, calendar: Calendar, config: Config
    ) -> None:
        self._customers = ids_of(given[c.CUSTOMER_ID])
        self._items = ids_of(given[c.ITEM_ID], pa.array(known_items.ids, pa.string()))
        self._given = given
        self._day = given["day"].to_numpy()
        self._end = day_number(calendar.score, config.workspace.time_zone)
        self._run, self._horizon = config.run, config.recommend.horizon_days

    def before(self, horizons: int) -> Ratings:
        """Ratings older than so many horizons."""
        return self._of(self._day < self._end - horizons * self._horizon)

    def split(self, horizons: int) -> tuple[Ratings, Ratings]:
        """Ratings older than so many horizons, and those of the one horizon that follows."""
        begin = self._end - horizons * self._horizon
        inside = (self._day >= begin) & (self._day < begin + self._horizon)
        return self.before(horizons), self._of(inside)

    def judged(self, model: RatingModel, earlier: Ratings, later: Ratings) -> RatingEvaluation:
        """The model, fitted on the earlier ratings, on the later ones."""
        bias = fit_bias(earlier)
        return evaluate_ratings(model, bias, later, seed=self._run.seed, draws=self._run.draws)

    def _of(self, rows: NDArray[np.bool_]) -> Ratings:
        taken = self._given.filter(pa.array(rows))
        return Ratings(
            self._customers,
            self._items,
            codes_of(taken[c.CUSTOMER_ID], self._customers),
            codes_of(taken[c.ITEM_ID], self._items),
            taken["stars"].to_numpy(),
        )


def _way(history: _History, config: Config) -> tuple[Fit, str, str]:
    """How ratings are predicted, its label, and why this way."""

    def svd(ratings: Ratings) -> RatingModel:
        return fit_svd(ratings, seed=config.run.seed)

    biases = "mean, customer's and item's own bias"
    factors = "matrix factorisation (Surprise SVD)"
    asked = config.recommend.ratings
    if asked == "svd":
        return svd, factors, "The settings ask for matrix factorisation."
    if asked == "bias":
        return fit_bias, biases, "The settings ask for the biases."
    if find_spec("surprise") is None:
        return fit_bias, biases, "Matrix factorisation was not tried: it needs the extra `ratings`."
    earlier, later = history.split(2)
    if not (len(earlier) and len(later)):
        return fit_bias, biases, "There are too few ratings to try matrix factorisation."
    gain = history.judged(svd(earlier), earlier, later).gain_bias
    return (svd, factors, _weighed(gain)) if gain.low > 0 else (fit_bias, biases, _weighed(gain))


def _weighed(gain: Estimate) -> str:
    """What factorisation was seen to gain over the biases, in points of the scale."""
    if gain.low > 0:
        said = f"misses by less than the biases: by {_points(gain.value, gain.low, gain.high)}"
    elif gain.high < 0:
        said = f"misses by more than the biases: by {_points(-gain.value, -gain.high, -gain.low)}"
    else:
        said = (
            f"is not shown to miss by less than the biases: by {_more_or_less(gain.value)} points "
            f"(between {_more_or_less(gain.low)} and {_more_or_less(gain.high)})"
        )
    return f"Matrix factorisation {said} on the weeks before."


def _points(value: float, low: float, high: float) -> str:
    return f"{value:.3f} points ({low:.3f} to {high:.3f})"


def _more_or_less(gain: float) -> str:
    return f"{abs(gain):.3f} {'less' if gain > 0 else 'more'}"
