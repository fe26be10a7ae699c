"""Read a user's columns as text, numbers and times, and remember what could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import mul
from typing import Final

import ibis
from ibis.expr.types import BooleanValue, StringValue, Table, Value

from cip.contract.mapping import FromColumn, FromConstant, FromJoin, FromProduct, Origin
from cip.contract.tables import ColumnType
from cip.engine.numerals import as_number
from cip.engine.times import as_time

NOTHING_WORDS: Final = ("null", "none", "nil", "na", "n/a", "#n/a", "\\n")
"""Words that stand for an empty cell in numbers, times and ids, in small or large letters."""

_EXACT_WHOLE: Final = 1e15  # whole float64 below this have an exact int64
_NO: Final = ibis.literal(value=False)


@dataclass(frozen=True, slots=True)
class Reading:
    """One canonical column as read: its value, and what stood in the source.

    `value` is null where the source is empty or unreadable, and where it has a word for nothing.
    `notes` are marks that the value itself no longer shows, by name; see `times`.
    """

    value: Value
    raw: Value
    notes: Mapping[str, BooleanValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stated:
    """The time zone of times without an offset, and the currency whose mark numbers may bear.

    `days_zone`: the time zone whose days are meant by dates without a time of day.
    """

    zone: str = "UTC"
    currency: str | None = None
    days_zone: str = "UTC"


_NOTHING_STATED: Final = Stated()


def source_columns(origin: Origin) -> tuple[str, ...]:
    """The source's columns that an origin needs."""
    if isinstance(origin, FromColumn):
        return (origin.column,)
    if isinstance(origin, FromProduct):
        return origin.product
    return origin.join if isinstance(origin, FromJoin) else ()


def read_origin(
    rows: Table,
    origin: Origin,
    name: str,
    kind: ColumnType,
    stated: Stated = _NOTHING_STATED,
) -> Reading:
    """The canonical column `name` of type `kind`, read from `rows`.

    A product is empty where a factor is, and unreadable where a factor is.  `stated` is what the
    mapping says of all columns.
    """
    if isinstance(origin, FromConstant):
        return _read(ibis.literal(origin.constant), FromColumn(column=""), name, kind, stated)
    if isinstance(origin, FromJoin):
        return _joined([as_text(rows[column]) for column in origin.join])
    if isinstance(origin, FromProduct):
        factor = FromColumn(column="", decimal=origin.decimal)
        return _product(
            [_read(rows[column], factor, name, kind, stated) for column in origin.product]
        )
    reading = _read(rows[origin.column], origin, name, kind, stated)
    return _renamed(reading, origin.values) if origin.values else reading


def _renamed(reading: Reading, values: Mapping[str, str]) -> Reading:
    """Capitals do not matter: a file's True is true in another format of the same data."""
    pairs = [(name.lower(), said) for name, said in values.items()]
    return replace(reading, value=reading.value.lower().cases(*pairs, else_=reading.value))


def _joined(parts: list[StringValue]) -> Reading:
    """Empty parts are stepped over; nothing joined is nothing."""
    text = ibis.literal(" ").join(parts).nullif("")
    return Reading(text, text)


def _product(parts: list[Reading]) -> Reading:
    return Reading(
        reduce(mul, (part.value for part in parts)),
        # not `join`, which steps over a null: an empty factor makes an empty product
        reduce(lambda left, right: left + " × " + right, (part.raw for part in parts)),
    )


def _read(
    column: Value, origin: FromColumn, name: str, kind: ColumnType, stated: Stated
) -> Reading:
    raw = as_text(column)
    if kind == "text":
        raw = _without_zero_decimals(raw) if name.endswith("_id") else raw
        return Reading(raw, raw)
    if kind == "number":
        return Reading(as_number(column, raw, origin.decimal, stated.currency), raw)
    value, notes = as_time(column, raw, origin.time_format, stated.zone, stated.days_zone)
    return Reading(value, raw, notes)


@dataclass(frozen=True, slots=True)
class Marked:
    """What a value and its text say of each other, never null.

    `unreadable`: the source has something, and it is no such value; `nothing`: it has a word for
    an empty cell.  `value` is null there.
    """

    value: Value
    unreadable: BooleanValue
    nothing: BooleanValue


def marked(value: Value, raw: StringValue, name: str, kind: ColumnType) -> Marked:
    """The marks of the column `name`, from what `read_origin` made of it."""
    if kind == "text":
        if not name.endswith("_id"):
            return Marked(value, _NO, _NO)
        nothing = _is_word(raw, (*NOTHING_WORDS, "nan"))
        return Marked(nothing.ifelse(None, value), _NO, nothing)
    missed = raw.notnull() & value.isnull()
    nothing = missed & _is_word(raw, NOTHING_WORDS)
    return Marked(value, missed & ~nothing, nothing)


def _is_word(raw: StringValue, words: Sequence[str]) -> BooleanValue:
    """Never null.  Three ways of writing are compared: far cheaper than small letters."""
    written = {way for word in words for way in (word, word.upper(), word.capitalize())}
    return raw.isin([*sorted(written), "NaN"]).fill_null(False)  # noqa: FBT003 (by place)


def as_text(column: Value) -> Value:
    """Trimmed text; empty text is null; a whole float has no decimals ("13085", not "13085.0").

    A NaN in a column of floats is an empty cell, as pandas writes it.
    """
    dtype = column.type()
    if dtype.is_string():
        return column.strip().nullif("")
    if dtype.is_floating():
        small = column.abs() < _EXACT_WHOLE
        safe = small.ifelse(column, 0.0).cast("float64")  # an infinity has no floor
        whole = small & (safe == safe.floor())
        digits = safe.floor().cast("int64").cast("string")
        return column.isnan().ifelse(None, whole.ifelse(digits, column.cast("string")))
    return column.cast("string")


def _without_zero_decimals(text: Value) -> Value:
    """Spreadsheets write the id 13085 as "13085.0" once a column has a gap."""
    whole = text.re_search(r"^-?[0-9]+\.0$").ifelse(text.substr(0, text.length() - 2), text)
    return text.endswith(".0").ifelse(whole, text)  # cheap to ask, and seldom so
