"""Passes over the store: as many customer buckets at once as the row budget allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import ibis
import pyarrow as pa

from cip.contract.tables import TableName
from cip.engine.connect import in_one_pass
from cip.errors import NotReadyError
from cip.ports import EventStore

OnPass = Callable[[int, int, int], None]
"""Hears of every finished pass: its number from 1, of how many, and the rows that came out."""

_EVENTS: Final[tuple[TableName, ...]] = ("transactions", "interactions", "subscriptions")


def plan_passes(
    con: ibis.BaseBackend,
    store: EventStore,
    rows_per_pass: int,
    *tables: TableName,
) -> list[list[int]]:
    """Groups of buckets in rising order, each within `rows_per_pass` rows or a single bucket.

    An engine that divides its work by itself takes all of them at once.  Rows are those of all
    events; buckets without rows of any of `tables` hold nobody who could be shown.

    Raises: NotReadyError C-206 when one of these was not loaded.
    """
    wanted: Counter[int] = Counter()
    for table in tables:
        rows = store.rows_by_bucket(table) if store.has(table) else {}
        if not any(rows.values()):
            raise NotReadyError("C-206", f"no {table} were loaded.", "load data: `cip ingest`")
        wanted.update(rows)
    if in_one_pass(con):
        return [sorted(bucket for bucket, rows in wanted.items() if rows)]
    sizes: Counter[int] = Counter()
    for name in _EVENTS:
        if store.has(name):
            sizes.update(store.rows_by_bucket(name))
    return in_groups({b: sizes[b] for b, rows in wanted.items() if rows}, rows_per_pass)


def in_groups(sizes: Mapping[int, int], rows_per_pass: int) -> list[list[int]]:
    """Buckets in rising order, those of a group with `rows_per_pass` rows or a single bucket."""
    groups: list[list[int]] = []
    room = 0
    for bucket in sorted(sizes):
        if sizes[bucket] > room or not groups:
            groups.append([])
            room = rows_per_pass
        groups[-1].append(bucket)
        room -= sizes[bucket]
    return groups


def run_passes(
    passes: Sequence[Sequence[int]],
    compute: Callable[[Sequence[int]], pa.Table],
    on_pass: OnPass | None,
) -> Iterator[pa.Table]:
    """What `compute` makes of each group of buckets, one after the other."""
    for number, buckets in enumerate(passes, start=1):
        made = compute(buckets)
        if on_pass is not None:
            on_pass(number, len(passes), made.num_rows)
        yield made
