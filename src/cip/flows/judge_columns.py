"""The columns of somebody's file as numbers, times or texts, however they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cip.contract.guess.values import number_spelling, read_number, read_time, time_spelling
from cip.types import FloatArray, IntArray, ObjectArray

_NOTHING: Final = frozenset({"", "nan", "null", "none", "nil", "na", "n/a", "#n/a", "\\n", "-"})
_TESTED: Final = 2_000
_MOSTLY: Final = 0.5


@dataclass(frozen=True, slots=True)
class Cells:
    """A column as text: `code` is the place of each row's cell in `texts`, -1 where it is empty."""

    texts: tuple[str, ...]
    code: IntArray

    def spread(self, values: NDArray[Any], empty: Any) -> NDArray[Any]:
        """(n,) the value of each row, from those of the different texts."""
        padded = np.append(values, np.array([empty], dtype=values.dtype))
        rows: NDArray[Any] = padded[self.code]
        return rows

    def as_text(self) -> ObjectArray:
        """(n,) str, None where it is empty."""
        return self.spread(np.array(self.texts, dtype=np.object_), None)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers.

    `value`: (n,), NaN where it is empty or unread; `odd`: the first row, from 0, whose cell is no
    number, and that cell; `share`: of the filled rows that are numbers; `in_percent`: written so.
    """

    value: FloatArray
    odd: tuple[int, str] | None
    share: float
    in_percent: bool = False

    @property
    def are_meant(self) -> bool:
        """Whether most cells are numbers."""
        return self.share > _MOSTLY


def cells_of(column: pa.ChunkedArray) -> Cells:
    """The cells as trimmed text; words such as NULL and n/a are empty, and so is a list."""
    text = column if pa.types.is_string(column.type) else _as_text(column)
    coded = pc.dictionary_encode(pc.utf8_trim_whitespace(text)).combine_chunks()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.chunk(0)
    seen = [str(cell) for cell in coded.dictionary.to_pylist()]
    kept = [k for k, cell in enumerate(seen) if cell.lower() not in _NOTHING]
    place = np.full(len(seen) + 1, -1, dtype=np.int64)
    place[kept] = np.arange(len(kept))
    code = np.asarray(coded.indices.fill_null(len(seen)).to_numpy(zero_copy_only=False))
    return Cells(tuple(seen[k] for k in kept), place[code])


def is_number_type(kind: pa.DataType) -> bool:
    """Whether the file itself calls it a number."""
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def numbers_of(column: pa.ChunkedArray) -> Numbers:
    """The column as numbers: 0.42, 42 %, 1.234,5 and 1,234.5 alike."""
    if is_number_type(column.type):
        value = np.asarray(column.cast(pa.float64()).fill_null(np.nan).to_numpy(), np.float64)
        return _typed(value)
    if _is_date(column.type):
        return Numbers(np.full(len(column), np.nan), None, 0.0)
    cells = cells_of(column)
    bare = [text.rstrip("% \u00a0\u202f") for text in cells.texts]
    signs = sum(text.endswith("%") for text in cells.texts)
    spelling = number_spelling(_spread_out(bare))
    mark = spelling.format if spelling else "."
    read = np.array([_read(text, mark) for text in bare], dtype=np.float64)
    value = cells.spread(read, np.nan)
    return _numbers(cells, value, in_percent=signs > _MOSTLY * max(len(bare), 1))


def times_of(column: pa.ChunkedArray) -> tuple[NDArray[np.datetime64], tuple[int, str] | None]:
    """(n,) datetime64[us], NaT where empty or unread, and the first row whose cell is no time.

    Where it holds no times at all, all are NaT and the row is the first filled one.
    """
    if _is_date(column.type):
        naive = column.cast(pa.timestamp("us"), safe=False)
        return np.asarray(naive.to_numpy(), dtype="datetime64[us]"), None
    cells = cells_of(column)
    spelling = time_spelling(_spread_out(cells.texts))
    times = np.full(len(cells.texts), np.datetime64("NaT"), dtype="datetime64[us]")
    for k, text in enumerate(cells.texts if spelling else ()):
        at = read_time(text, spelling.format) if spelling else None
        if at is not None:
            times[k] = np.datetime64(at.replace(tzinfo=None), "us")
    value = cells.spread(times, np.datetime64("NaT"))
    return value, _first_odd(cells, np.isnat(value))


def is_time(column: pa.ChunkedArray) -> bool:
    """Whether the column holds dates or times."""
    if _is_date(column.type):
        return True
    if is_number_type(column.type):
        return False
    return time_spelling(_spread_out(cells_of(column).texts)) is not None


def _is_date(kind: pa.DataType) -> bool:
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return column.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return pa.chunked_array([pa.nulls(len(column), pa.string())])


def _typed(value: FloatArray) -> Numbers:
    endless = np.flatnonzero(np.isinf(value))
    odd = (int(endless[0]), str(value[endless[0]])) if len(endless) else None
    return Numbers(np.where(np.isinf(value), np.nan, value), odd, 1.0)


def _numbers(cells: Cells, value: FloatArray, *, in_percent: bool) -> Numbers:
    unread = ~np.isfinite(value)
    filled = int((cells.code >= 0).sum())
    share = float((~unread).sum() / filled) if filled else 0.0
    return Numbers(np.where(unread, np.nan, value), _first_odd(cells, unread), share, in_percent)


def _read(text: str, mark: str) -> float:
    number = read_number(text, mark)
    return float("nan") if number is None else number


def _first_odd(cells: Cells, unread: NDArray[np.bool_]) -> tuple[int, str] | None:
    rows = np.flatnonzero(unread & (cells.code >= 0))
    return (int(rows[0]), cells.texts[cells.code[rows[0]]]) if len(rows) else None


def _spread_out(cells: Sequence[str]) -> Sequence[str]:
    return cells[:: max(1, len(cells) // _TESTED)]
