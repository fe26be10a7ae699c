"""From a sample of cells to the profile of a column and of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from cip.contract.guess import names as n
from cip.contract.guess.shapes import ColumnProfile, TableProfile
from cip.contract.guess.values import (
    Spelling,
    number_spelling,
    read_number,
    read_time,
    time_spelling,
)
from cip.contract.mapping import TimeFormat

_TESTED: Final = 2_000
"""So many cells, spread over the sample, decide what a column looks like."""
_EXAMPLES: Final = 60
_TRUTHS: Final = n.bag("true false yes no y n t f ja nein oui non si sim 1 0 1.0 0.0 on off")
_NOTHING: Final = n.bag("null none nil na n/a #n/a \\n nan")
_EPOCHS: Final = ("epoch_s", "epoch_ms", "epoch_us")
_UNREADABLE: Final[Mapping[str, str]] = {
    "words": "times in words: CIP reads 2024-01-31",
}


def profile_table(
    name: str,
    cells: Mapping[str, Sequence[str | None]],
    *,
    options: Mapping[str, Any] | None = None,
    rows: int | None = None,
    doubts: Sequence[str] = (),
) -> TableProfile:
    """The table with the profile of every column.

    `rows`: how many the whole source has, when `cells` are a sample of it.
    """
    kept = {column: tuple(map(_trimmed, values)) for column, values in cells.items()}
    sampled = len(next(iter(kept.values()), ()))
    return TableProfile(
        name=name,
        options=options or {"path": f"{name}.csv"},
        columns=tuple(profile_column(column, values) for column, values in kept.items()),
        cells=kept,
        rows=sampled if rows is None else rows,
        sampled=sampled,
        is_whole=rows is None,
        repeats=sampled - len(set(zip(*kept.values(), strict=True))) if kept else 0,
        doubts=tuple(doubts),
    )


def profile_column(name: str, cells: Sequence[str | None]) -> ColumnProfile:
    """What the column looks like; empty cells are None."""
    filled = [cell for cell in cells if cell is not None]
    counted = Counter(filled)
    seen: dict[str, Any] = {
        "name": name,
        "rows": len(cells),
        "filled": len(filled),
        "distinct": len(counted),
        "examples": tuple(value for value, _ in counted.most_common(_EXAMPLES)),
        "mean_length": sum(map(len, filled)) / len(filled) if filled else 0.0,
    }
    if not filled:
        return ColumnProfile(looks="empty", **seen)
    if len(counted) <= 2 and all(value.lower() in _TRUTHS for value in counted):
        return ColumnProfile(looks="boolean", is_whole=_all_digits(counted), **seen)
    tested = filled[:: max(1, len(filled) // _TESTED)]
    time, number = time_spelling(tested), number_spelling(tested)
    if time is not None:
        return _time(seen, filled, time, number)
    return _number(seen, filled, number) if number else ColumnProfile(looks="text", **seen)


def readable_formats() -> tuple[str, ...]:
    """The formats of times that `cip.toml` can name."""
    return get_args(TimeFormat)


def _trimmed(cell: str | None) -> str | None:
    text = cell.strip() if cell is not None else ""
    return None if not text or (len(text) <= 4 and text.lower() in _NOTHING) else text


def _all_digits(values: Mapping[str, int]) -> bool:
    return all(value.isdecimal() for value in values)


def _time(
    seen: dict[str, Any], filled: Sequence[str], spelling: Spelling, number: Spelling | None
) -> ColumnProfile:
    read = [at for cell in filled if (at := read_time(cell, spelling.format)) is not None]
    is_numeric = number is not None and spelling.format in (*_EPOCHS, "compact")
    figures = _figures(filled, number) if number and is_numeric else {}
    figures["unread"] = len(filled) - len(read) if spelling.format != "words" else 0
    doubt = _UNREADABLE.get(spelling.format, spelling.doubt)
    return ColumnProfile(
        looks="time",
        first=min(read, default=None),
        last=max(read, default=None),
        time_format=spelling.format,
        readable=spelling.format in readable_formats(),
        doubt=doubt,
        **figures,
        **seen,
    )


def _number(seen: dict[str, Any], filled: Sequence[str], spelling: Spelling) -> ColumnProfile:
    return ColumnProfile(
        looks="number",
        decimal=spelling.format,
        currency=spelling.currency,
        readable=not spelling.doubt,
        doubt=spelling.doubt,
        **_figures(filled, spelling),
        **seen,
    )


def _figures(filled: Sequence[str], spelling: Spelling) -> dict[str, Any]:
    read = [x for cell in filled if (x := read_number(cell, spelling.format)) is not None]
    if not read:
        return {}
    return {
        "unread": len(filled) - len(read),
        "low": min(read),
        "high": max(read),
        "negatives": sum(x < 0 for x in read),
        "zeros": sum(x == 0 for x in read),
        "is_whole": all(x == int(x) for x in read if abs(x) < 1e15),
    }
