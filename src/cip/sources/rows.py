"""What a reader of one format gives to the copier."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from cip.columns import SOURCE_ROW
from cip.errors import ContractError
from cip.types import Finding, IntArray


@dataclass(frozen=True, slots=True)
class Rows:
    """An opened file.

    `columns`: the user's, in order; `schema`: of the batches, the same columns and `source_row`;
    `findings`: what was left out, complete once the batches are used up; `closing`: closes it.
    """

    columns: tuple[str, ...]
    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    findings: Callable[[], Sequence[Finding]]
    closing: AbstractContextManager[object]


def no_rows(path: Path) -> ContractError:
    """What is said of a file with a header and nothing below it."""
    return ContractError("C-007", f"{path} has no rows below its header.", "export it again")


def with_row_numbers(schema: pa.Schema) -> pa.Schema:
    """The schema with `source_row` after the user's columns."""
    return schema.append(pa.field(SOURCE_ROW, pa.int64(), nullable=False))


def numbered(batch: pa.RecordBatch, numbers: IntArray, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with its row numbers as the last column."""
    columns = [*batch.columns, pa.array(numbers, pa.int64())]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
