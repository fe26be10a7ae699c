"""Passes over the store: as many customer buckets at once as the row budget allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa

from cip.errors import NotReadyError
from cip.ports import EventStore

OnPass = Callable[[int, int, int], None]
"""Hears of every finished pass: its number from 1, of how many, and the rows that came out."""


def plan_passes(store: EventStore, rows_per_pass: int) -> list[list[int]]:
    """Groups of buckets in rising order, each within `rows_per_pass` rows or a single bucket.

    Rows are those of transactions and interactions; buckets without transactions hold nobody
    whom a snapshot could show.

    Raises: NotReadyError C-206 when no transactions were loaded.
    """
    paying = store.rows_by_bucket("transactions") if store.has("transactions") else {}
    if not any(paying.values()):
        raise NotReadyError("C-206", "no transactions were loaded.", "load data: `cip ingest`")
    acting = store.rows_by_bucket("interactions") if store.has("interactions") else {}
    passes: list[list[int]] = []
    room = 0
    for bucket in sorted(bucket for bucket, rows in paying.items() if rows):
        rows = paying[bucket] + acting.get(bucket, 0)
        if rows > room or not passes:
            passes.append([])
            room = rows_per_pass
        passes[-1].append(bucket)
        room -= rows
    return passes


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
