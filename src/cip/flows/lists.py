"""The table of lists that a run publishes: one row a customer and place, best first."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cip import columns as c
from cip.flows.arrow import codes_of
from cip.models.recommend.ease import Ease
from cip.models.recommend.interactions import IdTable, Interactions
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
    everybody = replace(
        known, customers=customers, customer=customers.codes(known.customers.ids)[known.customer]
    )
    asked = customers.codes(scored)
    words = _Words(texts, known.items)
    blocks = recommend_many(*models, everybody, ListRules(k=k), customers=asked)
    listed = [_columns(block, customers.ids, known.items.ids, words) for block in blocks]
    return pa.concat_tables(listed) if listed else _SCHEMA.empty_table()


class _Words:
    """What items are called and which kind they are: (items,) each, in the order of the table."""

    def __init__(self, texts: pa.Table, items: IdTable) -> None:
        place = dict(zip(texts[c.ITEM_ID].to_pylist(), range(texts.num_rows), strict=True))
        rows = pa.array([place.get(item) for item in items.ids], pa.int64())
        self.title = pc.coalesce(texts[c.TITLE].take(rows), pa.array(items.ids, pa.string()))
        self.category = texts[c.CATEGORY].take(rows)


def _columns(block: Lists, customers: ObjectArray, items: ObjectArray, words: _Words) -> pa.Table:
    at, place = np.nonzero(block.item != NONE)
    item, because = pa.array(block.item[at, place]), block.because[at, place]
    reason = pa.array(because, mask=because == NONE)
    return pa.table(
        {
            c.CUSTOMER_ID: pa.array(customers, pa.string()).take(pa.array(block.customer[at])),
            "place": place + 1,
            c.ITEM_ID: pa.array(items, pa.string()).take(item),
            c.TITLE: words.title.take(item),
            c.CATEGORY: words.category.take(item),
            "fit": block.fit[at, place],
            "because": words.title.take(reason),
            "is_fallback": block.popular[at, place],
            "predicted_rating": pa.nulls(len(at), pa.float64()),
        },
        schema=_SCHEMA,
    )


def with_ratings(table: pa.Table, model: RatingModel) -> pa.Table:
    """The lists with the rating that each customer is expected to give."""
    customer = codes_of(table[c.CUSTOMER_ID], model.customers)
    item = codes_of(table[c.ITEM_ID], model.items)
    predicted = model.predict(customer, item)
    place = table.schema.get_field_index("predicted_rating")
    return table.set_column(place, "predicted_rating", pa.array(predicted))
