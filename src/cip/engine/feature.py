"""What a feature is to the engine: its words, and how it is added up from which small table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import ibis
from ibis.expr.types import NumericValue, Table, Value

from cip.types import FeatureInfo

if TYPE_CHECKING:
    from cip.engine.events import Events

WINDOWS: Final[dict[str, int | None]] = {"7d": 7, "28d": 28, "90d": 90, "365d": 365, "all": None}
SPAN_WORDS: Final[dict[str, str]] = {
    name: f"in the last {days} days" if days else "so far" for name, days in WINDOWS.items()
}

_FIELDS: Final = str.maketrans("{}", "()")

Stage = Literal[
    "payments",
    "activity",
    "kinds",
    "sentiment",
    "items",
    "categories",
    "devices",
    "spells",
    "ratios",
]
EventTable = Literal["transactions", "interactions", "subscriptions"]


@dataclass(frozen=True, slots=True)
class DailyRows:
    """A stage for features that people define: the rows of one table, added up by day.

    A row is what became known on one day of one customer's rows of another, of one `kind` where
    the table has kinds and one `thing` where that names a column of texts: `age`, `day`, `rows`
    and, where `number` names a column, `total`, `valued` (how many have a value), `highest` and
    `lowest`.  A spell's day is the day it began.
    """

    table: EventTable
    number: str | None = None
    thing: str | None = None


@dataclass(frozen=True, slots=True)
class Shares:
    """A stage for features that people define: a row a thing met, `rows` says how often.

    Of the last `days` days, all without; `kinds` as in `kinds_or_acts`.
    """

    daily: DailyRows
    kinds: tuple[str, ...] = ()
    days: int | None = None


@dataclass(frozen=True, slots=True)
class OwnRows:
    """A stage for features that bring their rows along, made of the events and of who is asked for.

    `make` gives rows with `customer_id` and `cutoff_day`, of what was known before that cutoff.
    """

    make: Callable[[Events, Table], Table]


AnyStage = Stage | DailyRows | Shares | OwnRows


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature, a number or a category.

    `value` adds up the rows of one customer at one cutoff in the table of its stage (see
    `cip.engine.features`); in the stage "ratios" it combines finished features, row by row.
    `needs` names tables, optional columns, and kinds of interaction without which it is left out.
    `empty` is the value of a customer who has no row in the stage: 0 for counts and sums, None for
    the undefined.  `origin` is the file of a person's Python feature, for messages.
    """

    info: FeatureInfo
    stage: AnyStage
    value: Callable[[Table], Value]
    needs: frozenset[str] = frozenset()
    empty: float | None = None
    origin: str = ""


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


def spoken(name: str) -> str:
    """The name of a user's column as a phrase may hold it: no part of it is a field to fill."""
    return name.translate(_FIELDS)


def with_facts_apart(
    infos: Iterable[FeatureInfo], taken: Collection[str] = ()
) -> tuple[FeatureInfo, ...]:
    """The infos, no two of one fact and none of a fact that is `taken`.

    Features of one fact are one reason, and two columns of a user are two, however alike their
    names read.  A fact that is taken is called as the column is, or else `given ...`.
    """
    made: list[FeatureInfo] = []
    seen = set(taken)
    for info in infos:
        fact = info.fact if info.fact not in seen else info.name
        while fact in seen:
            fact = f"given {fact}"
        seen.add(fact)
        made.append(replace(info, fact=fact))
    return tuple(made)
