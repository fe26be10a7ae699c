"""Whether two tables say the same, row by row: what a comparison of engines rests on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

TOLERANCE: Final = 1e-9
"""The largest relative difference between two numbers that count as equal."""


def disagreements(expected: pa.Table, found: pa.Table, keys: Sequence[str]) -> list[str]:
    """A sentence for each thing that differs; nothing where both tables say the same.

    Rows are matched by `keys`.  Tables without rows, a different number of them, and keys that do
    not join are disagreements, so that an empty join never passes.  NaN counts as null; nulls must
    stand in the same places; numbers may differ by `TOLERANCE` of the larger one.
    """
    if sorted(expected.column_names) != sorted(found.column_names):
        odd = sorted(set(expected.column_names) ^ set(found.column_names))
        return [f"the columns {odd} are on one side only"]
    if not len(expected) or len(expected) != len(found):
        return [f"{len(expected)} rows were expected and {len(found)} came"]
    order = [(key, "ascending") for key in keys]
    expected, found = expected.sort_by(order), found.sort_by(order)
    problems = list(_keys_that_differ(expected, found, keys))
    if problems:
        return problems
    rest = [name for name in expected.column_names if name not in keys]
    return [said for name in rest for said in _differences(name, expected[name], found[name])]


def _keys_that_differ(expected: pa.Table, found: pa.Table, keys: Sequence[str]) -> Iterator[str]:
    here, there = (list(zip(*_lists(t, keys), strict=True)) for t in (expected, found))
    if len(set(here)) < len(here):
        yield f"the keys {list(keys)} do not tell the rows apart"
    if here != there:
        joined = len(set(here) & set(there))
        yield f"{joined} of {len(here)} rows join by {list(keys)}"


def _lists(table: pa.Table, names: Sequence[str]) -> list[list[Any]]:
    return [table[name].to_pylist() for name in names]


def _differences(name: str, expected: pa.ChunkedArray, found: pa.ChunkedArray) -> Iterator[str]:
    if not _is_number(expected.type) or not _is_number(found.type):
        here, there = expected.to_pylist(), found.to_pylist()
        rows = [row for row, (a, b) in enumerate(zip(here, there, strict=True)) if a != b]
        if rows:
            yield _said(name, rows, here[rows[0]], there[rows[0]])
        return
    here, there = _numbers(expected), _numbers(found)
    nulls = np.isnan(here) != np.isnan(there)
    with np.errstate(invalid="ignore"):
        apart = np.abs(here - there) > TOLERANCE * np.maximum(np.abs(here), np.abs(there))
    rows = np.flatnonzero(nulls | apart).tolist()
    if rows:
        yield _said(name, rows, here[rows[0]].item(), there[rows[0]].item())


def _said(name: str, rows: Sequence[int], expected: object, found: object) -> str:
    return f"{name} differs in {len(rows)} rows; first {expected!r} was expected, {found!r} came"


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)
    )


def _numbers(values: pa.ChunkedArray) -> NDArray[np.float64]:
    whole = values.cast(pa.int64()) if pa.types.is_boolean(values.type) else values
    filled = pc.fill_null(whole.cast(pa.float64()), np.nan)
    return np.asarray(filled.to_numpy(), dtype=np.float64)
