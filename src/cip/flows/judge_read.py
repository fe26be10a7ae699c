"""A file with a score and an outcome, read whole: what to judge, or one clear error."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cip.columns import SOURCE_ROW
from cip.contract.guess.names import CUSTOMER, END, says
from cip.contract.mapping import Source
from cip.errors import CipError, ContractError, NotFoundError, SettingsError
from cip.flows.judge_columns import cells_of, is_number_type, is_time, numbers_of, times_of
from cip.flows.judge_given import Given, given_score
from cip.flows.judge_outcome import Outcome, given_outcome
from cip.flows.judge_wanted import Wanted
from cip.flows.places import find
from cip.sources.opening import open_source
from cip.types import FloatArray, ObjectArray

_FEW_LEVELS: Final = 50  # as many different values may still be a kind of customer
_MANY_ROWS_EACH: Final = 0.01


@dataclass(frozen=True, slots=True)
class ReadFile:
    """The file's rows; every array (n,).  `notes`: what was odd about the file."""

    table: pa.Table
    given: Given
    outcome: Outcome
    customer_id: ObjectArray
    as_of: NDArray[np.datetime64] | None
    value: FloatArray | None
    notes: tuple[str, ...]


def read_file(wanted: Wanted) -> ReadFile:
    """All that is asked for.

    Raises: NotFoundError J-101 without a file, SettingsError J-102 for a column that is not there,
    ContractError J-103 to J-109 for what the columns hold, and what the readers say of the file.
    """
    table, notes = _table(wanted)
    for name in filter(None, (wanted.as_of, wanted.customer, wanted.value)):
        _check_column(table, name, wanted)
    return ReadFile(
        table=table,
        given=given_score(table, wanted.score, wanted.scale),
        outcome=given_outcome(table, wanted),
        customer_id=_customers(table, wanted.customer),
        as_of=_as_of(table, wanted.as_of) if wanted.as_of else None,
        value=_value(table, wanted.value) if wanted.value else None,
        notes=notes,
    )


def leaving_dates(table: pa.Table, skip: set[str]) -> list[str]:
    """Columns of dates whose name speaks of an end."""
    names = [name for name in table.column_names if name not in skip and says(name, END)]
    return [name for name in names if is_time(table[name])]


def repeating_customers(table: pa.Table, skip: set[str]) -> str:
    """The column that looks like the customer and has one in several rows, or nothing."""
    for name in map(str, table.column_names):
        if name in skip or not says(name, CUSTOMER):
            continue
        cells = cells_of(table[name])
        filled = int((cells.code >= 0).sum())
        if max(_FEW_LEVELS, _MANY_ROWS_EACH * filled) < len(cells.texts) < filled:
            return name
    return ""


def _table(wanted: Wanted) -> tuple[pa.Table, tuple[str, ...]]:
    """The file's rows; of a workbook, the first sheet that has both columns."""
    path = Path(wanted.file)
    if not path.is_file():
        raise NotFoundError(
            "J-101", f"there is no file {wanted.file}.", "name a CSV, Parquet or XLSX file"
        )
    found = find([str(path)], path.parent)
    first: CipError | None = None
    for place in found.places:
        rows = open_source(Source.model_validate(place.options), path.parent)
        with rows.closing:
            try:
                for name in (wanted.score, wanted.outcome):
                    _check_column(rows.columns, name, wanted)
            except SettingsError as error:
                first = first or error
                continue
            table = pa.Table.from_batches(rows.batches, rows.schema).drop_columns([SOURCE_ROW])
        seen = [f"{found.message} {found.remedy}." for found in rows.findings()]
        return table, (*place.doubts, *seen)
    raise first or NotFoundError("J-101", f"{wanted.file} holds no table.", "export it again")


def _check_column(columns: Any, name: str, wanted: Wanted) -> None:
    names = list(columns.column_names if isinstance(columns, pa.Table) else columns)
    if name in names:
        return
    lower = {each.lower(): each for each in names}
    near = [lower[each] for each in get_close_matches(name.lower(), lower, n=3, cutoff=0.5)]
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "name one of these"
    raise SettingsError(
        "J-102",
        f"{wanted.file} has no column {name!r}; it has {', '.join(map(repr, names))}.",
        hint,
    )


def _customers(table: pa.Table, name: str) -> ObjectArray:
    if not name:
        return np.arange(table.num_rows).astype(np.object_)
    who = cells_of(table[name]).as_text()
    # a row without a customer is a customer of its own
    alone = np.array([cell is None for cell in who], dtype=np.bool_)
    who[alone] = [f"\0{row}" for row in np.flatnonzero(alone)]
    return who


def _as_of(table: pa.Table, name: str) -> NDArray[np.datetime64]:
    at, odd = times_of(table[name])
    if odd is not None:
        raise ContractError(
            "J-108",
            f"{name} is no date in row {odd[0] + 1}: {odd[1]!r}.",
            "write 2026-01-31, 31.01.2026 or 01/31/2026, in all rows alike",
        )
    if is_number_type(table[name].type) or np.isnat(at).all():
        raise ContractError("J-108", f"{name} holds no dates.", "name the date of the score")
    return at


def _value(table: pa.Table, name: str) -> FloatArray:
    read = numbers_of(table[name])
    if read.odd is not None or not np.isfinite(read.value).any():
        row, cell = read.odd or (0, "")
        raise ContractError(
            "J-109",
            f"the value {name} is no money in row {row + 1}: {cell!r}.",
            "name a column of amounts",
        )
    return read.value
