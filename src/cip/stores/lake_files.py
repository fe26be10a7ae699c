"""Parquet files of a table of the lake, written one after the other: one is open at a time.

The Delta library's own writer keeps a file of every bucket open, and what it holds of each in
memory; rows that come sorted by bucket need not wait for each other.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.transaction import AddAction

from cip.columns import BUCKET, ROW_KEY

ROWS_IN_GROUP: Final = 131_072


def write_files(folder: Path, batches: pa.RecordBatchReader) -> list[AddAction]:
    """What a commit has to say to add the rows to the table in `folder`.

    Rows with a `bucket` go to a folder of their bucket, `bucket=7`, and the column is left out.  A
    file ends where the next bucket begins, so rows that are not sorted by bucket make many files.
    """
    columns = [name for name in batches.schema.names if name != BUCKET]
    added: list[AddAction] = []
    open_file: _File | None = None
    try:
        for bucket, batch in _by_bucket(batches):
            if open_file is None or open_file.bucket != bucket:
                if open_file is not None:
                    added.append(open_file.close())
                open_file = _File(folder, bucket, batch.select(columns).schema)
            open_file.write(batch.select(columns))
        if open_file is not None:
            added.append(open_file.close())
    finally:
        if open_file is not None:
            open_file.writer.close()
    return added


class _File:
    """A file that is being written."""

    def __init__(self, folder: Path, bucket: int | None, schema: pa.Schema) -> None:
        place = "" if bucket is None else f"{BUCKET}={bucket}/"
        self.bucket, self.rows, self.held = bucket, 0, 0
        self.path = f"{place}part-{uuid4().hex}.zstd.parquet"
        self.target = folder / self.path
        self.target.parent.mkdir(parents=True, exist_ok=True)
        spelt = [name for name in schema.names if name != ROW_KEY]  # keys do not repeat
        self.writer = pq.ParquetWriter(
            self.target, schema, compression="zstd", use_dictionary=spelt
        )
        self.batches: list[pa.RecordBatch] = []

    def write(self, batch: pa.RecordBatch) -> None:
        self.batches.append(batch)
        self.held += len(batch)
        if self.held >= ROWS_IN_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self.held:
            self.writer.write_table(pa.Table.from_batches(self.batches), ROWS_IN_GROUP)
            self.rows += self.held
            self.batches, self.held = [], 0

    def close(self) -> AddAction:
        self._flush()
        self.writer.close()
        return AddAction(
            path=self.path,
            size=self.target.stat().st_size,
            partition_values={} if self.bucket is None else {BUCKET: str(self.bucket)},
            modification_time=int(time.time() * 1000),
            data_change=True,
            stats=json.dumps({"numRecords": self.rows}),
        )


def _by_bucket(batches: pa.RecordBatchReader) -> Iterator[tuple[int | None, pa.RecordBatch]]:
    for batch in batches:
        if not len(batch):
            continue
        if BUCKET not in batch.schema.names:
            yield None, batch
            continue
        rising = batch if _is_sorted(batch) else batch.sort_by(BUCKET)
        ends = pc.run_end_encode(rising[BUCKET])
        first = 0
        for bucket, end in zip(ends.values.to_pylist(), ends.run_ends.to_pylist(), strict=True):
            yield bucket, rising.slice(first, end - first)
            first = end


def _is_sorted(batch: pa.RecordBatch) -> bool:
    buckets = batch[BUCKET].to_numpy()
    return bool((buckets[1:] >= buckets[:-1]).all())
