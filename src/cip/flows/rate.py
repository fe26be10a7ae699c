"""Predicted ratings, judged on the ratings of the last weeks; they never rank a list."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cip import columns as c
from cip.contract.config import Config
from cip.engine.days import day_number
from cip.flows.arrow import objects
from cip.models.recommend.evaluate_ratings import RatingEvaluation, evaluate_ratings
from cip.models.recommend.interactions import IdTable
from cip.models.recommend.ratings import RatingModel, Ratings, fit_bias, ratings_of
from cip.types import Calendar


def rate_items(
    given: pa.Table, known_items: IdTable, calendar: Calendar, config: Config
) -> tuple[RatingModel | None, RatingEvaluation | None]:
    """The biases fitted on all ratings, and how those fitted earlier did; None without ratings.

    `given`: `customer_id`, `item_id`, `stars`, `day`, as known at the scoring cutoff.
    """
    if given.num_rows == 0:
        return None, None
    customers = IdTable(np.unique(objects(given[c.CUSTOMER_ID])))
    items = IdTable(np.unique(np.concatenate([objects(given[c.ITEM_ID]), known_items.ids])))
    model = fit_bias(_ratings(given, customers, items))
    since = day_number(calendar.score) - config.recommend.horizon_days
    recent = given["day"].to_numpy() >= since
    if recent.all() or not recent.any():
        return model, None
    earlier = fit_bias(_ratings(given.filter(pa.array(~recent)), customers, items))
    test = _ratings(given.filter(pa.array(recent)), customers, items)
    run = config.run
    return model, evaluate_ratings(earlier, earlier, test, seed=run.seed, draws=run.draws)


def _ratings(given: pa.Table, customers: IdTable, items: IdTable) -> Ratings:
    return ratings_of(
        objects(given[c.CUSTOMER_ID]),
        objects(given[c.ITEM_ID]),
        given["stars"].to_numpy(),
        customers,
        items,
    )
