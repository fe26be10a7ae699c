"""What a feature is to the engine: its words, and how it is added up from which small table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import ibis
from ibis.expr.types import NumericValue, Table, Value

from cip.types import FeatureInfo

WINDOWS: Final[dict[str, int | None]] = {"7d": 7, "28d": 28, "90d": 90, "365d": 365, "all": None}
SPAN_WORDS: Final[dict[str, str]] = {
    name: f"in the last {days} days" if days else "so far" for name, days in WINDOWS.items()
}

Stage = Literal["payments", "activity", "kinds", "items", "categories", "spells", "ratios"]


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature, a number or a category.

    `value` adds up the rows of one customer at one cutoff in the table of its stage (see
    `cip.engine.features`); in the stage "ratios" it combines finished features, row by row.
    `needs` names optional columns, and kinds of interaction, without which it is left out.
    `empty` is the value of a customer who has no row in the stage: 0 for counts and sums, None for
    the undefined.
    """

    info: FeatureInfo
    stage: Stage
    value: Callable[[Table], Value]
    needs: frozenset[str] = frozenset()
    empty: float | None = None


def within(rows: Table, days: int | None, skip: int = 0) -> ibis.expr.types.BooleanValue:
    """Rows of the window [cutoff - skip - days, cutoff - skip); None has no beginning.

    `age` counts days from a row's day to the cutoff: yesterday is 1.
    """
    older = rows["age"] > skip
    return older if days is None else older & (rows["age"] <= skip + days)


def count(where: ibis.expr.types.BooleanValue) -> NumericValue:
    """How many rows fulfil `where`; 0 if none."""
    return where.ifelse(1, 0).sum()


def total(value: NumericValue, where: ibis.expr.types.BooleanValue) -> NumericValue:
    """The sum of `value` where `where` holds, to a millionth; 0 if it never does."""
    return settled(where.ifelse(value.cast("float64"), ibis.literal(0, "float64")).sum())


def settled(sum_or_spread: NumericValue) -> NumericValue:
    """The figure to a millionth, so that equal data give equal figures to the last bit.

    An engine adds on several threads in any order, and float64 sums then differ in the last digit.
    """
    return sum_or_spread.cast("float64").round(6)


def ratio(part: NumericValue, whole: NumericValue) -> NumericValue:
    """`part` / `whole` as float64; null where `whole` is 0 or null."""
    return part.cast("float64") / whole.cast("float64").nullif(0)
