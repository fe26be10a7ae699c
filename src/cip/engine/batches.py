"""Rows out of the engine in bounded memory, sorted as the lake wants them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from typing import Final

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from cip import columns as c
from cip.engine.bucket import BUCKETS

ROWS_AT_ONCE: Final = 400_000
"""About how many rows are looked at together: what fits beside everything else."""

_BATCH_ROWS: Final = 65_536


def bucket_groups(rows: int) -> list[range]:
    """The buckets in as few groups as keep a group of `rows` rows near `ROWS_AT_ONCE`."""
    groups = min(BUCKETS, max(1, ceil(rows / ROWS_AT_ONCE)))
    ends = [BUCKETS * place // groups for place in range(groups + 1)]
    return [range(first, end) for first, end in pairwise(ends)]


def in_buckets(rows: Table, buckets: range) -> Table:
    """The rows of these buckets; all of them when that is every bucket, or there are none."""
    if c.BUCKET not in rows.columns or len(buckets) == BUCKETS:
        return rows
    return rows.filter((rows[c.BUCKET] >= buckets.start) & (rows[c.BUCKET] < buckets.stop))


def sorted_batches(con: ibis.BaseBackend, rows: Table, keys: Sequence[str]) -> pa.RecordBatchReader:
    """The rows by bucket, then by `keys`; tables without customers by `keys` alone.

    The engine sorts, on disk where it has to, and hands over a batch at a time: run no other query
    on `con` before the last one.  (Ibis' own reader asks DuckDB for a method that version 2.0 no
    longer has.)
    """
    bucket = [ibis.asc(c.BUCKET)] if c.BUCKET in rows.columns else []
    query = con.compile(rows.order_by([*bucket, *keys]))
    reader: pa.RecordBatchReader = con.con.sql(query).to_arrow_reader(_BATCH_ROWS)
    return reader
