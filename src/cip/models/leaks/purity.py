"""Values that leavers only have, or stayers only: a reason for leaving, a status, a fee."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.models.leaks.bounds import Trial
from cip.models.leaks.rows import Columns, View
from cip.models.leaks.single import EMPTY, Groups, tallies
from cip.models.leaks.suspect import LEFT_RATIO, PURE, STAYED_RATIO, Suspect
from cip.types import BoolArray, Estimate
from cip.wording import percent

_FEWEST: Final = 5  # rows of a group, where it is learnt, before it counts as pure
_NAMED: Final = 3
_HOPEFUL: Final = 0.8 * PURE  # over all customers; less than this is not worth a closer look


@dataclass(frozen=True, slots=True)
class _Pure:
    """Held-out rows (of a view) in groups that looked pure elsewhere."""

    view: View
    inside: BoolArray
    leavers: bool
    evidence: Estimate


def pure_groups(columns: Columns, name: str, views: Sequence[View], trial: Trial) -> Suspect | None:
    """A suspect where some values surely go with one answer only."""
    found = [
        pure
        for view in views
        for leavers in (True, False)
        if (pure := _pure(columns[name].take(view.at), view, leavers, trial)) is not None
    ]
    if not found:
        return None
    best = max(found, key=lambda pure: (pure.leavers, pure.evidence.low))
    sentence = _sentence(best, columns.rows.columns[name][best.view.at])
    measure = f"share of these customers who {'left' if best.leavers else 'stayed'}"
    return Suspect(name, "near_copy", sentence, measure, best.evidence, PURE)


def _pure(groups: Groups, view: View, leavers: bool, trial: Trial) -> _Pure | None:
    answer = view.churned if leavers else ~view.churned
    inside = _inside(groups, answer, view)
    rows, hits = int(inside.sum()), int(answer[inside].sum())
    if rows < _FEWEST:
        return None
    evidence = trial.share(hits, rows)
    base = float(answer.mean())
    ratio = evidence.low / max(1 - evidence.low, 1e-12) * (1 - base) / base
    if evidence.low <= PURE or ratio <= (LEFT_RATIO if leavers else STAYED_RATIO):
        return None
    return _Pure(view, inside, leavers, evidence)


def _inside(groups: Groups, answer: BoolArray, view: View) -> BoolArray:
    """(n,) whether the row's group looked pure among other customers."""
    inside = np.zeros(len(answer), dtype=np.bool_)
    if not _looks_pure(groups, answer, _HOPEFUL).any():
        return inside
    for fold in np.unique(view.folds):
        held = view.folds == fold
        pure = _looks_pure(groups.take(~held), answer[~held], PURE)
        inside[held] = pure[groups.code[held]]
    return inside


def _looks_pure(groups: Groups, answer: BoolArray, bound: float) -> BoolArray:
    """(groups,) whether a value goes with the answer, or any value, or any but the commonest.

    A range of numbers does not count by itself: where a good feature is high, many leave.
    """
    rows, hits = tallies(groups, answer)
    pure: BoolArray = (rows >= _FEWEST) & (hits >= bound * rows) & groups.is_value
    any_value = np.arange(groups.count) > EMPTY
    commonest = 1 + int(np.argmax(rows[1:])) if groups.count > 1 else EMPTY
    uncommon = any_value & (np.arange(groups.count) != commonest)
    for together in (any_value, uncommon):
        there = rows[together].sum()
        # also of a value that is not among these rows
        if there >= _FEWEST and hits[together].sum() >= bound * there:
            pure = pure | together
    return pure


def _sentence(pure: _Pure, values: NDArray[Any]) -> str:
    rows, inside = int(pure.inside.sum()), pure.inside
    left_in, left_out = int(pure.view.churned[inside].sum()), pure.view.churned[~inside]
    at = f" at {pure.view.when}" * bool(pure.view.when)
    others = f", {percent(float(left_out.mean()))} of the others did" * bool(len(left_out))
    how = "with one answer only" if left_in in {0, rows} else "almost only with one answer"
    return (
        f"Where it is {_said(values, inside)}, {left_in:,} of {rows:,} customers left{at}{others}. "
        f"A value that goes {how} is written because of it."
    )


def _filled(values: NDArray[Any]) -> BoolArray:
    if values.dtype.kind == "f":
        known: BoolArray = np.isfinite(values)
        return known
    return np.array([value is not None for value in values], dtype=np.bool_)


def _said(values: NDArray[Any], inside: BoolArray) -> str:
    """The values of these rows, in words."""
    filled = _filled(values)
    if not filled[inside].any():
        return "empty"
    if (inside == filled).all():
        return "filled in"
    chosen = values[inside & filled]
    if values.dtype.kind == "f":
        low, high = float(chosen.min()), float(chosen.max())
        return f"{low:g}" if low == high else f"from {low:g} to {high:g}"
    levels = [repr(str(level)) for level, _ in Counter(chosen.tolist()).most_common()]
    more = f" and {len(levels) - _NAMED} more" * (len(levels) > _NAMED)
    return " or ".join(levels[:_NAMED]) + more
