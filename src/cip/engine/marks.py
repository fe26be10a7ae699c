"""Names of the helper columns that a reading carries beside its values, and shared words."""

from __future__ import annotations

from typing import Final

REPETITION: Final = "_repetition"  # 0 for the first of equal source rows, then 1, 2 ...
KEY_REPETITION: Final = "_key_repetition"  # the same among rows that share the table's key
RATE: Final = "_rate"  # what a unit of the row's currency is worth; null where nobody says
LET_DROP: Final = 'let policy.bad_values = "drop" leave them out'


def raw(column: str) -> str:
    """Helper column: what stood in the source, as text."""
    return f"_raw_{column}"


def unreadable(column: str) -> str:
    """Helper column: the source has a value that is not of the column's type."""
    return f"_unreadable_{column}"


def nothing(column: str) -> str:
    """Helper column: the source has a word for an empty cell."""
    return f"_nothing_{column}"


def note(mark: str, column: str) -> str:
    """Helper column: a further mark on a value, see `times` and `numerals`."""
    return f"_{mark}_{column}"
