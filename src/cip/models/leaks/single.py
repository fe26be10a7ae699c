"""What one column alone foretells, always about customers that it was not learnt on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.types import BoolArray, FloatArray, IntArray, ObjectArray

EMPTY: Final = 0  # the group of the rows without a value
_MOST_BINS: Final = 20
_ROWS_A_BIN: Final = 25
_PRIOR: Final = 10.0  # rows that a group's prior rate counts for


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows of one column in groups.

    `code`: (n,), 0 for no value; `is_value`: (groups,) whether a group is one value, not a range.
    """

    code: IntArray
    is_value: BoolArray

    @property
    def count(self) -> int:
        """How many groups, with that of the rows without a value."""
        return len(self.is_value)

    def take(self, rows: IntArray | BoolArray) -> Groups:
        """The same groups for these rows."""
        return Groups(self.code[rows], self.is_value)


def groups_of(values: NDArray[Any]) -> Groups:
    """A group a category; numbers in up to 20 equally large ones, with frequent values apart."""
    if values.dtype.kind == "f":
        return _binned(np.asarray(values, dtype=np.float64))
    return _levels(np.asarray(values, dtype=np.object_))


def _levels(values: ObjectArray) -> Groups:
    places: dict[Any, int] = {None: EMPTY}
    code = np.array([places.setdefault(value, len(places)) for value in values], dtype=np.int64)
    return Groups(code, np.ones(len(places), dtype=np.bool_))


def _binned(values: FloatArray) -> Groups:
    filled = np.isfinite(values)
    code = np.zeros(len(values), dtype=np.int64)
    known = values[filled]
    bins = int(np.clip(len(known) // _ROWS_A_BIN, 2, _MOST_BINS))
    cuts = np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1]) if len(known) else np.zeros(0)
    # a value that two cuts share fills a bin alone: its neighbour begins just above, it just below
    twice = cuts[1:][cuts[1:] == cuts[:-1]]
    edges = np.unique(np.concatenate([cuts, np.nextafter(twice, -np.inf)]))
    code[filled] = 1 + np.searchsorted(edges, known, side="left")
    different = 1 + np.searchsorted(edges, np.unique(known), side="left")
    is_value = np.bincount(different, minlength=2 + len(edges)) == 1
    is_value[EMPTY] = True
    return Groups(code, is_value)


def rates_elsewhere(groups: Groups, churned: BoolArray, folds: IntArray) -> FloatArray:
    """(n,) share that left in the row's group, learnt on the other folds.

    A group's share is drawn towards that of all rows with a value, so that a category never seen
    before still tells that there was one.
    """
    score = np.empty(len(churned))
    for fold in np.unique(folds):
        held = folds == fold
        score[held] = _rates(groups.take(~held), churned[~held])[groups.code[held]]
    return score


def tallies(groups: Groups, which: BoolArray) -> tuple[FloatArray, FloatArray]:
    """(groups,) rows of each group, and how many of them `which` marks."""
    rows = np.bincount(groups.code, minlength=groups.count).astype(np.float64)
    hits = np.bincount(groups.code, weights=which, minlength=groups.count).astype(np.float64)
    return rows, hits


def _rates(groups: Groups, churned: BoolArray) -> FloatArray:
    rows, left = tallies(groups, churned)
    base = float(left.sum() / max(rows.sum(), 1.0))
    filled = _towards(float(left[1:].sum()), float(rows[1:].sum()), base)
    prior = np.full(groups.count, filled)
    prior[EMPTY] = base
    rates: FloatArray = (left + _PRIOR * prior) / (rows + _PRIOR)
    return rates


def _towards(left: float, rows: float, base: float) -> float:
    return (left + _PRIOR * base) / (rows + _PRIOR)
