"""What the detector looks at: columns, what followed, and the dates at which it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.models.leaks.single import Groups, groups_of, rates_elsewhere
from cip.types import BoolArray, FloatArray, IntArray

FEWEST: Final = 20  # leavers, and stayers, below which nothing is said about a date


@dataclass(frozen=True, slots=True)
class Rows:
    """n snapshots with what followed.

    `columns`: name to (n,) float64 or object; `churned`: (n,); `folds`: (n,) by customer, at least
    two; `period`: (n,) number of the date a row belongs to, in order of time, or None for one.
    """

    columns: Mapping[str, NDArray[Any]]
    churned: BoolArray
    customer_id: NDArray[Any]
    folds: IntArray
    period: IntArray | None = None


@dataclass(frozen=True, slots=True)
class View:
    """The rows of one date; `when` names it in a sentence, empty where there is but one."""

    when: str
    at: IntArray
    churned: BoolArray
    customer_id: NDArray[Any]
    folds: IntArray

    def score(self, groups: Groups) -> FloatArray:
        """(n,) what a column alone says of each customer, learnt on other customers."""
        return rates_elsewhere(groups.take(self.at), self.churned, self.folds)


def views_of(rows: Rows, names: Sequence[str]) -> tuple[View, ...]:
    """The dates with enough leavers and stayers, in order of time."""
    period = np.zeros(len(rows.churned), dtype=np.int64) if rows.period is None else rows.period
    views = (_view(rows, np.flatnonzero(period == p), int(p), names) for p in np.unique(period))
    return tuple(view for view in views if _has_enough(view.churned))


def _view(rows: Rows, at: IntArray, period: int, names: Sequence[str]) -> View:
    when = names[period] if period < len(names) else ""
    return View(when, at, rows.churned[at], rows.customer_id[at], rows.folds[at])


def _has_enough(churned: BoolArray) -> bool:
    left = int(np.count_nonzero(churned))
    return min(left, len(churned) - left) >= FEWEST


@dataclass
class Columns:
    """The columns of some rows in groups, each worked out when first asked for."""

    rows: Rows
    made: dict[str, Groups]

    def __getitem__(self, name: str) -> Groups:
        if name not in self.made:
            self.made[name] = groups_of(self.rows.columns[name])
        return self.made[name]
