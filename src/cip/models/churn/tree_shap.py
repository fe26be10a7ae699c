"""Exact SHAP values of a tree ensemble from tables, an eighth of what its own library takes.

Which features on the way to a leaf let a row through is one of 2^d patterns, d of them distinct on
the path; what the leaf gives to each of them depends on the pattern alone (Yang 2021, Fast
TreeSHAP).  The tables hold it for every leaf and pattern.  A row needs its patterns and a sum.

The value of a leaf among features S is v times the product of o over S and of z over the rest, with
o in {0, 1} whether the row passes and z the share of training rows that did (Lundberg and others
2020, path-dependent).  Feature j gets v (o_j - z_j) times the integral over t in [0, 1] of the
product over the others of t o + (1 - t) z: a polynomial of degree d - 1, which d / 2 Gauss-Legendre
points integrate exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cip.errors import ModelError
from cip.models.churn.tree_paths import Path, Step, Tree
from cip.types import BoolArray, FloatArray, IntArray

LARGEST: Final = 2**24
"""Numbers in all tables, 128 MiB; 200 trees of 31 leaves have a third of them, and up to 12 million
where hundreds of thousands of rows let a path ask for more features."""
DEEPEST: Final = 15  # features on a path: a pattern is an int16
PROBES: Final = 8
BLOCK: Final = 2048
TRACE: Final = float(np.float32(1e-35))  # LightGBM's kZeroThreshold, also a border of its splits
ALONE: Final = 256  # up to so many rows are cheaper one after the other

Explain: TypeAlias = Callable[[FloatArray], tuple[float, FloatArray]]
"""From (n, k) rows to the base margin and (n, k) SHAP values."""
Reading: TypeAlias = Callable[[FloatArray], FloatArray]
"""From (n, k) numbers to those that a library compares with the thresholds of its trees."""


@dataclass(frozen=True)
class Conditions:
    """What is asked of a row somewhere, sorted by `feature`: low < x <= high, or `missing`."""

    feature: IntArray
    low: FloatArray
    high: FloatArray
    missing: BoolArray

    def one(self, x: FloatArray) -> BoolArray:
        """(conditions,) which of them the (k,) row meets."""
        at = x[self.feature]
        met: BoolArray = (at > self.low) & (at <= self.high)
        absent = np.isnan(x)
        if absent.any():
            met |= self.missing & absent[self.feature]
        return met

    def many(self, columns: FloatArray) -> BoolArray:
        """(conditions, n) of (k, n) columns."""
        met = np.empty((len(self.feature), columns.shape[1]), dtype=np.bool_)
        ends = np.searchsorted(self.feature, np.arange(len(columns) + 1)).tolist()
        for x, (start, end) in zip(columns, pairwise(ends), strict=True):
            own, absent = met[start:end], np.isnan(x)
            np.greater(x, self.low[start:end, None], out=own)
            own &= x <= self.high[start:end, None]
            own |= self.missing[start:end, None] & absent
        return met

    def probes(self, width: int) -> FloatArray:
        """(PROBES, width) rows on the borders, between them and without numbers."""
        rng, rows = np.random.default_rng(0), np.zeros((PROBES, width))
        for column in np.unique(self.feature):
            own = self.feature == column
            ends = np.concatenate([self.low[own], self.high[own]])
            ends = np.unique(ends[np.isfinite(ends)])
            drawn = rng.choice(np.concatenate([ends, (ends[1:] + ends[:-1]) / 2]), PROBES)
            rows[:, column] = np.where(rng.random(PROBES) < 0.2, np.nan, drawn)
        return rows


@dataclass(frozen=True)
class Leaves:
    """All leaves of an ensemble that d different features lead to.

    `features` and `conditions`: (leaves, d), which columns and which of `Conditions`.  `tables`:
    (leaves, 2^d, d) what the leaf gives to each; bit d - 1 of a pattern is of the first feature.
    """

    features: IntArray
    conditions: IntArray
    tables: FloatArray

    @cached_property
    def _starts(self) -> IntArray:
        starts: IntArray = np.arange(len(self.features)) * self.tables.shape[1]
        return starts

    @cached_property
    def _bits(self) -> FloatArray:
        return np.exp2(np.arange(self.features.shape[1], dtype=np.float64))[::-1]

    def one(self, met: FloatArray) -> FloatArray:
        """(leaves * d,) what each leaf gives, by the (conditions,) that are met, 0.0 or 1.0."""
        pattern = (met[self.conditions] @ self._bits).astype(np.int64) + self._starts
        rows = self.tables.reshape(-1, self.tables.shape[2])
        return rows.take(pattern, axis=0).reshape(-1)

    def add_many(self, met: NDArray[np.int16], to: FloatArray) -> None:
        """Adds to the (k, n) sums, leaf by leaf, by the (conditions, n) bits that are met."""
        for features, (first, *others), table in zip(
            self.features, self.conditions.tolist(), self.tables, strict=True
        ):
            pattern = met[first]
            for condition in others:
                pattern = (pattern << 1) | met[condition]
            to[features] += np.ascontiguousarray(table.T).take(pattern, axis=1)


@dataclass(frozen=True)
class TreeShap:
    """SHAP values of `width` columns; a row's are the same to the last bit alone and among others.

    `reading`: numbers as the library takes them before it compares, see `in_float32`.
    """

    width: int
    conditions: Conditions
    leaves: tuple[Leaves, ...]
    reading: Reading

    @cached_property
    def _features(self) -> IntArray:
        none = np.zeros(0, dtype=np.int64)
        return np.concatenate([none, *(leaves.features.reshape(-1) for leaves in self.leaves)])

    def values(self, X: FloatArray) -> FloatArray:
        """(n, width) SHAP values of (n, width) rows."""
        X = self.reading(X)
        if len(X) <= ALONE:
            return np.array([self._one(x) for x in X]).reshape(-1, self.width)
        blocks = (X[start : start + BLOCK] for start in range(0, len(X), BLOCK))
        return np.concatenate([self._many(block) for block in blocks])

    # both add up a column's values in the order of the leaves, so that they agree to the last bit

    def _one(self, x: FloatArray) -> FloatArray:
        met = self.conditions.one(x).astype(np.float64)
        given = [leaves.one(met) for leaves in self.leaves]
        weights = np.concatenate([np.zeros(0), *given])
        return np.asarray(np.bincount(self._features, weights, self.width), dtype=np.float64)

    def _many(self, X: FloatArray) -> FloatArray:
        met = self.conditions.many(np.ascontiguousarray(X.T)).astype(np.int16)
        sums = np.zeros((self.width, len(X)))
        for leaves in self.leaves:
            leaves.add_many(met, sums)
        return np.ascontiguousarray(sums.T)


def explaining(
    trees: Sequence[Tree] | None,
    width: int,
    native: Explain,
    tolerance: float,
    reading: Reading,
) -> Explain:
    """Tables that say what `native` says, and a tenth of its cost; `native` where there are none.

    None are made of trees that are None, and where they would be too large.
    Raises: ModelError M-128 where the two differ by more than `tolerance`, relative to the size.
    """
    tables = None if trees is None else tables_of(trees, width, reading)
    if tables is None:
        return native
    probes = tables.conditions.probes(width)
    base, theirs = native(probes)
    scale = np.maximum(1.0, np.abs(theirs).sum(axis=1, keepdims=True))
    miss = float((np.abs(tables.values(probes) - theirs) / scale).max(initial=0.0))
    if not miss <= tolerance:
        raise ModelError(
            "M-128",
            f"The tables of reasons miss what the model's own library says by {miss:.1e} of its "
            f"size, more than {tolerance:g}.",
            "Do not show these reasons: install the library's version of the lock, and report it.",
        )
    return lambda X: (base, tables.values(X))


def tables_of(trees: Iterable[Tree], width: int, reading: Reading) -> TreeShap | None:
    """The tables of these trees; None where they would hold more than `LARGEST` numbers."""
    paths = [path for tree in trees for path in tree.paths()]
    depths = [len(steps) for _, steps in paths]
    if max(depths, default=0) > DEEPEST or sum(d * 2**d for d in depths) > LARGEST:
        return None
    places, conditions = _conditions(paths)
    sizes = sorted({d for d in depths if d})
    leaves = (_leaves([p for p in paths if len(p[1]) == d], places) for d in sizes)
    return TreeShap(width, conditions, tuple(leaves), reading)


def _conditions(paths: Sequence[Path]) -> tuple[dict[tuple[float, ...], int], Conditions]:
    """The place of each condition, and all of them."""
    asked = sorted({_asked(f, step) for _, steps in paths for f, step in steps.items()})
    feature, low, high, missing = np.array(asked).reshape(-1, 4).T
    found = Conditions(feature.astype(np.int64), low.copy(), high.copy(), missing.astype(np.bool_))
    return {condition: place for place, condition in enumerate(asked)}, found


def _asked(feature: int, step: Step) -> tuple[float, ...]:
    return (feature, step.low, step.high, float(step.missing))


def _leaves(paths: Sequence[Path], places: dict[tuple[float, ...], int]) -> Leaves:
    features = [list(steps) for _, steps in paths]
    met = [[places[_asked(f, step)] for f, step in steps.items()] for _, steps in paths]
    shares = np.array([[step.share for step in steps.values()] for _, steps in paths])
    values = np.array([value for value, _ in paths])
    return Leaves(np.array(features), np.array(met), _tables(shares, values))


def _tables(shares: FloatArray, values: FloatArray) -> FloatArray:
    """(leaves, 2^d, d) of (leaves, d) `shares` and (leaves,) `values`."""
    rows, d = shares.shape
    points, weights = np.polynomial.legendre.leggauss((d + 1) // 2)
    t, weights = (points + 1) / 2, weights / 2
    absent = (1 - t) * shares[:, :, None]
    tables = np.empty((rows, *(2,) * d, d))
    for j in range(d):
        product = np.broadcast_to(weights, (rows, 1, len(t)))
        for k in (k for k in range(d) if k != j):
            factor = absent[:, k, None, :]
            product = np.stack([product * factor, product * (factor + t)], axis=2)
            product = product.reshape(rows, -1, len(t))
        alone = (product.sum(axis=2) * values[:, None]).reshape(rows, 2**j, 1, -1)
        moved = np.stack([-shares[:, j], 1 - shares[:, j]], axis=1).reshape(rows, 1, 2, 1)
        tables[..., j] = (alone * moved).reshape(rows, *(2,) * d)
    return tables.reshape(rows, 2**d, d)


def in_float32(X: FloatArray) -> FloatArray:
    """As XGBoost reads them."""
    with np.errstate(over="ignore"):
        rounded = X.astype(np.float32)
    # what is below every float32 is -inf, which would pass no `low < x`
    return np.maximum(rounded, np.finfo(np.float32).min).astype(np.float64)


def without_traces(X: FloatArray) -> FloatArray:
    """As LightGBM reads them: what is no further from 0 than `TRACE` is 0."""
    return np.where(np.abs(X) <= TRACE, 0.0, X)
