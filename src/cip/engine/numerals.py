"""Numbers out of a user's column, with the separators that the mapping states."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import ibis
from ibis.expr.types import BooleanValue, FloatingValue, StringValue, Value

from cip.contract.mapping import Decimal
from cip.contract.marks_of_money import marks_of, other_marks

GROUPED: Final = "grouped"
"""The note on a number whose only separator is read as one of thousands, such as 1,234."""

FOREIGN: Final = "foreign"
"""The note on a number that bears the mark of another currency than the workspace's: $12."""

_BLANKS: Final = "[ \u00a0\u202f]*"
_OTHER: Final[dict[Decimal, str]] = {".": ",", ",": "."}


def as_number(
    column: Value, raw: StringValue, decimal: Decimal, currency: str | None = None
) -> FloatingValue:
    """float64, null where it is none; a text that is a number has its separators read.

    The other sign than `decimal` counts as a separator of thousands, and only where every group
    after the first has three digits: "1,234.50" is a number, "12,34.50" and "0,500" are none.
    A mark of `currency` may stand before or behind it: "$1,234.50", "1.234,50 €", "-5 EUR".
    """
    dtype = column.type()
    if dtype.is_floating():
        return column.isnan().ifelse(None, column).cast("float64")
    if dtype.is_numeric() or dtype.is_boolean():
        return column.cast("float64")
    value = _from_text(raw, decimal)
    if currency is None:
        return value
    # asked only where the text alone is no number
    return ibis.coalesce(value, _from_text(_unmarked(raw, marks_of(currency)), decimal))


def marked_otherwise(value: FloatingValue, raw: StringValue, currency: str | None) -> BooleanValue:
    """Whether a text is a number but for the mark of a currency that is not `currency`."""
    before, behind = _patterns(other_marks(currency))
    found = raw.re_search(before) | raw.re_search(behind)
    no = ibis.literal(value=False)
    return value.isnull().ifelse(found, no).fill_null(False)  # noqa: FBT003 (by place)


def _from_text(raw: StringValue, decimal: Decimal) -> FloatingValue:
    other = _OTHER[decimal]
    bare = raw.contains(other).ifelse(_ungrouped(raw, decimal, other), raw)
    value = bare if decimal == "." else bare.replace(",", ".")
    return value.try_cast("float64")


def grouped_alone(value: FloatingValue, raw: StringValue, decimal: Decimal) -> BooleanValue:
    """Whether a number was read from text whose only separator is one of thousands."""
    other = _OTHER[decimal]
    alone = value.notnull() & raw.contains(other) & ~raw.contains(decimal)
    return alone.fill_null(False)  # noqa: FBT003 (by place)


def _ungrouped(raw: StringValue, decimal: Decimal, other: str) -> StringValue:
    pattern = rf"^[+-]?[1-9][0-9]{{0,2}}([{other}][0-9]{{3}})+([{decimal}][0-9]+)?$"
    return raw.re_search(pattern).ifelse(raw.replace(other, ""), None)


def _unmarked(raw: StringValue, marks: Iterable[str]) -> StringValue:
    before, behind = _patterns(marks)
    return raw.re_replace(before, r"\1\2").re_replace(behind, r"\1")


def _patterns(marks: Iterable[str]) -> tuple[str, str]:
    """A number with a mark before it, as -$5 or $-5, and one with a mark behind it."""
    mark = "|".join(re.escape(each) for each in marks)
    before = rf"^([+-]?)(?i:{mark}){_BLANKS}([+-]?[0-9][0-9.,]*)$"
    return before, rf"^([+-]?[0-9][0-9.,]*){_BLANKS}(?i:{mark})$"
