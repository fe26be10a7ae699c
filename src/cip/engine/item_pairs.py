"""Which items the same customers took, and how many of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis.expr.types import Table

from cip import columns as c
from cip.engine.arrays import numbers, texts
from cip.engine.connect import read_files
from cip.engine.days import day_number
from cip.engine.histories import known_before, of_kinds
from cip.engine.passes import plan_passes, run_passes
from cip.ports import EventStore
from cip.types import FloatArray, ObjectArray

MOST_ITEMS: Final = 500
"""So many items at most are paired: their pairs fit into memory whatever the data."""

_OTHER: Final = "other_id"
_CUSTOMERS: Final = "customers"
_ITEM: Final = (c.ITEM_ID,)
_PAIR: Final = (c.ITEM_ID, _OTHER)


@dataclass(frozen=True, slots=True)
class ItemPairs:
    """Pairs of items, each once with `first` < `second`, the most frequent pair first; each (n,).

    `both`: customers who took both in the window; `first_customers` and `second_customers`: those
    who took the one or the other; `customers`: everybody who took any item in the window.
    """

    first: ObjectArray
    second: ObjectArray
    both: FloatArray
    first_customers: FloatArray
    second_customers: FloatArray
    customers: int

    def __len__(self) -> int:
        return len(self.first)


def item_pairs(
    con: ibis.BaseBackend,
    store: EventStore,
    cutoff: datetime,
    *,
    kinds: Sequence[str],
    window_days: int,
    min_customers: int,
    most_pairs: int,
    rows_per_pass: int,
) -> ItemPairs:
    """Pairs taken by the same customer in [cutoff - window, cutoff), as known before the cutoff.

    Only interactions of these kinds; of items that at least `min_customers` customers took, the
    `MOST_ITEMS` most taken; of their pairs the `most_pairs` most frequent.  Equally frequent ones
    stand in order of their ids.

    Raises: ContractError C-202 for a cutoff that is no midnight; NotReadyError C-206 without
    interactions.
    """
    day_number(cutoff, store.zone)  # is it a midnight?
    passes = plan_passes(con, store, rows_per_pass, "interactions")
    since = (cutoff - timedelta(days=window_days)).astimezone(UTC)

    def taken(buckets: Sequence[int]) -> Table:
        rows = read_files(con, store.files("interactions", buckets))
        known = known_before(of_kinds(rows, kinds), cutoff)
        inside = known.filter(known[c.OCCURRED_AT] >= ibis.literal(since))
        return inside.select(c.CUSTOMER_ID, c.ITEM_ID).distinct()

    def by_item(buckets: Sequence[int]) -> pa.Table:
        met = taken(buckets)
        return met.group_by(c.ITEM_ID).aggregate(met.count().name(_CUSTOMERS)).to_pyarrow()

    def everybody(buckets: Sequence[int]) -> pa.Table:
        met = taken(buckets)
        return met.aggregate(met[c.CUSTOMER_ID].nunique().name(_CUSTOMERS)).to_pyarrow()

    items = _most(_added(run_passes(passes, by_item, None), _ITEM), MOST_ITEMS)
    items = items.filter(pc.field(_CUSTOMERS) >= min_customers)
    wanted = items[c.ITEM_ID].to_pylist()

    def by_pair(buckets: Sequence[int]) -> pa.Table:
        return _paired(taken(buckets), wanted).to_pyarrow()

    found = [_NO_PAIRS, *(run_passes(passes, by_pair, None) if wanted else ())]
    counted = run_passes(passes, everybody, None)
    return _pairs(
        _most(_added(found, _PAIR), most_pairs),
        items,
        sum(rows[_CUSTOMERS][0].as_py() for rows in counted),
    )


def _paired(met: Table, wanted: Sequence[str]) -> Table:
    one = met.filter(met[c.ITEM_ID].isin(wanted))
    other = one.select(c.CUSTOMER_ID, one[c.ITEM_ID].name(_OTHER)).view()
    both = one.join(other, c.CUSTOMER_ID)
    both = both.filter(both[c.ITEM_ID] < both[_OTHER])
    return both.group_by(_PAIR).aggregate(both.count().name(_CUSTOMERS))


def _added(parts: Iterable[pa.Table], keys: Sequence[str]) -> pa.Table:
    """No customer is in two passes, so their counts add up."""
    rows = pa.concat_tables(part.select([*keys, _CUSTOMERS]).cast(_schema(keys)) for part in parts)
    added = rows.group_by(list(keys)).aggregate([(_CUSTOMERS, "sum")])
    return added.rename_columns([*keys, _CUSTOMERS])


def _schema(keys: Sequence[str]) -> pa.Schema:
    return pa.schema([*((key, pa.string()) for key in keys), (_CUSTOMERS, pa.int64())])


def _most(rows: pa.Table, most: int) -> pa.Table:
    """The rows with the most customers, those first; among equals in order of their ids."""
    keys = [(name, "ascending") for name in rows.column_names if name != _CUSTOMERS]
    return rows.sort_by([(_CUSTOMERS, "descending"), *keys]).slice(0, most)


def _pairs(found: pa.Table, items: pa.Table, customers: int) -> ItemPairs:
    first, second = texts(found, c.ITEM_ID), texts(found, _OTHER)
    took = dict(zip(texts(items, c.ITEM_ID), numbers(items, _CUSTOMERS), strict=True))
    return ItemPairs(
        first=first,
        second=second,
        both=numbers(found, _CUSTOMERS),
        first_customers=np.array([took[item] for item in first], dtype=np.float64),
        second_customers=np.array([took[item] for item in second], dtype=np.float64),
        customers=customers,
    )


_NO_PAIRS: Final = _schema(_PAIR).empty_table()
