"""The smallest change, within bounds that the business can act on, that brings a risk down.

Fewest features first (Wachter and others 2018 ask for nearness, Keane and Smyth 2020 for few
features: who is to act on it can do one or two things), then the smallest distance.  The distance
of a change is the share of all customers whose values lie between the old and the new one, so that
features with other units compare; another category is as far as two customers drawn by lot lie
apart on a number, a third.

All ways to change one feature are tried, then all ways to change two, in order of distance: the
first that works is the nearest on the grid of values tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from math import inf
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from cip.models.encode_parts import Value
from cip.types import BoolArray, FloatArray, IntArray

Direction = Literal["up", "down", "any"]
Columns = Mapping[str, NDArray[Any]]
Judge = Callable[[Columns], tuple[FloatArray, BoolArray]]
"""Of n ways to change some features, by name and (n,): (n,) p_churn, and (n,) whether possible."""

ALONE: Final = 400
TOGETHER: Final = 40
MOST: Final = 2
USUAL: Final = (0.05, 0.95)
"""Where nine of ten customers are: how far a number may go where nobody bounds it."""
_OTHER: Final = 1 / 3
_BLOCK: Final = 4096


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a feature may be changed: both ends belong to it; `values` of a category.

    `within`: at most this share of what it is now.  A side that neither this nor an end bounds
    goes as far as the usual customers do.
    """

    low: float = -inf
    high: float = inf
    direction: Direction = "any"
    values: tuple[str, ...] = ()
    within: float = inf


@dataclass(frozen=True, slots=True)
class Choices:
    """The values tried for one feature, the nearest first, with the distance of each, (m,)."""

    values: NDArray[Any]
    distance: FloatArray


@dataclass(frozen=True, slots=True)
class Nearest:
    """The change found: new values by feature, the risk it leads to, and its distance."""

    changes: Mapping[str, Value]
    p_after: float
    distance: float


def choices(seen: NDArray[Any], now: Value, bounds: Bounds, *, most: int = ALONE) -> Choices:
    """The values of `seen`, (n,), to which `now` may be changed, at most `most` of them.

    Only values that some customer has, or an end of the bounds that lies between such values.  Of
    more than `most`, those at equal steps of distance, both ends among them.  None where `now` is
    not known: from there no distance leads anywhere.
    """
    if isinstance(now, str):
        others = [v for v in bounds.values or sorted(set(_texts(seen))) if v != now]
        return Choices(np.array(others, dtype=np.object_), np.full(len(others), _OTHER))
    if now is None or np.isnan(now):
        return Choices(np.zeros(0), np.zeros(0))
    known = np.sort(seen[~np.isnan(seen.astype(np.float64))].astype(np.float64))
    if not len(known):
        return Choices(np.zeros(0), np.zeros(0))
    values = _within(known, float(now), _bounded(known, float(now), bounds))
    far = np.abs(_place(known, values) - _place(known, np.array([float(now)])))
    order = np.argsort(far, kind="stable")
    kept = order[_thinned(len(order), most)]
    return Choices(values[kept], far[kept])


def nearest(
    judge: Judge, alone: Mapping[str, Choices], together: Mapping[str, Choices], *, below: float
) -> Nearest | None:
    """The nearest change of one feature, else of two, with `p_churn < below`; None if none has.

    `alone` and `together`: what to try for a feature by itself and in pairs.  Of equal distances
    the lower risk.
    """
    for number in range(1, MOST + 1):
        tried = alone if number == 1 else together
        found = [
            one
            for names in combinations(tried, number)
            for one in _best(judge, {name: tried[name] for name in names}, below)
        ]
        if found:
            return min(found, key=lambda one: (one.distance, one.p_after))
    return None


def each_alone(
    judge: Judge, tried: Mapping[str, Choices], *, below: float, now: float
) -> tuple[Nearest, ...]:
    """The best change of every single feature that lowers the risk `now`, the least risk first.

    The nearest with `p_churn < below`; of a feature that does not reach it, the least risk.
    """
    found = [
        one
        for name, choice in tried.items()
        for one in _first(_best(judge, {name: choice}, below), _all(judge, {name: choice}))
        if one.p_after < now
    ]
    return tuple(sorted(found, key=lambda one: (one.p_after, one.distance)))


def _first(one: Iterator[Nearest], other: Iterator[Nearest]) -> list[Nearest]:
    return list(one) or list(other)


def lowest(judge: Judge, tried: Mapping[str, Choices], *, below: float) -> Nearest | None:
    """The change of one or two features that leads to the least risk, if that is under `below`.

    Of equal risks the nearest.
    """
    found = [
        one
        for number in range(1, MOST + 1)
        for names in combinations(tried, number)
        for one in _all(judge, {name: tried[name] for name in names})
        if one.p_after < below
    ]
    return min(found, key=lambda one: (one.p_after, one.distance), default=None)


def _all(judge: Judge, tried: Mapping[str, Choices]) -> Iterator[Nearest]:
    """The combination with the least risk."""
    if not all(len(choice.values) for choice in tried.values()):
        return
    places = np.meshgrid(*(np.arange(len(c.values)) for c in tried.values()), indexing="ij")
    pairs = list(zip(tried.values(), (axis.ravel() for axis in places), strict=True))
    columns = {n: c.values[at] for n, (c, at) in zip(tried, pairs, strict=True)}
    far = np.sum([choice.distance[at] for choice, at in pairs], axis=0)
    p, is_possible = judge(columns)
    if not is_possible.any():
        return
    row = int(np.lexsort((far, np.where(is_possible, p, inf)))[0])
    changes: dict[str, Value] = {name: values.tolist()[row] for name, values in columns.items()}
    yield Nearest(changes, float(p[row]), float(far[row]))


def _best(judge: Judge, tried: Mapping[str, Choices], below: float) -> Iterator[Nearest]:
    """The nearest combination that works, looked for in order of distance."""
    if not all(len(choice.values) for choice in tried.values()):
        return
    places = np.meshgrid(*(np.arange(len(c.values)) for c in tried.values()), indexing="ij")
    pairs = list(zip(tried.values(), (axis.ravel() for axis in places), strict=True))
    far = np.sum([choice.distance[at] for choice, at in pairs], axis=0)
    order = np.argsort(far, kind="stable")
    best: Nearest | None = None
    for start in range(0, len(order), _BLOCK):
        rows = order[start : start + _BLOCK]
        if best is not None and far[rows[0]] > best.distance:
            break
        values = [choice.values[at[rows]] for choice, at in pairs]
        columns = dict(zip(tried, values, strict=True))
        best = _nearer(best, _in_block(judge(columns), columns, far[rows], below))
    if best is not None:
        yield best


def _in_block(
    judged: tuple[FloatArray, BoolArray], columns: Columns, far: FloatArray, below: float
) -> Nearest | None:
    """The nearest of these ways that works; they come in order of distance."""
    p, is_possible = judged
    works = np.flatnonzero((p < below) & is_possible)
    if not len(works):
        return None
    equal = works[far[works] == far[works[0]]]
    row = int(equal[np.argmin(p[equal])])
    changes: dict[str, Value] = {name: values.tolist()[row] for name, values in columns.items()}
    return Nearest(changes, float(p[row]), float(far[row]))


def _nearer(one: Nearest | None, other: Nearest | None) -> Nearest | None:
    found = [each for each in (one, other) if each is not None]
    return min(found, key=lambda each: (each.distance, each.p_after), default=None)


def _bounded(known: FloatArray, now: float, bounds: Bounds) -> Bounds:
    """With both ends: as given, and where none is given, those of the usual customers."""
    low, high = bounds.low, bounds.high
    if bounds.within < inf:
        span = bounds.within * abs(now)
        return replace(bounds, low=max(low, now - span), high=min(high, now + span))
    if low == -inf:
        low = float(np.quantile(known, USUAL[0], method="lower"))
    if high == inf:
        high = float(np.quantile(known, USUAL[1], method="higher"))
    return replace(bounds, low=low, high=high)


def _within(known: FloatArray, now: float, bounds: Bounds) -> FloatArray:
    """Distinct values inside the bounds and on the side that is allowed, other than `now`."""
    ends = [e for e in (bounds.low, bounds.high) if known[0] < e < known[-1]]
    values = np.unique(np.concatenate([known, ends]))
    inside = (values >= bounds.low) & (values <= bounds.high) & (values != now)
    if bounds.direction != "any":
        inside &= values > now if bounds.direction == "up" else values < now
    found: FloatArray = values[inside]
    return found


def _place(known: FloatArray, values: FloatArray) -> FloatArray:
    """The share of the sorted `known` below each value; of equal ones the middle."""
    low = np.searchsorted(known, values, side="left")
    high = np.searchsorted(known, values, side="right")
    place: FloatArray = (low + high) / (2.0 * len(known))
    return place


def _thinned(n: int, most: int) -> IntArray:
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.int64)) if n else _NONE


_NONE: Final = np.zeros(0, dtype=np.int64)


def _texts(seen: NDArray[Any]) -> list[str]:
    return [value for value in seen.tolist() if value is not None]
