"""The table of lists that a run publishes: one row a customer and place, best first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa

from cip import columns as c
from cip.flows.arrow import objects
from cip.models.recommend.ease import Ease
from cip.models.recommend.interactions import IdTable, Interactions, interactions_of
from cip.models.recommend.lists import NONE, ListRules, Lists, recommend_many
from cip.models.recommend.popularity import Popularity
from cip.models.recommend.ratings import RatingModel
from cip.types import ObjectArray

_SCHEMA: Final = pa.schema(
    {
        c.CUSTOMER_ID: pa.string(),
        "place": pa.int64(),
        c.ITEM_ID: pa.string(),
        c.TITLE: pa.string(),
        c.CATEGORY: pa.string(),
        "fit": pa.float64(),
        "because": pa.string(),
        "is_fallback": pa.bool_(),
        "predicted_rating": pa.float64(),
    }
)


def list_table(
    known: Interactions,
    models: tuple[Ease | None, Popularity],
    scored: ObjectArray,
    texts: pa.Table,
    k: int,
) -> pa.Table:
    """Lists of `k` for the customers `scored`, those without a history among them.

    `texts`: `item_id`, `title`, `category` of the items.
    """
    customers = IdTable(np.unique(np.concatenate([known.customers.ids, scored]).astype(object)))
    everybody = interactions_of(
        known.customers.ids[known.customer],
        known.items.ids[known.item],
        known.days_ago,
        known.weight,
        customers=customers,
        items=known.items,
    )
    asked = customers.codes(scored)
    words = _Words(texts)
    blocks = recommend_many(*models, everybody, ListRules(k=k), customers=asked)
    rows = [row for block in blocks for row in _rows(block, customers.ids, known.items.ids, words)]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


class _Words:
    """What items are called and which kind they are."""

    def __init__(self, texts: pa.Table) -> None:
        ids = texts[c.ITEM_ID].to_pylist()
        self._title = dict(zip(ids, texts[c.TITLE].to_pylist(), strict=True))
        self.category = dict(zip(ids, texts[c.CATEGORY].to_pylist(), strict=True))

    def title(self, item_id: str) -> str:
        """The title, else the id."""
        return self._title.get(item_id) or item_id


def _rows(
    block: Lists, customers: ObjectArray, items: ObjectArray, words: _Words
) -> Iterator[dict[str, Any]]:
    for at, place in zip(*np.nonzero(block.item != NONE), strict=True):
        item_id, because = items[block.item[at, place]], block.because[at, place]
        yield {
            c.CUSTOMER_ID: customers[block.customer[at]],
            "place": int(place) + 1,
            c.ITEM_ID: item_id,
            c.TITLE: words.title(item_id),
            c.CATEGORY: words.category.get(item_id),
            "fit": float(block.fit[at, place]),
            "because": None if because == NONE else words.title(items[because]),
            "is_fallback": bool(block.popular[at, place]),
        }


def with_ratings(table: pa.Table, model: RatingModel) -> pa.Table:
    """The lists with the rating that each customer is expected to give."""
    customer = model.customers.codes(objects(table[c.CUSTOMER_ID]))
    item = model.items.codes(objects(table[c.ITEM_ID]))
    predicted = model.predict(customer, item)
    place = table.schema.get_field_index("predicted_rating")
    return table.set_column(place, "predicted_rating", pa.array(predicted))
