"""Rows of one sheet of an Excel workbook.

Row 1 of the data is the row below the header, and a blank row counts: data row n stands n rows
below the header, where a person looks for it.  A column of numbers is fractions (float64), of
dates and times timestamps, of truth values booleans; everything else is text, in which a whole
number has no ".0" and a date is ISO 8601.  A formula has the value that was saved with it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date, datetime
from itertools import dropwhile, islice
from pathlib import Path
from types import NoneType
from typing import Any, Final
from xml.parsers.expat import ExpatError
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
)

from cip.contract.mapping import Source
from cip.errors import ContractError, SettingsError
from cip.sources.rows import Rows, no_rows, numbered, with_row_numbers
from cip.sources.xlsx_errors import error_cells
from cip.sources.xlsx_size import check_size
from cip.types import Finding

_BATCH_ROWS: Final = 20_000
_TYPES: Final[dict[type, pa.DataType]] = {
    NoneType: pa.null(),
    float: pa.float64(),
    bool: pa.bool_(),
    datetime: pa.timestamp("us"),
}
_WHOLE: Final = 1e15  # whole fractions below this have all their digits


def sheets_of(path: Path) -> list[str]:
    """Names of the worksheets in order; no charts.  Raises: ContractError C-048, C-055."""
    with _workbook(path) as book:
        return _sheets(book)


def open_rows(path: Path, source: Source) -> Rows:
    """The sheet, opened: a workbook is unpacked whole, so that its size is limited by memory.

    Raises: ContractError C-048 for what is no workbook or is protected by a password, C-055 for one
    that unpacks to more than 2 GiB, SettingsError C-049 for a sheet that is not there,
    ContractError C-050 for a header that is merged or has an empty cell, C-007 for a sheet without
    a row below its header.
    """
    with _workbook(path) as book:
        sheet = _sheet(book, path, source)
        top, left = sheet.start or (0, 0)
        header = next(_rows(sheet), None)
        if header is None:
            raise no_rows(path)
        _check_header(path, sheet, header)
    columns = tuple(map(_text, header))
    kinds = _kinds(sheet, len(columns))
    types = [_TYPES.get(kind, pa.string()) for kind in kinds]
    schema = with_row_numbers(pa.schema(list(zip(columns, types, strict=True))))
    broken = _error_cells(path, sheet.name)
    findings = _error_findings(path, columns, broken, (top, left), sheet.height - 1)
    return Rows(columns, schema, _batches(sheet, schema), lambda: findings, nullcontext())


def _error_cells(path: Path, sheet: str) -> list[tuple[int, int]]:
    try:
        return error_cells(path, sheet)
    except (BadZipFile, ExpatError, zlib.error) as error:  # such as an old .xls renamed
        raise _no_workbook(path, error) from error


@contextmanager
def _workbook(path: Path) -> Iterator[CalamineWorkbook]:
    try:
        check_size(path)
        with CalamineWorkbook.from_path(path) as book:
            yield book
    except PasswordError:
        raise ContractError(
            "C-048", f"{path} is protected by a password.", "save it without one"
        ) from None
    except (CalamineError, BadZipFile) as error:
        raise _no_workbook(path, error) from error


def _no_workbook(path: Path, error: Exception) -> ContractError:
    return ContractError(
        "C-048",
        f"{path} is no Excel workbook, or only part of one: {str(error).splitlines()[0]}.",
        "save it again as .xlsx",
    )


def _sheets(book: CalamineWorkbook) -> list[str]:
    return [each.name for each in book.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]


def _sheet(book: CalamineWorkbook, path: Path, source: Source) -> CalamineSheet:
    names = _sheets(book)
    wanted = source.sheet or next(iter(names), "")
    if wanted in names:
        return book.get_sheet_by_name(wanted)
    raise SettingsError(
        "C-049",
        f"{path} has no worksheet called {wanted!r}.",
        f"mend `sheet` of that source in cip.toml; there are: {', '.join(names) or 'none'}",
    )


def _rows(sheet: CalamineSheet) -> Iterator[list[Any]]:
    """The rows from the first that has a value in it on: the header and what follows."""
    return dropwhile(lambda row: not _is_filled(row), sheet.iter_rows())


def _is_filled(row: Sequence[Any]) -> bool:
    return any(cell != "" for cell in row)


def _check_header(path: Path, sheet: CalamineSheet, header: Sequence[Any]) -> None:
    top, left = sheet.start or (0, 0)
    for (first_row, first), (last_row, last) in sheet.merged_cell_ranges or ():
        if first_row <= top <= last_row and (first < last or first_row < last_row):
            raise _bad_header(path, sheet, f"{_letters(first)} to {_letters(last)} are merged")
    for place, cell in enumerate(header):
        if not _text(cell).strip():
            raise _bad_header(path, sheet, f"{_letters(left + place)} is empty")


def _bad_header(path: Path, sheet: CalamineSheet, said: str) -> ContractError:
    row = (sheet.start or (0, 0))[0] + 1
    return ContractError(
        "C-050",
        f"{path}, sheet {sheet.name!r}: in the header (row {row}) {said}.",
        "the first row must name every column: take titles away, unmerge cells, name each column",
    )


def _letters(place: int) -> str:
    """The name of a column, counted from 0: A, B, ..., Z, AA."""
    letters, rest = "", place + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def _kinds(sheet: CalamineSheet, width: int) -> list[type]:
    """What every cell of a column is; str where they are mixed, NoneType where all are empty."""
    seen: list[set[type]] = [set() for _ in range(width)]
    for row in islice(_rows(sheet), 1, None):
        for place, cell in enumerate(row):
            if cell != "":
                seen[place].add(type(cell))
    return [_kind(types) for types in seen]


def _kind(types: set[type]) -> type:
    if not types:
        return NoneType
    some = {datetime if each is date else float if each is int else each for each in types}
    return some.pop() if len(some) == 1 else str


def _batches(sheet: CalamineSheet, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    rows, first = islice(_rows(sheet), 1, None), 1
    while block := list(islice(rows, _BATCH_ROWS)):
        filled = np.array([_is_filled(row) for row in block])
        numbers = np.arange(first, first + len(block), dtype=np.int64)[filled]
        kept = [row for row, is_filled in zip(block, filled, strict=True) if is_filled]
        first += len(block)
        if kept:
            cells = zip(zip(*kept, strict=True), schema, strict=False)
            arrays = [_array(values, each.type) for values, each in cells]
            batch = pa.RecordBatch.from_arrays(arrays, names=schema.names[:-1])
            yield numbered(batch, numbers, schema)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        return pa.array([_text(value) or None for value in values], kind)
    if pa.types.is_timestamp(kind):  # numpy takes a day without a time as its midnight
        values = ["" if value == "" else np.datetime64(value, "us") for value in values]
    return pa.array([None if value == "" else value for value in values], kind)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and abs(value) < _WHOLE and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, date) else str(value)


def _error_findings(
    path: Path,
    columns: Sequence[str],
    broken: Sequence[tuple[int, int]],
    start: tuple[int, int],
    total: int,
) -> list[Finding]:
    top, left = start
    by_column: dict[str, list[int]] = {}
    for row, place in broken:
        if row > top and left <= place < left + len(columns):
            by_column.setdefault(columns[place - left], []).append(row - top)
    return [
        Finding(
            code="C-051",
            severity="warning",
            table=path.name,
            column=column,
            rows=len(rows),
            total_rows=total,
            message=f"{len(rows)} cells of {column} hold an error such as #N/A (first: row "
            f"{rows[0]}); they are read as empty.",
            remedy="mend the formulas there, or save their values",
            first_row=rows[0],
        )
        for column, rows in by_column.items()
    ]
