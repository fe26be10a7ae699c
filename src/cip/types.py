"""What travels between rooms: small frozen data classes, with arrays inside."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
ObjectArray = NDArray[np.object_]

Severity = Literal["error", "warning", "info"]
Role = Literal["owner", "admin", "data_scientist", "analyst", "viewer", "service"]
SignalWord = Literal["useful", "weak", "no signal"]
FeatureKind = Literal["number", "category"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: a person who signs in to CIP, or the local command line (the owner)."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval, e.g. `Estimate(0.81, 0.79, 0.83, 0.95, "ROC-AUC")`.

    `level` is the nominal coverage of `[low, high]`.  `reason` says in words why a figure could
    not be computed; then `value`, `low` and `high` are NaN.
    """

    value: float
    low: float
    high: float
    level: float = 0.95
    unit: str = ""
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: NaN becomes None."""
        return {
            key: None if isinstance(item, float) and math.isnan(item) else item
            for key, item in asdict(self).items()
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing seen in the data: what, where, how often, and what was done about it.

    `rows` of `total_rows` show it, and `left_out` of them are not among the rows that are loaded.
    `rows_seen` and `values_seen` are the first few of them, in the order of the source; `source`
    names the source, for a table that comes from several.
    """

    code: str
    severity: Severity
    table: str
    column: str
    rows: int
    total_rows: int
    message: str
    remedy: str
    first_row: int | None = None
    example: str | None = None
    source: str = ""
    left_out: int = 0
    rows_seen: tuple[int, ...] = ()
    values_seen: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class FeatureInfo:
    """What a feature is, in words; docs, tooltips and reasons are generated from it.

    `phrase` says one value to a person with the fields `{v}` (the customer's value) and
    `{usual}` (what is typical), e.g. "Last bought {v} days ago (typical {usual})".
    `fact` names what the feature speaks of: features with one fact are one reason.
    `unknown` says what it means that a customer has no value, e.g. "Has never failed to pay".
    `early` is said instead of the phrase of whoever came less than a month ago, for a rate that
    hardly any time speaks for; its fields are names of features.
    """

    name: str
    kind: FeatureKind
    unit: str
    description: str
    phrase: str
    fact: str
    window_days: int | None = None
    decimals: int = 0
    unknown: str = ""
    early: str = ""


@dataclass(frozen=True, slots=True)
class FeatureFrame:
    """Features of n snapshots, column by column.

    `customer_id`: (n,) object array of str; `cutoff`: (n,) datetime64[us], midnights as the
    business's clocks show them; `columns`: name to
    (n,) float64 (NaN where undefined) or, for a category, (n,) object array of str or None.
    """

    customer_id: ObjectArray
    cutoff: NDArray[np.datetime64]
    columns: Mapping[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.customer_id)

    def take(self, rows: IntArray | BoolArray | slice) -> FeatureFrame:
        """The same columns for the rows given by position or by mask, or for some in a row."""
        return FeatureFrame(
            self.customer_id[rows],
            self.cutoff[rows],
            {name: values[rows] for name, values in self.columns.items()},
        )


@dataclass(frozen=True, slots=True)
class LabelledFrame:
    """A feature frame with what happened in `[cutoff, cutoff + horizon)`.

    `churned`: (n,) bool; `future_value`: (n,) float64, money received in the horizon.
    """

    features: FeatureFrame
    churned: BoolArray
    future_value: FloatArray

    def __len__(self) -> int:
        return len(self.features)

    def take(self, rows: IntArray | BoolArray | slice) -> LabelledFrame:
        """The same for the rows given by position or by mask, or for some in a row."""
        return LabelledFrame(self.features.take(rows), self.churned[rows], self.future_value[rows])


def joined(first: LabelledFrame, second: LabelledFrame) -> LabelledFrame:
    """The rows of both, the first one's before; both have the same columns."""
    one, two = first.features, second.features
    features = FeatureFrame(
        np.concatenate([one.customer_id, two.customer_id]),
        np.concatenate([one.cutoff, two.cutoff]),
        {name: np.concatenate([part, two.columns[name]]) for name, part in one.columns.items()},
    )
    return LabelledFrame(
        features,
        np.concatenate([first.churned, second.churned]),
        np.concatenate([first.future_value, second.future_value]),
    )


@dataclass(frozen=True, slots=True)
class Calendar:
    """The cutoffs of one run, each at 00:00 on the clock of the workspace's time zone.

    `train` < `validation` < `test` < `score`; between the end of one part's label window and the
    next part's first cutoff lie at least `gap_days`.
    """

    train: tuple[datetime, ...]
    validation: datetime
    test: datetime
    score: datetime
    horizon_days: int
    gap_days: int
    active_days: int

    @property
    def horizon(self) -> timedelta:
        """Length of the label window, which includes the cutoff instant and excludes its end."""
        return timedelta(days=self.horizon_days)

    @property
    def labelled(self) -> tuple[datetime, ...]:
        """Every cutoff whose label window lies inside the data."""
        return (*self.train, self.validation, self.test)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one question about a model, in a word and in a sentence, with its evidence."""

    question: Literal["signal", "choice"]
    word: str
    sentence: str
    evidence: Mapping[str, Estimate] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "question": self.question,
            "word": self.word,
            "sentence": self.sentence,
            "evidence": {k: v.as_dict() for k, v in self.evidence.items()},
        }


@dataclass(frozen=True, slots=True)
class Reason:
    """One fact that moves one customer's risk: a sentence and its size in points of probability.

    `is_known`: whether the sentence tells a value, and not that there is none.
    """

    fact: str
    sentence: str
    points: float
    features: Sequence[str] = ()
    is_known: bool = True
