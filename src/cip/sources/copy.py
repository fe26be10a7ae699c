"""Writes rows to a Parquet file that lives for one load: cheap to write, cheap to read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from cip.sources.rows import Rows

_ROWS_IN_GROUP: Final = 131_072
_BYTES_IN_GROUP: Final = 32 << 20


@contextmanager
def appearing_whole(out: Path) -> Iterator[Path]:
    """A temporary name beside `out`, renamed to it when the block ends well, else removed."""
    out.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


def copy_rows(rows: Rows, out: Path, on_rows: Callable[[int], None]) -> int:
    """How many rows were written; one thread reads while another encodes, two groups at a time."""
    count = 0
    written: Future[None] | None = None
    # measured: 0.25 CPU-s for 2M rows of 6 columns, 0.6 with zstd, dictionaries and statistics
    schema = _storable(rows.schema)
    cheap = {"compression": "lz4", "use_dictionary": False, "write_statistics": False}
    with (
        pq.ParquetWriter(out, schema, **cheap) as writer,
        ThreadPoolExecutor(1, "cip-copy") as pool,
    ):
        for table in _groups(rows):
            if written is not None:
                written.result()
            stored = table.cast(schema)
            written = pool.submit(writer.write_table, stored, row_group_size=_ROWS_IN_GROUP)
            count += len(table)
            on_rows(count)
        if written is not None:
            written.result()
    return count


def _storable(schema: pa.Schema) -> pa.Schema:
    """Text where every cell is empty: a column needs a type to be read back."""
    fields = [
        each.with_type(pa.string()) if pa.types.is_null(each.type) else each for each in schema
    ]
    return pa.schema(fields)


def _groups(rows: Rows) -> Iterator[pa.Table]:
    held: list[pa.RecordBatch] = []
    size = rows_held = 0
    for batch in rows.batches:
        held.append(batch)
        rows_held, size = rows_held + len(batch), size + batch.nbytes
        if rows_held >= _ROWS_IN_GROUP or size >= _BYTES_IN_GROUP:
            yield pa.Table.from_batches(held, rows.schema)
            held, rows_held, size = [], 0, 0
    if held:
        yield pa.Table.from_batches(held, rows.schema)
