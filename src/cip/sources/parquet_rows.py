"""Rows of a Parquet file, with the types it states."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cip.errors import ContractError
from cip.sources.rows import Rows, numbered, with_row_numbers

_BATCH_ROWS: Final = 65_536


def open_rows(path: Path) -> Rows:
    """The file, opened.  Raises: ContractError C-008 when it is no Parquet file, or damaged."""
    try:
        # by itself it reads ahead, and keeps what it read until the last row of the file
        file = pq.ParquetFile(path, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error
    user = file.schema_arrow.remove_metadata()
    schema = with_row_numbers(user)
    return Rows(tuple(user.names), schema, _batches(file, path, schema), list, file)


def _batches(file: pq.ParquetFile, path: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    first = 1
    batches = file.iter_batches(batch_size=_BATCH_ROWS)
    while True:
        try:
            batch = next(batches, None)
            if batch is not None:
                batch.validate(full=True)  # some writers take any bytes for text
        except (pa.ArrowException, OSError) as error:
            raise _damaged(path, error) from error
        if batch is None:
            return
        yield numbered(batch, np.arange(first, first + len(batch), dtype=np.int64), schema)
        first += len(batch)


def _damaged(path: Path, error: Exception) -> ContractError:
    return ContractError(
        "C-008",
        f"{path} is no Parquet file, or only part of one: {str(error).splitlines()[0]}",
        "write or download it again",
    )
