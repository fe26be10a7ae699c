"""When customers watch, what they are shown and click, and which titles they choose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cip.types import BoolArray, FloatArray, IntArray
from cip.worlds.streaming.config import DAY, WEEK, StreamingConfig
from cip.worlds.streaming.lives import Months
from cip.worlds.streaming.months import probability
from cip.worlds.streaming.persons import Persons
from cip.worlds.streaming.titles import CELLS, Titles, weekly_weights

_EVENING = 20.5  # hours, UTC
_EVENING_SPREAD = 2.2
_AT_ANY_HOUR = 0.25
_TRIES = 20
_SHOWN = 3  # titles in a row
_SECONDS_TO_CHOOSE = (5, 60)


@dataclass(frozen=True, slots=True)
class Plays:
    """Sessions, by customer and then time; each (s,).

    `month`: position in Months.  `second`: of its begin, after the start.  `item`: position in
    Titles.  `shown`: the rows of titles shown before some of them.
    """

    month: NDArray[np.int32]
    customer: NDArray[np.int32]
    second: IntArray
    item: NDArray[np.int32]
    shown: Shown


@dataclass(frozen=True, slots=True)
class Shown:
    """Rows of titles, by session; `item`, `p_click` are (k, 3), place by place, the others (k,).

    `play`: position in Plays.  `second`: when shown, and clicked.  `item`: position in Titles.
    `clicked`: place from 0 on, or -1.
    """

    play: IntArray
    second: IntArray
    item: NDArray[np.int32]
    p_click: NDArray[np.float32]
    clicked: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class _Shelf:
    """What may be drawn in each week: cells first, then a title of the cell.

    `appeal`: (n, cells), exp of taste times cell.  `mass`, `base`: (weeks, cells), weight of a cell
    and of all cells before it.  `upto`: (weeks, m), cumulative weight of titles in the order
    `by_cell`.  `week`: of coming out; `next_part`: (m + 1,), the last is for nothing seen yet.
    `cell`: of each title; `spread`: of taste times title, over all customers and titles, at a
    spread of taste of 1.
    """

    appeal: FloatArray
    mass: FloatArray
    base: FloatArray
    upto: FloatArray
    by_cell: IntArray
    week: IntArray
    next_part: IntArray
    cell: IntArray
    spread: float


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
    shown = _rows_shown(config, months, month, second, rng)
    item = _choose(config, _shelf(config, persons, titles), customer, second, shown=shown, rng=rng)
    return Plays(month, customer, second, item, shown)


def _rows_shown(
    config: StreamingConfig,
    months: Months,
    month: NDArray[np.int32],
    second: IntArray,
    rng: np.random.Generator,
) -> Shown:
    """Before which sessions, and when; what is filled in while titles are chosen."""
    play = np.flatnonzero(rng.random(len(second)) < config.shown_share)
    before = second[play] - rng.integers(*_SECONDS_TO_CHOOSE, len(play))
    return Shown(
        play=play,
        second=np.maximum(before, months.start[month[play]]),
        item=np.empty((len(play), _SHOWN), dtype=np.int32),
        p_click=np.empty((len(play), _SHOWN), dtype=np.float32),
        clicked=np.empty(len(play), dtype=np.int8),
    )


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
        cell=titles.cell,
        spread=titles.spread,
    )


def _choose(
    config: StreamingConfig,
    shelf: _Shelf,
    customer: NDArray[np.int32],
    second: IntArray,
    *,
    shown: Shown,
    rng: np.random.Generator,
) -> NDArray[np.int32]:
    """The title of each session; all first sessions of a week at once, then all second ones ...

    `shown` is filled in; what is clicked there is watched.
    """
    row_of = np.full(len(customer), -1)
    row_of[shown.play] = np.arange(len(shown.play))
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
        with_row = np.flatnonzero(row_of[rows] >= 0)
        at = row_of[rows[with_row]]
        _show(config, shelf, shown, at, week=week, who=who[with_row], seen=seen, rng=rng)
        place = shown.clicked[at]
        following[with_row] = np.where(place < 0, following[with_row], shown.item[at, place])
        item[rows], last[who] = following, following
        seen[who, following] = True
    return item


def _show(
    config: StreamingConfig,
    shelf: _Shelf,
    shown: Shown,
    at: IntArray,
    *,
    week: int,
    who: NDArray[np.int32],
    seen: BoolArray,
    rng: np.random.Generator,
) -> None:
    """Fill in the rows at `at`: what `who` are shown in a week, and what they click.

    Titles are a systematic sample by the weight of the week, whoever looks.  The customer looks
    from the first place on, on to the next with `p_looks_on`, and stops at the first click.
    """
    places = np.arange(_SHOWN)
    spaced = (rng.random(len(who))[:, None] + places / _SHOWN) % 1
    drawn = np.searchsorted(shelf.upto[week], spaced * shelf.upto[week, -1], side="right")
    titles = shelf.by_cell[drawn]
    unseen = ~seen[who[:, None], titles]
    appeal = np.log(shelf.appeal[who[:, None], shelf.cell[titles]]) / shelf.spread
    wanted = probability(config.click_base + config.click_taste * appeal) * unseen
    looked = rng.geometric(1 - config.p_looks_on, len(who))[:, None] > places
    clicks = looked & (rng.random(wanted.shape) < wanted)
    none_before = np.cumprod(np.hstack([np.ones((len(who), 1)), 1 - wanted[:, :-1]]), axis=1)
    shown.item[at] = titles
    shown.p_click[at] = wanted * config.p_looks_on**places * none_before
    shown.clicked[at] = np.where(clicks.any(axis=1), clicks.argmax(axis=1), -1)


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
