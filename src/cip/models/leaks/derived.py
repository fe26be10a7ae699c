"""Numbers that are a product or a sum of two others, such as a total that is tenure times price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.models.leaks.bounds import Trial
from cip.models.leaks.suspect import SAME, Suspect
from cip.types import FloatArray, IntArray
from cip.wording import percent

MOST: Final = 60  # numbers among which pairs are tried; with more the rest is not looked at
HALF: Final = 0.5  # share of customers for whom it must hold to within a twentieth
_NEAR: Final = 0.05
_SAMPLE: Final = 400
_DISTINCT: Final = 10
_FEWEST: Final = 50


@dataclass(frozen=True, slots=True)
class Derived:
    """A column, what it is made of in words, and (n,) what it says beyond that."""

    suspect: Suspect
    formula: str
    beyond: FloatArray


def derived_columns(
    columns: Mapping[str, NDArray[Any]], names: Sequence[str], at: IntArray, trial: Trial
) -> list[Derived]:
    """Those of `names` that two others of `names` give, in the rows `at`: one a customer."""
    numbers = [name for name in names if _counts(columns[name][at])][:MOST]
    if len(numbers) < 3:
        return []
    kept = {name: columns[name][at] for name in numbers}
    best: dict[str, _Formula] = {}
    for formula in _likely(kept):
        if _is_real(formula, kept) and (
            formula.name not in best or formula.fit > best[formula.name].fit
        ):
            best[formula.name] = formula
    return [
        Derived(
            _suspect(formula, kept, trial),
            formula.words,
            columns[formula.name] - formula.made(columns),
        )
        for formula in best.values()
    ]


@dataclass(frozen=True, slots=True)
class _Formula:
    name: str
    parts: tuple[str, str]
    sign: str
    fit: float

    def made(self, numbers: Mapping[str, FloatArray]) -> FloatArray:
        first, second = (numbers[part] for part in self.parts)
        return first * second if self.sign == "×" else first + second

    @property
    def words(self) -> str:
        return f"{self.parts[0]} {self.sign} {self.parts[1]}"


def _counts(values: NDArray[Any]) -> bool:
    """Whether it is a number with enough different values to be made of others."""
    if values.dtype.kind != "f":
        return False
    known = values[np.isfinite(values)]
    return len(known) >= _FEWEST and len(np.unique(known)) > _DISTINCT


def _likely(numbers: Mapping[str, FloatArray]) -> Iterator[_Formula]:
    """Formulas that hold on a sample."""
    names = list(numbers)
    size = len(numbers[names[0]])
    rows = np.linspace(0, size - 1, min(size, _SAMPLE)).astype(np.int64)
    sample = np.stack([numbers[name][rows] for name in names])
    for first, second in combinations(range(len(names)), 2):
        parts = (names[first], names[second])
        for sign, made in (
            ("×", sample[first] * sample[second]),
            ("+", sample[first] + sample[second]),
        ):
            fits = _fits(sample, made)
            for target in np.flatnonzero(fits >= SAME):
                if target not in {first, second}:
                    yield _Formula(names[target], parts, sign, float(fits[target]))


def _fits(targets: FloatArray, made: FloatArray) -> FloatArray:
    """(t,) share of each row's variance that `made` is, itself and not by a line; at most 1."""
    both = np.isfinite(targets) & np.isfinite(made)
    count = np.maximum(both.sum(axis=1), 1)
    known = np.where(both, targets, 0.0)
    middle = known.sum(axis=1) / count
    spread = (np.where(both, targets - middle[:, None], 0.0) ** 2).sum(axis=1)
    missed = (np.where(both, targets - made, 0.0) ** 2).sum(axis=1)
    enough = (both.sum(axis=1) >= _FEWEST) & (spread > 0)
    fits: FloatArray = np.where(enough, 1 - missed / np.where(spread > 0, spread, 1.0), -np.inf)
    return fits


def _is_real(formula: _Formula, numbers: Mapping[str, FloatArray]) -> bool:
    """Holds on all rows, for most customers closely, and by both parts, not by one of them."""
    target, made = numbers[formula.name], formula.made(numbers)
    if _fits(target[None], made)[0] < SAME or _near(target, made).mean() <= HALF:
        return False
    return all(_alike(target, numbers[part]) < SAME for part in formula.parts)


def _near(target: FloatArray, made: FloatArray) -> NDArray[np.bool_]:
    both = np.isfinite(target) & np.isfinite(made)
    near: NDArray[np.bool_] = np.abs(target - made)[both] <= _NEAR * np.abs(target[both])
    return near


def _alike(first: FloatArray, second: FloatArray) -> float:
    """Squared correlation."""
    both = np.isfinite(first) & np.isfinite(second)
    if np.ptp(first[both]) == 0 or np.ptp(second[both]) == 0:
        return 0.0
    return float(np.corrcoef(first[both], second[both])[0, 1] ** 2)


def _suspect(formula: _Formula, numbers: Mapping[str, FloatArray], trial: Trial) -> Suspect:
    near = _near(numbers[formula.name], formula.made(numbers))
    evidence = trial.share(int(near.sum()), len(near))
    sentence = (
        f"It is {formula.words}, to within {100 * _NEAR:.0f} % for {percent(evidence.value)} of "
        "the customers. What it says beyond that does not give the answer away."
    )
    measure = "share of customers for whom it holds"
    return Suspect(formula.name, "derived", sentence, measure, evidence, HALF, is_kept_out=False)
