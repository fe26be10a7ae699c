"""The parts of an encoder: how one raw feature becomes columns, for a batch and for one row."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import isnan
from numbers import Real
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cip.errors import ModelError
from cip.types import FloatArray

Value: TypeAlias = float | str | None

RARE_ROWS: Final = 20
FEW_VALUES: Final = 5
QUANTILES: Final = 200
INTERVALS: Final = 5  # six knots on [0, 1]
SPLINES: Final = INTERVALS + 2  # eight cubic B-splines, the last one dropped: they sum to one
LINE_CLIP: Final = (0.005, 0.995)
LARGEST: Final = 1e100  # beyond it a square overflows; no real quantity is there


@dataclass(frozen=True)
class PlainNumber:
    """A number as it is; NaN stays NaN."""

    name: str

    @property
    def outputs(self) -> tuple[str, ...]:
        """One column."""
        return (self.name,)

    def write(self, values: NDArray[Any], out: FloatArray) -> None:
        """Fill the (n, 1) block."""
        out[:, 0] = _numbers(self.name, values)

    def write_one(self, value: Value, row: list[float], at: int) -> None:
        """Fill one row from position `at`."""
        row[at] = _number(self.name, value)


@dataclass(frozen=True)
class Levels:
    """A category one-hot: the kept levels, then `other`, then `missing` if training had one.

    `other` takes the levels rarer than `RARE_ROWS` in training, every level never seen, and a
    missing value where training had none.
    """

    name: str
    levels: tuple[str, ...]
    missing: bool

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """A column a level, `other`, and perhaps `missing`."""
        tail = ("other", "missing") if self.missing else ("other",)
        return (
            *(f"{self.name} = {level}" for level in self.levels),
            *(f"{self.name}: {t}" for t in tail),
        )

    @cached_property
    def _index(self) -> dict[str | None, int]:
        index: dict[str | None, int] = {level: i for i, level in enumerate(self.levels)}
        return index | ({None: len(self.levels) + 1} if self.missing else {})

    def write(self, values: NDArray[Any], out: FloatArray) -> None:
        """Fill the (n, k) block, which holds zeros."""
        index, other = self._index, len(self.levels)
        codes = [index.get(v, other) for v in _texts(self.name, values)]
        out[np.arange(len(codes)), codes] = 1.0

    def write_one(self, value: Value, row: list[float], at: int) -> None:
        """Fill one row of zeros from position `at`."""
        row[at + self._index.get(_text(self.name, value), len(self.levels))] = 1.0

    def unknown(self, values: NDArray[Any]) -> int:
        """How many of the (n,) values are text that is none of the kept levels."""
        counts = Counter(_texts(self.name, values))
        return sum(rows for v, rows in counts.items() if v is not None and v not in self.levels)


@dataclass(frozen=True)
class Steps:
    """A number with at most `FEW_VALUES` values one-hot, then `missing` if training had it.

    A value never seen counts as the nearest one (half way: the lower); a missing value where
    training had none counts as the most frequent one.
    """

    name: str
    values: tuple[float, ...]
    most_frequent: float
    missing: bool

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """A column a value, and perhaps `missing`; none where training saw nothing vary."""
        names = [f"{self.name} = {value:g}" for value in self.values]
        names += [f"{self.name}: missing"] if self.missing else []
        return tuple(names) if len(names) > 1 else ()

    @cached_property
    def _borders(self) -> list[float]:
        return [low / 2 + high / 2 for low, high in pairwise(self.values)]

    def write(self, values: NDArray[Any], out: FloatArray) -> None:
        """Fill the (n, k) block, which holds zeros."""
        x = _numbers(self.name, values)
        if not self.outputs:
            return
        absent = np.isnan(x)
        codes = np.searchsorted(self._borders, np.where(absent, self.most_frequent, x))
        codes = np.where(absent, len(self.values), codes) if self.missing else codes
        out[np.arange(len(x)), codes] = 1.0

    def write_one(self, value: Value, row: list[float], at: int) -> None:
        """Fill one row of zeros from position `at`."""
        x = _number(self.name, value)
        if not self.outputs:
            return
        if isnan(x) and self.missing:
            row[at + len(self.values)] = 1.0
        else:
            row[at + bisect_left(self._borders, self.most_frequent if isnan(x) else x)] = 1.0


@dataclass(frozen=True)
class Curve:
    """A number as a cubic B-spline of its rank, a straight line, and a flag if training missed it.

    The rank comes from `QUANTILES` training quantiles (`knots` to `ranks`, linear between, flat
    beyond), so the splines are bounded.  The straight line is standardised after clipping to the
    0.5 % and 99.5 % points of training: one huge value can move the margin no further than those.
    A missing value counts as the training median.
    """

    name: str
    knots: tuple[float, ...]
    ranks: tuple[float, ...]
    median: float
    low: float
    high: float
    mean: float
    scale: float
    missing: bool

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """`SPLINES` columns, the line, and perhaps `missing`."""
        names = [f"{self.name}: spline {i + 1}" for i in range(SPLINES)] + [f"{self.name}: line"]
        return tuple(names + ([f"{self.name}: missing"] if self.missing else []))

    @cached_property
    def _arrays(self) -> tuple[FloatArray, FloatArray]:
        return np.array(self.knots), np.array(self.ranks)

    # `write` and `write_one` do the same elementary operations in the same order, so that one row
    # and a batch agree to the last bit; adding 0.0 turns -0.0 into 0.0.

    def write(self, values: NDArray[Any], out: FloatArray) -> None:
        """Fill the (n, k) block, which holds zeros."""
        x = _numbers(self.name, values)
        absent = np.isnan(x)
        x = np.where(absent, self.median, x) + 0.0
        knots, ranks = self._arrays
        inside = np.clip(x, knots[0], knots[-1])
        j = np.minimum(np.searchsorted(knots, inside, side="right") - 1, len(knots) - 2)
        share = (inside - knots[j]) / (knots[j + 1] - knots[j])
        t = (ranks[j] + (ranks[j + 1] - ranks[j]) * share) * INTERVALS
        first = np.minimum(t.astype(np.int64), INTERVALS - 1)
        rows = np.arange(len(x))
        for step, height in enumerate(_cubic(t - first)):
            out[rows, first + step] = height  # the eighth goes where the line is written next
        out[:, SPLINES] = (np.clip(x, self.low, self.high) - self.mean) / self.scale
        if self.missing:
            out[:, SPLINES + 1] = absent

    def write_one(self, value: Value, row: list[float], at: int) -> None:
        """Fill one row of zeros from position `at`."""
        given = _number(self.name, value)
        x = (self.median if isnan(given) else given) + 0.0
        knots, ranks = self.knots, self.ranks
        inside = min(max(x, knots[0]), knots[-1])
        j = min(bisect_right(knots, inside) - 1, len(knots) - 2)
        share = (inside - knots[j]) / (knots[j + 1] - knots[j])
        t = (ranks[j] + (ranks[j + 1] - ranks[j]) * share) * INTERVALS
        first = min(int(t), INTERVALS - 1)
        for step, height in enumerate(_cubic(t - first)):
            if first + step < SPLINES:
                row[at + first + step] = height
        row[at + SPLINES] = (min(max(x, self.low), self.high) - self.mean) / self.scale
        if self.missing:
            row[at + SPLINES + 1] = float(isnan(given))


Part: TypeAlias = PlainNumber | Levels | Steps | Curve


def fit_plain(name: str, values: NDArray[Any]) -> PlainNumber:
    """A number passed through, once its type is seen to be right."""
    _numbers(name, values)
    return PlainNumber(name)


def fit_smooth(name: str, values: NDArray[Any]) -> Steps | Curve:
    """`Steps` for at most `FEW_VALUES` values, else a `Curve`."""
    x = _numbers(name, values)
    known = x[~np.isnan(x)] + 0.0
    missing = len(known) < len(x)
    distinct, counts = np.unique(known, return_counts=True)
    if len(distinct) > FEW_VALUES:
        return _fit_curve(name, known, missing=missing)
    most_frequent = float(distinct[counts.argmax()]) if len(distinct) else 0.0
    return Steps(name, tuple(distinct.tolist()), most_frequent, missing)


def fit_levels(name: str, values: NDArray[Any]) -> Levels:
    """Levels with at least `RARE_ROWS` rows, in alphabetical order."""
    counts = Counter(_texts(name, values))
    missing = counts.pop(None, 0) > 0
    kept = sorted(str(level) for level, rows in counts.items() if rows >= RARE_ROWS)
    return Levels(name, tuple(kept), missing)


def _fit_curve(name: str, known: FloatArray, *, missing: bool) -> Curve:
    grid = np.linspace(0.0, 1.0, QUANTILES)
    knots, place = np.unique(np.quantile(known, grid), return_inverse=True)
    # a value that fills several quantiles gets the middle of their ranks
    ranks = np.bincount(place, weights=grid) / np.bincount(place)
    low, high = np.quantile(known, LINE_CLIP)
    line = np.clip(known, low, high)
    return Curve(
        name,
        tuple(knots.tolist()),
        tuple(ranks.tolist()),
        median=float(np.median(known)),
        low=float(low),
        high=float(high),
        mean=float(line.mean()),
        scale=float(line.std()) or 1.0,
        missing=missing,
    )


def _cubic(w: Any) -> tuple[Any, Any, Any, Any]:
    """Heights of the four uniform cubic B-splines alive at `w` in [0, 1] of an interval.

    de Boor, A Practical Guide to Splines (2001), chapter X; for floats and arrays alike.
    """
    v = 1.0 - w
    return (
        v * v * v / 6.0,
        (4.0 - 6.0 * w * w + 3.0 * w * w * w) / 6.0,
        (1.0 + 3.0 * w + 3.0 * w * w - 3.0 * w * w * w) / 6.0,
        w * w * w / 6.0,
    )


def _numbers(name: str, values: NDArray[Any]) -> FloatArray:
    if values.dtype.kind not in "fiub":
        raise _wrong_type(name, "numbers", values[0] if len(values) else values.dtype)
    x = np.asarray(values, dtype=np.float64)
    if np.any(np.abs(x) > LARGEST):
        raise _too_large(name, x[np.abs(x) > LARGEST][0])
    return x


def _number(name: str, value: object) -> float:
    if type(value) is not float:  # asking any number whether it is one takes longer than the rest
        value = _as_float(name, value)
    if abs(value) > LARGEST:
        raise _too_large(name, value)
    return value


def _as_float(name: str, value: object) -> float:
    if value is None:
        return float("nan")
    if not isinstance(value, Real):
        raise _wrong_type(name, "a number", value)
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _texts(name: str, values: NDArray[Any]) -> list[str | None]:
    texts: list[Any] = values.tolist()
    if all(issubclass(kind, str | None) for kind in set(map(type, texts))):
        return texts
    return [_text(name, value) for value in texts]


def _text(name: str, value: object) -> str | None:
    """None for what is missing: None, or NaN, which is how pandas says it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and isnan(value):
        return None
    raise _wrong_type(name, "text", value)


def _wrong_type(name: str, wanted: str, seen: Any) -> ModelError:
    return ModelError(
        "M-102",
        f"Feature {name} must hold {wanted}; it holds {seen!r} ({type(seen).__name__}).",
        "Numbers come as float64 with NaN, categories as str; None and NaN are missing.",
    )


def _too_large(name: str, seen: float) -> ModelError:
    return ModelError(
        "M-103",
        f"Feature {name} holds {seen}, which is infinite or beyond {LARGEST:g}.",
        "Leave an undefined value as NaN.",
    )
