"""What travels while guessing: a table as seen, and what is proposed for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from cip.contract.tables import TableName

SURE: Final = 0.7
"""From this confidence on a guess is written without a question."""

Looks = Literal["empty", "number", "time", "boolean", "text"]
Shape = Literal[
    "lines", "payments", "events", "spells", "customers", "members", "items", "offers", "nothing"
]
Answers = Mapping[str, str]

SHAPES: Final[Mapping[str, str]] = {
    "lines": "lines of invoices or orders: several rows a payment",
    "payments": "payments: one row each",
    "events": "what customers did: plays, ratings, visits",
    "spells": "subscriptions: a beginning, perhaps an end",
    "customers": "customers: one row each",
    "members": "customers whose row also says when their subscription began and ended",
    "items": "items: products, titles, courses",
    "offers": "offers made to customers: an arm each",
    "nothing": "nothing that CIP reads",
}


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column as a sample of its rows shows it.

    `examples`: the most frequent values, at most 60; `distinct`: of the sample; `low` and `high`:
    of numbers; `first` and `last`: of times, UTC.  `time_format` is how times are written,
    `decimal` the mark of decimals; `readable` is False where the product's reader would not
    understand the values, and `doubt` says why; `unread` cells are not of the others' type.
    """

    name: str
    looks: Looks
    rows: int
    filled: int
    distinct: int
    examples: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    negatives: int = 0
    zeros: int = 0
    is_whole: bool = False
    first: datetime | None = None
    last: datetime | None = None
    time_format: str = "iso"
    decimal: str = "."
    currency: str | None = None
    mean_length: float = 0.0
    readable: bool = True
    unread: int = 0
    doubt: str = ""

    @property
    def is_constant(self) -> bool:
        """Whether the column says nothing: empty, or one value everywhere."""
        return self.distinct <= 1

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, with a few examples."""
        seen = asdict(self) | {"examples": list(self.examples[:5])}
        return seen | {at: seen[at] and seen[at].isoformat() for at in ("first", "last")}


@dataclass(frozen=True, slots=True)
class TableProfile:
    """One source as seen.

    `options`: what stands under `[sources.NAME]`; `cells`: the sample, column by column, as text,
    None where empty; `rows`: of the whole source, estimated unless `is_whole` (then the sample is
    all of it); `repeats`: rows of the sample that repeat an earlier one word for word;
    `histories`: of a large source, every row of some customers, customer and times only; `doubts`:
    what was odd about the file.
    """

    name: str
    options: Mapping[str, Any]
    columns: tuple[ColumnProfile, ...]
    cells: Mapping[str, tuple[str | None, ...]]
    rows: int
    sampled: int
    is_whole: bool = True
    repeats: int = 0
    histories: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()

    def column(self, name: str) -> ColumnProfile:
        """The profile of the column of this name."""
        return next(column for column in self.columns if column.name == name)

    def uniqueness(self, column: ColumnProfile) -> float:
        """Distinct values over filled rows that do not repeat another row; 0 when empty."""
        rows = min(column.filled, self.sampled - self.repeats)
        return min(1.0, column.distinct / rows) if rows else 0.0


@dataclass(frozen=True, slots=True)
class Guess:
    """One decision: `place` (`orders.amount`), the value, how sure, and why not surer.

    `choices` are the other values that it could have; an empty value is "none".
    """

    place: str
    value: str
    confidence: float
    doubt: str = ""
    choices: tuple[str, ...] = ()

    @property
    def is_sure(self) -> bool:
        """Whether it is written without a question."""
        return self.confidence >= SURE


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """Where one canonical column comes from: `origin` as `cip.toml` writes it."""

    name: str
    origin: Any
    guess: Guess


@dataclass(frozen=True, slots=True)
class TableGuess:
    """One part of a canonical table: its columns, attributes, and policies with their reasons."""

    name: TableName
    source: str
    columns: tuple[ColumnGuess, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    number_attributes: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    add_up: bool = False
    policy: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    note: str = ""

    def origin(self, name: str) -> Any:
        """The origin of a canonical column, or None."""
        return next((column.origin for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class LabelGuess:
    """Who counts as having left; `settings` as `[churn.label]` writes them."""

    settings: Mapping[str, Any]
    guess: Guess
    also: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The days of `[snapshot]`, with the sentence that says why; `length_days` of the data."""

    horizon_days: int
    active_days: int
    gap_days: int
    every_days: int
    min_history_days: int
    max_cutoffs: int
    length_days: int
    guess: Guess


@dataclass(frozen=True, slots=True)
class Proposal:
    """A whole `cip.toml`, with how sure each part is.

    `guesses` are all decisions, sources first; `rhythm` is None for customers without time.
    `time_zone` is what was answered: no file says where the business's days begin.
    """

    name: str
    currency: Guess
    sources: tuple[TableProfile, ...]
    shapes: tuple[Guess, ...]
    tables: tuple[TableGuess, ...]
    label: LabelGuess
    rhythm: Rhythm | None
    links: tuple[str, ...] = ()
    time_zone: str = "UTC"

    @property
    def guesses(self) -> tuple[Guess, ...]:
        """Every decision once, in the order in which a person would be asked."""
        columns = [column.guess for table in self.tables for column in table.columns]
        rhythm = [self.rhythm.guess] if self.rhythm else []
        every = [*self.shapes, *columns, self.label.guess, *rhythm, self.currency]
        return tuple({guess.place: guess for guess in reversed(every)}.values())[::-1]

    @property
    def questions(self) -> tuple[Guess, ...]:
        """The decisions that are not sure."""
        return tuple(guess for guess in self.guesses if not guess.is_sure)
