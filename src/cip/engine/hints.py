"""What to set in `cip.toml`, guessed from the first value that could not be used."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cip.contract.mapping import TimeFormat

_EPOCHS: Final[Sequence[tuple[TimeFormat, str, float]]] = (
    ("epoch_s", "seconds", 1.0),
    ("epoch_ms", "milliseconds", 1e3),
    ("epoch_us", "microseconds", 1e6),
)
_FROM, _TO = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (1990, 2050))
_DAYS: Final = re.compile(r"^(\d{1,2})[./-](\d{1,2})[./-](\d{4})\b")
_SHORT_YEAR: Final = re.compile(r"^\d{1,2}[./-]\d{1,2}[./-]\d{1,2}(\D|$)")
_COMPACT: Final = re.compile(r"^(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])(\d{6})?(\.0)?$")
_COMMA: Final = re.compile(r"^[+-]?\d+(\.\d{3})*,\d+$")
_CURRENCY: Final = re.compile(r"[€$£¥₹]|^[A-Z]{3} ?[\d.,-]+$|[\d.,] ?[A-Z]{3}$")
_MARKED: Final = re.compile(r"^([+-]?)\D{0,4}([\d.,]+)\D{0,5}$")
_FORMULA: Final = re.compile(r"^[=@]|^[+-].*[A-Za-z(]")
_MONTHS: Final = 12


def time_hint(example: str) -> str | None:
    """How a time seems to be written; None where nothing can be guessed."""
    if _FORMULA.match(example):
        return "it is a formula: save the sheet with its values"
    if _COMPACT.match(example):
        return f'{example} is written without separators: set time_format = "compact"'
    number = _number(example)
    if number is not None:
        for form, unit, size in _EPOCHS:
            if _FROM <= abs(number) / size < _TO:
                return f'{example} looks like {unit} since 1970: set time_format = "{form}"'
    days = _DAYS.match(example)
    if days:
        return _day_hint(example, int(days[1]), int(days[2]))
    if _SHORT_YEAR.match(example):
        return f"{example} has a year of two digits: write four, e.g. 2011-12-09"
    return None


def _day_hint(example: str, first: int, second: int) -> str:
    if first > _MONTHS >= second:
        return f'{example} has the day first: set time_format = "day_first"'
    if second > _MONTHS >= first:
        return f'{example} has the month first: set time_format = "month_first"'
    return (
        f'does {example} have the day first or the month? Set time_format = "day_first" or '
        '"month_first"'
    )


def number_hint(example: str) -> str | None:
    """How a number seems to be written; None where nothing can be guessed."""
    if _FORMULA.match(example):
        return "it is a formula: save the sheet with its values"
    bare = _MARKED.sub(r"\1\2", example)
    if _COMMA.match(bare):
        return f'{example} has a decimal comma: set decimal = ","'
    if _CURRENCY.search(example):
        return (
            f"{example} bears the mark of a currency: is it the one of [workspace]? Or write the "
            "amount without it, and map the currency as columns.currency"
        )
    if "." in example and "," not in example and _number(example) is not None:
        return f'{example} has a decimal point: set decimal = "."'
    return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
