"""How long a silence must last before it means something: days from the gaps that were seen."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Final

from cip.contract.guess.policies import columns_in
from cip.contract.guess.shapes import Answers, Guess, Rhythm, TableGuess, TableProfile
from cip.contract.guess.values import read_time

_HORIZONS: Final = (7, 14, 30, 60, 90, 180)
_WHEN: Final = ("occurred_at", "started_at", "ended_at")
_LONGEST: Final = 90  # of the horizons that are proposed; a person may say a longer one
_COVERED: Final = 0.9
_LEAST_GAPS: Final = 50
_PLACE: Final = "horizon_days"

Days = dict[str, set[int]]
Cells = Mapping[str, tuple[str | None, ...]]


def rhythm(
    tables: Sequence[TableGuess],
    sources: Mapping[str, TableProfile],
    answers: Answers,
    *,
    today: date,
) -> Rhythm | None:
    """The `[snapshot]` of the proposal; None when no table has times.

    The horizon is the first round number of days that nine of ten gaps between a customer's days
    do not exceed, shortened where the data's length asks for it: a run needs history, three
    horizons and two gaps.
    """
    timed = [table for table in tables if any(column.name in _WHEN for column in table.columns)]
    if not timed:
        return None
    days = _days(timed, sources, complete=False)
    every = [day for seen in days.values() for day in seen if day <= today.toordinal()]
    length = max(every) - min(every) + 1 if every else 0
    said = answers.get(_PLACE, "")
    if said.isdecimal() and 1 <= int(said) <= 730:
        return _around(int(said), length, Guess(_PLACE, said, 1.0, "", _choices()))
    is_whole = all(_has_histories(table, sources[table.source]) for table in timed)
    gaps = _gaps(_days(timed, sources, complete=True)) if is_whole else []
    wanted, confidence, why = _wanted(gaps, tables, is_whole=is_whole)
    horizon = _fitting(wanted, length)
    if horizon < wanted:
        confidence, why = 0.5, f"{why}; shortened from {wanted}: the data span {length} days only"
    return _around(horizon, length, Guess(_PLACE, str(horizon), confidence, why, _choices()))


def _choices() -> tuple[str, ...]:
    return tuple(map(str, _HORIZONS))


def _wanted(
    gaps: Sequence[int], tables: Sequence[TableGuess], *, is_whole: bool
) -> tuple[int, float, str]:
    if any(t.name == "subscriptions" and t.origin("ended_at") for t in tables):
        return 60, 0.75, "subscriptions: who ends within two months"
    if len(gaps) < _LEAST_GAPS:
        why = "too few customers came twice to say" if is_whole else "only a sample was looked at"
        return 90, 0.6 if is_whole else 0.7, f"three months by habit: {why}"
    usual = sorted(gaps)[math.ceil(_COVERED * len(gaps)) - 1]
    why = f"nine of ten gaps between a customer's days are at most {usual} days"
    if usual > _LONGEST:
        return _LONGEST, 0.7, f"{why}: a quiet customer may yet come back, a longer horizon waits"
    return next(days for days in _HORIZONS if days >= max(usual, 14)), 0.8, why


def _fitting(wanted: int, length: int) -> int:
    """The longest horizon up to `wanted` for which the data suffice."""
    for horizon in reversed([days for days in _HORIZONS if days <= wanted]):
        if _needed(horizon) <= length:
            return horizon
    return min(wanted, max(1, length // 6))


def _needed(horizon: int) -> int:
    return _history(horizon) + 3 * horizon + 2 * _gap(horizon)


def _history(horizon: int) -> int:
    return max(1, min(90, horizon))


def _gap(horizon: int) -> int:
    return 7 if horizon >= 30 else max(0, horizon // 7)


def _around(horizon: int, length: int, guess: Guess) -> Rhythm:
    return Rhythm(
        horizon_days=horizon,
        active_days=min(1460, 2 * horizon),
        gap_days=_gap(horizon),
        every_days=max(1, min(30, horizon)),
        min_history_days=_history(horizon),
        max_cutoffs=12,
        length_days=length,
        guess=guess,
    )


def _days(
    tables: Sequence[TableGuess], sources: Mapping[str, TableProfile], *, complete: bool
) -> Days:
    """The days of each customer, as ordinals; `complete`: only where none of them is missing."""
    found: Days = defaultdict(set)
    for table in tables:
        source = sources[table.source]
        held = [source.cells] if source.is_whole or not complete else []
        for cells in (*held, source.histories):
            _add(found, table, source, cells)
    return found


def timed_columns(table: TableGuess) -> tuple[str, ...]:
    """The customer's column and those that hold times."""
    origins = (table.origin(name) for name in ("customer_id", *_WHEN))
    return tuple(column for origin in origins if origin for column in columns_in(origin))


def _has_histories(table: TableGuess, source: TableProfile) -> bool:
    return source.is_whole or set(timed_columns(table)) <= source.histories.keys()


def _add(found: Days, table: TableGuess, source: TableProfile, cells: Cells) -> None:
    (customer, *times) = timed_columns(table)
    for column in times:
        if customer in cells and column in cells:
            spelling = source.column(column).time_format
            for who, cell in zip(cells[customer], cells[column], strict=True):
                at = read_time(cell, spelling) if who and cell else None
                if who and at:
                    found[who].add(at.toordinal())


def _gaps(days: Days) -> list[int]:
    ordered = [sorted(seen) for seen in days.values() if len(seen) > 1]
    return [later - day for seen in ordered for day, later in pairwise(seen)]
