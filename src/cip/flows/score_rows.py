"""Rows of a file as a model reads them; what is wrong is said with its row, column and value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cip import columns as c
from cip.contract.mapping import Source
from cip.errors import ContractError, NotFoundError
from cip.flows.arrow import objects
from cip.models.encode_parts import LARGEST
from cip.sources.glimpse import csv_options
from cip.sources.opening import open_files
from cip.sources.places import format_of
from cip.sources.rows import Rows
from cip.stores.outgoing import as_it_was
from cip.types import FeatureInfo, Finding, FloatArray

_EXACT_WHOLE: Final = 1e15  # whole floats below this have an exact int64


@dataclass(frozen=True)
class RowsOfFile:
    """A file, opened: its columns, and its rows as tables with `source_row` from 1.

    `findings`: rows that have not as many cells as the header, known when all are read.
    """

    columns: tuple[str, ...]
    tables: Iterator[pa.Table]
    findings: Callable[[], Sequence[Finding]]


def read_file(path: Path) -> tuple[RowsOfFile, Rows]:
    """The rows of a CSV, Parquet or Excel file; close the second with `with rows.closing:`.

    An apostrophe that an export put before `= + - @` in a CSV file is taken off again.
    Raises: NotFoundError F-334 without the file; as `open_files`.
    """
    if not path.is_file():
        raise NotFoundError("F-334", f"there is no file {path}.", "name a CSV or a Parquet file")
    source = Source(path=str(path))
    is_csv = format_of(source, path) == "csv"
    if is_csv:
        source = source.model_copy(update=csv_options(path)[0])
    rows = open_files(source, [path])
    tables = (_table(batch, is_csv=is_csv) for batch in rows.batches)
    return RowsOfFile(rows.columns, tables, rows.findings), rows


def features_of(table: pa.Table, infos: Sequence[FeatureInfo]) -> dict[str, NDArray[Any]]:
    """The features, one array each; a column that is not there is missing in every row.

    A number may be written as text; an empty cell and NaN are missing.
    Raises: ContractError F-332 with the row, the column and the value that does not fit.
    """
    return {info.name: _feature(table, info) for info in infos}


def _table(batch: pa.RecordBatch, *, is_csv: bool) -> pa.Table:
    table = pa.Table.from_batches([batch])
    for index, field in enumerate(table.schema):
        if is_csv and pa.types.is_string(field.type):
            table = table.set_column(index, field.name, as_it_was(table.column(index)))
    return table


def _feature(table: pa.Table, info: FeatureInfo) -> NDArray[Any]:
    is_text = info.kind == "category"
    if info.name not in table.column_names:
        missing: NDArray[Any] = np.full(len(table), None if is_text else np.nan)
        return missing
    column = table[info.name]
    if is_text:
        return objects(_as_text(table, column, info.name))
    values = _as_number(table, column, info.name)
    beyond = np.flatnonzero(np.abs(values) > LARGEST)
    if len(beyond):
        raise _wrong(table, info.name, int(beyond[0]), f"beyond {LARGEST:g}")
    return values


def _as_text(table: pa.Table, column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_null(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column
    if pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type):
        return column.cast(pa.string())
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return column.cast(pa.string())
    if pa.types.is_floating(kind):
        return _floats_as_text(column)
    raise _wrong(table, name, _first(pc.is_valid(column)), f"no text but {kind}")


def _floats_as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """As a load writes them: a whole number has no decimals, and NaN is an empty cell."""
    known = pc.if_else(pc.is_nan(column), None, column)
    whole = pc.and_(pc.equal(pc.floor(known), known), pc.less(pc.abs(known), _EXACT_WHOLE))
    without = pc.if_else(whole, known, None).cast(pa.int64()).cast(pa.string())
    return pc.coalesce(without, known.cast(pa.string()))


def _as_number(table: pa.Table, column: pa.ChunkedArray, name: str) -> FloatArray:
    try:
        numbers = column.cast(pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        is_wrong = pa.array([not _is_number(value) for value in column.to_pylist()])
        raise _wrong(table, name, _first(is_wrong), "no number") from None
    return np.asarray(numbers.to_numpy(), dtype=np.float64)


def _is_number(value: object) -> bool:
    if value is None:
        return True
    try:
        pa.array([value]).cast(pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True


def _first(flags: pa.Array | pa.ChunkedArray) -> int:
    return max(int(pc.index(flags, value=True).as_py()), 0)


def _wrong(table: pa.Table, name: str, row: int, what: str) -> ContractError:
    number, value = table[c.SOURCE_ROW][row].as_py(), table[name][row].as_py()
    return ContractError(
        "F-332",
        f"row {number}, column {name}: {value!r} is {what}.",
        "mend the value, or leave the cell empty where it is not known",
    )
