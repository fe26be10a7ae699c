"""Read a user's columns as text, numbers and times, and remember what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import mul, or_
from typing import Final

import ibis
from ibis.expr.types import BooleanValue, StringValue, Table, Value

from cip.contract.mapping import FromColumn, FromConstant, FromJoin, FromProduct, Origin
from cip.contract.tables import ColumnType

_EXACT_WHOLE: Final = 1e15  # whole float64 below this have an exact int64
_UTC: Final = "timestamp('UTC', 6)"


@dataclass(frozen=True, slots=True)
class Reading:
    """One canonical column as read: its value, what stood in the source, what was unreadable.

    `value` is null where the source is empty or unreadable; `unreadable` is never null.
    """

    value: Value
    raw: Value
    unreadable: BooleanValue


def source_columns(origin: Origin) -> tuple[str, ...]:
    """The source's columns that an origin needs."""
    if isinstance(origin, FromColumn):
        return (origin.column,)
    if isinstance(origin, FromProduct):
        return origin.product
    return origin.join if isinstance(origin, FromJoin) else ()


def read_origin(rows: Table, origin: Origin, name: str, kind: ColumnType) -> Reading:
    """The canonical column `name` of type `kind`, read from `rows`.

    A product is empty where a factor is, and unreadable where a factor is.
    """
    if isinstance(origin, FromConstant):
        return _read(ibis.literal(origin.constant), name, kind)
    if isinstance(origin, FromJoin):
        return _joined([as_text(rows[column]) for column in origin.join])
    parts = [_read(rows[column], name, kind) for column in source_columns(origin)]
    if isinstance(origin, FromColumn) and origin.values:
        return _renamed(parts[0], origin.values)
    return parts[0] if len(parts) == 1 else _product(parts)


def _renamed(reading: Reading, values: Mapping[str, str]) -> Reading:
    """Capitals do not matter: a file's True is true in another format of the same data."""
    pairs = [(name.lower(), said) for name, said in values.items()]
    said = reading.value.lower().cases(*pairs, else_=reading.value)
    return Reading(said, reading.raw, reading.unreadable)


def _joined(parts: list[StringValue]) -> Reading:
    """Empty parts are stepped over; nothing joined is nothing."""
    text = ibis.literal(" ").join(parts).nullif("")
    return Reading(text, text, ibis.literal(value=False))


def _product(parts: list[Reading]) -> Reading:
    return Reading(
        reduce(mul, (part.value for part in parts)),
        # not `join`, which steps over a null: an empty factor makes an empty product
        reduce(lambda left, right: left + " × " + right, (part.raw for part in parts)),
        reduce(or_, (part.unreadable for part in parts)),
    )


def _read(column: Value, name: str, kind: ColumnType) -> Reading:
    raw = as_text(column)
    if kind == "text":
        value = _without_zero_decimals(raw) if name.endswith("_id") else raw
    else:
        value = _CASTS[kind](column, raw)
    return Reading(value, raw, raw.notnull() & value.isnull())


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
    spoiled = text.re_search(r"^-?[0-9]+\.0$")
    return spoiled.ifelse(text.substr(0, text.length() - 2), text)


def _as_number(column: Value, raw: Value) -> Value:
    dtype = column.type()
    if dtype.is_floating():
        return column.isnan().ifelse(None, column).cast("float64")
    if dtype.is_numeric() or dtype.is_boolean():
        return column.cast("float64")
    return raw.try_cast("float64")


def _as_time(column: Value, raw: Value) -> Value:
    """Microseconds in UTC; a time without a zone is read as UTC."""
    dtype = column.type()
    if dtype.is_timestamp() or dtype.is_date():
        return column.cast(_UTC)
    return raw.try_cast(_UTC)


_CASTS: Final[dict[ColumnType, Callable[[Value, Value], Value]]] = {
    "number": _as_number,
    "time": _as_time,
}
