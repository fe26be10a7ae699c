"""What a reader of one kind of source gives to the copier."""

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
class Part:
    """One file of several: `rows` came from it, numbered from `before` + 1 on."""

    path: Path
    rows: int
    before: int


@dataclass(frozen=True, slots=True)
class Rows:
    """An opened source.

    `columns`: the user's, in order; `schema`: of the batches, the same columns and `source_row`;
    `batches`: read as they are asked for, so that the first ones cost no more than themselves;
    `findings`: what was left out, complete once the batches are used up; `closing`: closes it;
    `parts`: of a series of files, those that are used up.
    """

    columns: tuple[str, ...]
    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    findings: Callable[[], Sequence[Finding]]
    closing: AbstractContextManager[object]
    parts: Callable[[], Sequence[Part]] = tuple


def no_rows(where: Path | str) -> ContractError:
    """What is said of a file with a header and nothing below it."""
    return ContractError("C-007", f"{where} has no rows below its header.", "export it again")


def check_columns(where: Path | str, columns: Sequence[str]) -> None:
    """Nothing, or ContractError C-006: a name that is there twice, or one that is the product's.

    Capitals do not make two names of one: the engine would read the one column for the other.
    """
    seen: dict[str, str] = {}
    for name in columns:
        small = name.lower()
        if small == SOURCE_ROW:
            said = f"a column called {name!r}, a name that the product writes"
            raise ContractError("C-006", f"{where} has {said}.", "rename it")
        if small in seen:
            twin, same = seen[small], seen[small] == name
            said = f"two columns called {name!r}" if same else f"columns {twin!r} and {name!r}"
            why = "" if same else ", which differ in capitals only"
            raise ContractError("C-006", f"{where} has {said}{why}.", "rename one of them")
        seen[small] = name


def with_row_numbers(schema: pa.Schema) -> pa.Schema:
    """The schema with `source_row` after the user's columns."""
    return schema.append(pa.field(SOURCE_ROW, pa.int64(), nullable=False))


def numbered(batch: pa.RecordBatch, numbers: IntArray, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with its row numbers as the last column."""
    return pa.RecordBatch.from_arrays([*batch.columns, whole_numbers(numbers)], schema=schema)


def whole_numbers(numbers: IntArray) -> pa.Array:
    """The numbers as an Arrow array; `pa.array` would load pandas, to ask if this is a series."""
    return pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])
