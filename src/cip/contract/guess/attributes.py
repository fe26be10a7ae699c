"""Which further columns describe a customer or an item, and which are left out, and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final

from cip.contract.guess import names as n
from cip.contract.guess.choose import origin_of
from cip.contract.guess.label import Answer, leaks
from cip.contract.guess.names import says, snake, words_of
from cip.contract.guess.shapes import ColumnProfile, TableProfile
from cip.contract.tables import TableName, is_own

_MOST_VALUES: Final = 60
_FEW_PEOPLE: Final = 10
_STEADY: Final = 0.95
_CODES: Final = n.bag("zip postal postcode plz code id nr class category type level tier")
_IDS: Final = n.ID - {"number", "num", "code"}
_LINE_NUMBER: Final = n.bag("row number index unnamed line")


@dataclass(frozen=True, slots=True)
class Attributes:
    """Attribute to its origin, which of them are numbers, and what was left out with the reason."""

    columns: dict[str, Any] = field(default_factory=dict)
    numbers: tuple[str, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)


def attributes(
    table: TableProfile,
    name: TableName,
    used: Collection[str],
    *,
    label: Answer | None = None,
    in_time: bool = True,
    key: str | None = None,
    reserved: Collection[str] = (),
) -> Attributes:
    """The attributes of a customers or items table.

    `used` columns stand elsewhere already.  `in_time`: the workspace has dates, so that a column
    that changes in time cannot be declared static.  `key`: take only columns that do not change
    among the rows of one key.  `reserved`: what no attribute may be called.
    """
    told = leaks(table, label) if name == "customers" else {}
    found: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    numbers: list[str] = []
    taken = {*reserved, *([attribute_name(label.column)] if label else [])}
    for column in table.columns:
        if column.name in used or (label and column.name == label.column):
            continue
        why = told.get(column.name) or _why_not(table, column, name, in_time=in_time)
        if not why and key is not None and not _is_steady(table, key, column.name):
            why = "it differs from row to row"
        if why:
            left_out[column.name] = why
            continue
        attribute = _free(snake(column.name), name, {*taken, *found})
        found[attribute] = origin_of(column, "value")
        if column.looks == "number" and not says(column.name, _CODES):
            numbers.append(attribute)
    return Attributes(found, tuple(numbers), left_out)


def attribute_name(column: str) -> str:
    """What the label's column is called among the attributes of customers."""
    return _free(snake(column), "customers", {})


def _why_not(table: TableProfile, column: ColumnProfile, name: TableName, *, in_time: bool) -> str:
    if column.is_constant or not column.name:
        return "it says nothing: one value, or none" if column.name else "it has no name"
    if column.looks == "time":
        return "a time; attributes are numbers and words"
    many = column.distinct > _FEW_PEOPLE
    if many and (
        says(column.name, n.PERSONAL) or (name == "customers" and says(column.name, n.NAME))
    ):
        return "personal, or a name"
    if column.looks == "number":
        return _why_no_number(table, column, name, in_time=in_time)
    if column.looks == "text" and column.distinct > _MOST_VALUES:
        return f"{column.distinct:,} different words"
    return ""


def _why_no_number(
    table: TableProfile, column: ColumnProfile, name: TableName, *, in_time: bool
) -> str:
    if not column.readable or column.unread:
        return column.doubt or "not all of them numbers"
    words = set(words_of(column.name))
    if words & (n.ID - {"number", "num", "code"}) or words <= n.bag(
        "row number index unnamed line"
    ):
        return "an id"
    many = column.distinct > _MOST_VALUES
    if words & _CODES and many:
        return f"{column.distinct:,} different codes"
    unnamed = column.is_whole and table.uniqueness(column) >= 0.999 and column.filled > _MOST_VALUES
    if unnamed and words & (n.CUSTOMER | n.ITEM | n.ID | n.PAYMENT):
        return "an id"
    if in_time and name == "customers" and words & n.CHANGING:
        return "it changes in time, and no column says when"
    return ""


def _is_steady(table: TableProfile, key: str, column: str) -> bool:
    """Whether nearly every key with several rows has one value in them."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for who, value in zip(table.cells[key], table.cells[column], strict=True):
        if who is not None and value is not None:
            seen[who][value] += 1
    several = [counts for counts in seen.values() if sum(counts.values()) > 1]
    if not several:
        return False
    return sum(len(counts) == 1 for counts in several) / len(several) >= _STEADY


def _free(wanted: str, name: TableName, taken: Collection[str]) -> str:
    while is_own(name, wanted) or wanted in taken:
        wanted = f"{wanted}_"
    return wanted
