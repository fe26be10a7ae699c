"""Rows out of the engine in bounded memory, sorted as the lake wants them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from cip import columns as c
from cip.engine.bucket import BUCKETS

_AT_ONCE: Final = 8


def sorted_batches(rows: Table, keys: Sequence[str]) -> pa.RecordBatchReader:
    """The rows by bucket, then by `keys`; tables without customers by `keys` alone.

    A few buckets are in memory at a time.  (Ibis' own reader asks DuckDB for a method that
    version 2.0 no longer has.)
    """
    if c.BUCKET not in rows.columns:
        return rows.order_by(list(keys)).to_pyarrow().to_reader()
    schema = rows.limit(0).to_pyarrow().schema
    return pa.RecordBatchReader.from_batches(schema, _by_bucket(rows, keys))


def _by_bucket(rows: Table, keys: Sequence[str]) -> Iterator[pa.RecordBatch]:
    for first in range(0, BUCKETS, _AT_ONCE):
        inside = (rows[c.BUCKET] >= first) & (rows[c.BUCKET] < first + _AT_ONCE)
        some = rows.filter(inside).order_by([ibis.asc(c.BUCKET), *keys])
        yield from some.to_pyarrow().to_batches()
