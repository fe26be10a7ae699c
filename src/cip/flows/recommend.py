"""What to offer next: lists judged on the last weeks, then made anew from everything known.

Personal lists serve only where they were shown to beat recent popularity; else everybody gets
what is popular, and the run says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cip import columns as c
from cip.contract.config import Config
from cip.engine.histories import consumed, histories, item_texts, ratings
from cip.errors import ModelError
from cip.flows.arrow import codes_of, ids_of
from cip.flows.lists import list_table, with_ratings
from cip.flows.rate import Rated, rate_items
from cip.models.recommend.ease import Ease, fit_ease
from cip.models.recommend.evaluate import ListEvaluation, evaluate_lists
from cip.models.recommend.interactions import IdTable, Interactions
from cip.models.recommend.metrics import LIST_METRIC
from cip.models.recommend.popularity import Popularity, fit_popularity
from cip.ports import EventStore
from cip.types import Calendar, Estimate, ObjectArray


@dataclass(frozen=True)
class Recommendations:
    """The lists of the scored customers, how lists were judged, and the models behind them.

    `ease` is there where personal lists serve; `ratings`: the last rating of each customer and
    item.
    """

    table: pa.Table
    evaluation: ListEvaluation
    ease: Ease | None
    popularity: Popularity
    rated: Rated | None
    ratings: pa.Table
    items: int

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        judged = self.evaluation
        return {
            "label": "recency-weighted EASE" if self.ease else "recent popularity",
            "personal": self.ease is not None,
            "verdict": judged.verdict.as_dict(),
            "k": judged.k,
            "items": self.items,
            "listed_items": pc.count_distinct(self.table[c.ITEM_ID]).as_py(),
            "customers": judged.customers,
            "metrics": _estimates(judged.model),
            "baseline": _estimates(judged.popularity),
            "metric_words": {name: m.description for name, m in LIST_METRIC.items()},
            "cold": [
                {
                    "history": row.label,
                    "from": row.fewest,
                    "customers": row.customers,
                    "ndcg": row.model["ndcg"].as_dict(),
                    "baseline_ndcg": row.popularity["ndcg"].as_dict(),
                }
                for row in judged.cold_start
            ],
            "coverage": judged.model["coverage"].as_dict(),
            "ratings": self._ratings(),
        }

    def _ratings(self) -> dict[str, Any] | None:
        if self.rated is None or self.rated.evaluation is None:
            return None
        judged = self.rated.evaluation
        return {
            "label": self.rated.label,
            "rmse": judged.rmse.as_dict(),
            "baseline_rmse": judged.rmse_mean.as_dict(),
            "ratings": self.ratings.num_rows,
            "verdict": judged.verdict.as_dict(),
            "sentence": judged.sentence,
            "choice": self.rated.choice,
        }


def recommend_items(
    con: ibis.BaseBackend,
    store: EventStore,
    calendar: Calendar,
    scored: ObjectArray,
    config: Config,
) -> Recommendations | str:
    """Lists for the customers `scored`, or a sentence that says why there are none."""
    if not store.has("interactions") or not store.has("items"):
        return "Lists need interactions with items, and a table of items."
    rules = config.recommend
    try:
        evaluation = _evaluate(con, store, calendar, config)
        met = histories(con, store, calendar.score, kinds=rules.kinds)
        known = _interactions(met, ids_of(met[c.CUSTOMER_ID]), ids_of(met[c.ITEM_ID]))
        popularity = fit_popularity(known, rules.window_days)
        personal = evaluation.verdict.word == "useful"
        ease = fit_ease(known, half_life_days=rules.half_life_days) if personal else None
    except ModelError as error:
        return f"{error.message} {error.hint}".strip()
    given = ratings(con, store, calendar.score)
    rated = rate_items(given, known.items, calendar, config)
    table = list_table(known, (ease, popularity), scored, item_texts(con, store), rules.k)
    return Recommendations(
        table=table if rated is None else with_ratings(table, rated.model),
        evaluation=evaluation,
        ease=ease,
        popularity=popularity,
        rated=rated,
        ratings=given,
        items=len(known.items),
    )


def _evaluate(
    con: ibis.BaseBackend, store: EventStore, calendar: Calendar, config: Config
) -> ListEvaluation:
    """Lists from what was known some weeks ago, against what was taken since."""
    rules = config.recommend
    cutoff = calendar.score - timedelta(days=rules.horizon_days)
    past = histories(con, store, cutoff, kinds=rules.kinds)
    taken = consumed(con, store, cutoff, rules.horizon_days, kinds=rules.kinds)
    customers = ids_of(past[c.CUSTOMER_ID], taken[c.CUSTOMER_ID])
    items = ids_of(past[c.ITEM_ID], taken[c.ITEM_ID])
    history = _interactions(past, customers, items)
    future = Interactions(
        customers,
        items,
        codes_of(taken[c.CUSTOMER_ID], customers),
        codes_of(taken[c.ITEM_ID], items),
        np.zeros(taken.num_rows),
        np.ones(taken.num_rows),
    )
    return evaluate_lists(
        fit_ease(history, half_life_days=rules.half_life_days),
        fit_popularity(history, rules.window_days),
        history,
        future,
        rules.k,
        seed=config.run.seed,
        draws=config.run.draws,
    )


def _interactions(rows: pa.Table, customers: IdTable, items: IdTable) -> Interactions:
    return Interactions(
        customers,
        items,
        codes_of(rows[c.CUSTOMER_ID], customers),
        codes_of(rows[c.ITEM_ID], items),
        rows["days_ago"].to_numpy(),
        rows["weight"].to_numpy(),
    )


def _estimates(figures: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: figure.as_dict() for name, figure in figures.items()}
