"""What values look like: numbers in several spellings, times in several formats and units."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cip.contract.marks_of_money import MEANT

_NUMBER: Final = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_COMMA: Final = re.compile(r"[-+]?(\d+|\d{1,3}([. ]\d{3})+),\d+|[-+]?\d{1,3}(\.\d{3}){2,}")
_READ: Final[Mapping[str, re.Pattern[str]]] = {
    ".": re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?"),
    ",": re.compile(r"[-+]?\d+(,\d+)?|[-+]?[1-9]\d{0,2}(\.\d{3})+(,\d+)?"),
}
"""What the reader understands, by the mark of decimals."""
_GROUPED: Final = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?|[-+]?\d{1,3}( \d{3})+([.,]\d+)?")
_MARK: Final = re.compile(
    r"^(?P<a>[^\d.,+\-()]{1,4})?\s*(?P<n>[-+(]?[\d.,\s]+\)?)\s*(?P<b>\D{1,4})?$"
)
_BLANKS: Final = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009'", " "))

_CLOCK: Final = r"(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([AaPp][Mm])?)?"
_ZONE: Final = r"(?:\s*(?:Z|UTC|[+-]\d{2}(?::?\d{2})?))?"
_ISO: Final = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_CLOCK}{_ZONE}")
_TURNED: Final = re.compile(rf"(\d{{1,2}})([./-])(\d{{1,2}})\2(\d{{4}}|\d{{2}}),?{_CLOCK}")
_COMPACT: Final = re.compile(r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(\d{6})?")
_WORDED: Final = re.compile(
    r"(?:[A-Za-z]{3,9},? )?(\d{1,2}[ -])?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
    r"[ .,-]+(\d{1,2},? +)?\d{2,4}.*",
    re.IGNORECASE,
)
_EPOCHS: Final[Mapping[str, float]] = {"epoch_s": 1.0, "epoch_ms": 1e3, "epoch_us": 1e6}
_OLDEST, _NEWEST = 600_000_000, 2_200_000_000  # 1989 and 2039, seconds
_TWO_DIGITS: Final = 70
_DAY_LETTERS: Final = 8
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST: Final = 0.97
"""Share of the filled cells that must agree before a column is of a type."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a column's values are written; `share` of the cells that are so written."""

    format: str
    share: float
    doubt: str = ""
    currency: str | None = None


def number_spelling(cells: Sequence[str]) -> Spelling | None:
    """How the numbers are written: `format` is the mark of decimals; None when they are none."""
    if not cells:
        return None
    plain = sum(_NUMBER.fullmatch(cell) is not None for cell in cells) / len(cells)
    if plain >= _MOST:
        return Spelling(".", plain)
    bare = [_bare(cell) for cell in cells]
    commas = sum(_COMMA.fullmatch(text) is not None for text, _ in bare)
    read = [
        _NUMBER.fullmatch(text) or _COMMA.fullmatch(text) or _GROUPED.fullmatch(text)
        for text, _ in bare
    ]
    share = sum(found is not None for found in read) / len(cells)
    if share < _MOST:
        return None
    money = next((mark for _, mark in bare if mark), None)
    mark = "," if commas and commas >= share * len(cells) / 4 else "."
    strange = [cell for cell in cells if not _is_read(cell, mark, money)]
    few = len(strange) <= (1 - _MOST) * len(cells)
    doubt = "" if few else f"written as {strange[0]!r}: CIP reads 1234.5 or 1,234.50"
    return Spelling(mark, share, doubt, money)


def _is_read(cell: str, decimal: str, currency: str | None) -> bool:
    """Whether the product reads the number; `currency` is the one that the workspace will have."""
    if _READ[decimal].fullmatch(cell):
        return True
    figure, marked = _bare(cell)
    return "(" not in cell and marked in {None, currency} and bool(_READ[decimal].fullmatch(figure))


def read_number(cell: str, mark: str) -> float | None:
    """The number that a cell says, with `mark` before its decimals; None when it says none."""
    text, _ = _bare(cell)
    text = text.replace(" ", "")
    text = text.replace(".", "").replace(",", ".") if mark == "," else text.replace(",", "")
    try:
        return float(text)
    except ValueError:
        return None


def time_spelling(cells: Sequence[str]) -> Spelling | None:
    """How times are written, None when they are none.

    `format`: iso, day_first, month_first, epoch_s, epoch_ms, epoch_us, compact (20240131,
    20240131235959) or words.
    """
    if not cells:
        return None
    for name, is_so in _FORMATS.items():
        share = sum(map(is_so, cells)) / len(cells)
        if share >= _MOST:
            if name == "turned":
                return _turned(cells, share)
            return Spelling(name, share)
    return None


def read_time(cell: str, spelling: str) -> datetime | None:
    """The UTC instant that a cell says in this spelling; None when it says none."""
    try:
        if spelling in _EPOCHS:
            return _EPOCH + timedelta(seconds=float(cell) / _EPOCHS[spelling])
        if spelling == "compact":
            text = cell.removesuffix(".0")
            form = "%Y%m%d" if len(text) == _DAY_LETTERS else "%Y%m%d%H%M%S"
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        if spelling == "iso":
            return _at(_ISO.fullmatch(cell), (1, 2, 3), 4)
        if spelling in {"day_first", "month_first"}:
            order = (4, 3, 1) if spelling == "day_first" else (4, 1, 3)
            return _at(_TURNED.fullmatch(cell), order, 5)
    except (ValueError, OverflowError):
        return None
    return None


def _bare(cell: str) -> tuple[str, str | None]:
    """The figure without its currency mark, and the currency."""
    text = cell.translate(_BLANKS).strip()
    found = _MARK.match(text)
    if found is None:
        return text, None
    marks = [(found[side] or "").strip().lower() for side in ("a", "b")]
    if any(mark and mark not in MEANT for mark in marks):
        return text, None
    figure = found["n"].strip()
    if figure.startswith("(") and figure.endswith(")"):
        figure = f"-{figure[1:-1]}"
    return figure, next((MEANT[mark] for mark in marks if mark), None)


def _at(found: re.Match[str] | None, date: tuple[int, int, int], clock: int) -> datetime | None:
    if found is None:
        return None
    year, month, day = (int(found[place]) for place in date)
    if year < 100:
        year += 1900 if year >= _TWO_DIGITS else 2000
    hour, minute, second = (int(found[clock + place] or 0) for place in range(3))
    half = (found[clock + 3] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def _turned(cells: Sequence[str], share: float) -> Spelling:
    """Day or month first: a figure above 12 says it; dots say day, AM and PM say month."""
    found = [match for cell in cells if (match := _TURNED.fullmatch(cell))]
    firsts, seconds = [int(match[1]) for match in found], [int(match[3]) for match in found]
    if max(firsts) > 12 and max(seconds) > 12:
        return Spelling("words", share, "day and month stand in both orders")
    if max(firsts) > 12:
        return Spelling("day_first", share)
    if max(seconds) > 12:
        return Spelling("month_first", share)
    if found[0][2] == ".":
        return Spelling("day_first", share)
    name = "month_first" if any(match[8] for match in found) else "day_first"
    said = name.replace("_", " ")
    return Spelling(name, share, f"no day above 12: {said} is a guess ({cells[0]!r})")


def _is_epoch(scale: float) -> Callable[[str], bool]:
    def is_so(cell: str) -> bool:
        whole = cell.removesuffix(".0")
        return whole.isdecimal() and _OLDEST <= int(whole) / scale < _NEWEST

    return is_so


_FORMATS: Final[Mapping[str, Callable[[str], bool]]] = {
    "iso": lambda cell: _ISO.fullmatch(cell) is not None,
    "turned": lambda cell: _TURNED.fullmatch(cell) is not None,
    "compact": lambda cell: _COMPACT.fullmatch(cell.removesuffix(".0")) is not None,
    **{name: _is_epoch(scale) for name, scale in _EPOCHS.items()},
    "words": lambda cell: _WORDED.fullmatch(cell) is not None,
}
