"""When customers watch and which titles they choose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cip.types import BoolArray, FloatArray, IntArray
from cip.worlds.streaming.config import DAY, WEEK, StreamingConfig
from cip.worlds.streaming.lives import Months, Persons
from cip.worlds.streaming.titles import CELLS, Titles, weekly_weights

_EVENING = 20.5  # hours, UTC
_EVENING_SPREAD = 2.2
_AT_ANY_HOUR = 0.25
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Plays:
    """Sessions, by customer and then time; each (s,).

    `month`: position in Months.  `second`: of its begin, after the start.  `item`: position in
    Titles.
    """

    month: NDArray[np.int32]
    customer: NDArray[np.int32]
    second: IntArray
    item: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _Shelf:
    """What may be drawn in each week: cells first, then a title of the cell.

    `appeal`: (n, cells), exp of taste times cell.  `mass`, `base`: (weeks, cells), weight of a cell
    and of all cells before it.  `upto`: (weeks, m), cumulative weight of titles in the order
    `by_cell`.  `week`: of coming out; `next_part`: (m + 1,), the last is for nothing seen yet.
    """

    appeal: FloatArray
    mass: FloatArray
    base: FloatArray
    upto: FloatArray
    by_cell: IntArray
    week: IntArray
    next_part: IntArray


def draw_plays(
    config: StreamingConfig,
    persons: Persons,
    months: Months,
    titles: Titles,
    rng: np.random.Generator,
) -> Plays:
    """Every session within the simulated time."""
    month = np.repeat(np.arange(len(months.customer), dtype=np.int32), months.sessions)
    second = _seconds(months, persons, month, rng)
    key = months.customer[month] * config.seconds + second
    order = np.argsort(key, kind="stable")
    order = order[second[order] < config.seconds]
    month, second = month[order], second[order]
    customer = months.customer[month].astype(np.int32)
    item = _choose(config, _shelf(config, persons, titles), customer, second, rng)
    return Plays(month, customer, second, item)


def _seconds(
    months: Months, persons: Persons, month: NDArray[np.int32], rng: np.random.Generator
) -> IntArray:
    """Times with a density that runs in a straight line from the month's first to its last pace.

    Then most are moved within their day to the evening, where that stays within the month.
    """
    start, end = months.start[month], months.end[month]
    first, last = (pace[month] for pace in months.pace(persons))
    u = rng.random(len(month))
    share = u * (first + last) / (first + np.sqrt(first**2 + u * (last**2 - first**2)))
    drawn = start + (share * (end - start)).astype(np.int64)
    hour = rng.normal(_EVENING, _EVENING_SPREAD, len(month)) % 24
    moved = drawn // DAY * DAY + (hour * 3600).astype(np.int64)
    keeps = (rng.random(len(month)) < _AT_ANY_HOUR) | (moved < start) | (moved >= end)
    return np.asarray(np.where(keeps, np.minimum(drawn, end - 1), moved))


def _shelf(config: StreamingConfig, persons: Persons, titles: Titles) -> _Shelf:
    by_cell = np.argsort(titles.cell, kind="stable")
    weights = weekly_weights(config, titles)[:, by_cell]
    upto = np.cumsum(weights, axis=1)
    bounds = np.searchsorted(titles.cell[by_cell], np.arange(CELLS + 1))
    edges = np.hstack([np.zeros((len(upto), 1)), upto])[:, bounds]
    cell_taste = np.zeros((CELLS, titles.taste.shape[1]))
    cell_taste[titles.cell] = titles.taste
    return _Shelf(
        appeal=np.exp(persons.taste @ cell_taste.T),
        mass=np.diff(edges, axis=1),
        base=edges[:, :-1],
        upto=upto,
        by_cell=by_cell,
        week=titles.week,
        next_part=np.append(titles.next_part, -1),
    )


def _choose(
    config: StreamingConfig,
    shelf: _Shelf,
    customer: NDArray[np.int32],
    second: IntArray,
    rng: np.random.Generator,
) -> NDArray[np.int32]:
    """The title of each session; all first sessions of a week at once, then all second ones ..."""
    item = np.empty(len(customer), dtype=np.int32)
    seen = np.zeros((config.customers, config.titles), dtype=bool)
    last = np.full(config.customers, -1)
    for week, rows in _batches(customer, second // WEEK):
        who = customer[rows]
        following = shelf.next_part[last[who]]
        follows = (following >= 0) & (shelf.week[following] <= week) & ~seen[who, following]
        follows &= rng.random(len(who)) < config.p_follow
        free = np.flatnonzero(~follows)
        following[free] = _draw_unseen(config, shelf, week=week, who=who[free], seen=seen, rng=rng)
        item[rows], last[who] = following, following
        seen[who, following] = True
    return item


def _batches(customer: NDArray[np.int32], week: IntArray) -> Iterator[tuple[int, IntArray]]:
    """Weeks with the sessions in them that are a customer's first, second, third ... of the week.

    Sessions come by customer and time.  No batch holds a customer twice.
    """
    new = np.ones(len(week), dtype=bool)
    new[1:] = (customer[1:] != customer[:-1]) | (week[1:] != week[:-1])
    first = np.flatnonzero(new)
    rank = np.arange(len(week)) - np.repeat(first, np.diff(np.append(first, len(week))))
    ranks = int(rank.max(initial=0)) + 1
    batch = week * ranks + rank
    order = np.argsort(batch, kind="stable")
    present, begins = np.unique(batch[order], return_index=True)
    for key, begin, end in zip(present, begins, np.append(begins, len(order))[1:], strict=True):
        yield int(key) // ranks, order[begin:end]


def _draw_unseen(
    config: StreamingConfig,
    shelf: _Shelf,
    *,
    week: int,
    who: NDArray[np.int32],
    seen: BoolArray,
    rng: np.random.Generator,
) -> IntArray:
    """A title for each of `who`, drawn again while it was seen before, up to `_TRIES` times."""
    upto = np.cumsum(shelf.appeal[who] * shelf.mass[week], axis=1)
    item = np.empty(len(who), dtype=np.int64)
    again = np.arange(len(who))
    for _ in range(_TRIES):
        drawn = _draw(shelf, week, upto[again], rng)
        item[again] = drawn
        refused = seen[who[again], drawn] & (rng.random(len(again)) >= config.p_rewatch)
        again = again[refused]
        if not len(again):
            break
    return item


def _draw(shelf: _Shelf, week: int, upto: FloatArray, rng: np.random.Generator) -> IntArray:
    """A cell for each row of cumulative weights, then a title of that cell; positions in Titles."""
    u = rng.random((2, len(upto)))
    cell = (upto <= (u[0] * upto[:, -1])[:, None]).sum(axis=1)
    at = shelf.base[week, cell] + u[1] * shelf.mass[week, cell]
    return np.asarray(shelf.by_cell[np.searchsorted(shelf.upto[week], at, side="right")])
