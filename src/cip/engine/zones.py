"""Local times as UTC and back, by the zone's own table of offsets: the same in every engine.

Engines disagree on an hour that exists twice or not at all, so nothing is left to them: a time in
the hour that autumn repeats is its first pass, one in the hour that spring skips is moved forward
by the gap.  An instant has one local time in every zone, so the way back is never in doubt.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

import ibis
from ibis.expr.types import IntegerValue, TimestampValue

Between = tuple[datetime, datetime]
"""The first and the last instant, both included."""

Hour = Literal["once", "twice", "never"]

_FIRST: Final = datetime(1990, 1, 1, tzinfo=UTC)  # older times are findings anyway
_LAST: Final = datetime(2050, 1, 1, tzinfo=UTC)
_HOURS: Final[tuple[Hour, ...]] = ("once", "twice", "never")
_STEP: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)


def clock_of(zone: str) -> tzinfo:
    """The zone's clock; UTC's needs no file on the machine."""
    return UTC if zone == "UTC" else ZoneInfo(zone)


@dataclass(frozen=True, slots=True)
class Change:
    """A zone changes its offset at the UTC instant `at`: seconds east of UTC `before` and `after`.

    Clocks on the wall show every time in [`doubt_from`, `doubt_to`) twice, or never.
    """

    at: datetime
    before: int
    after: int

    @property
    def doubt_from(self) -> datetime:
        """The first wall time in doubt; naive times stand as if they were UTC."""
        return self.at + timedelta(seconds=min(self.before, self.after))

    @property
    def doubt_to(self) -> datetime:
        """From this wall time on the new offset holds."""
        return self.at + timedelta(seconds=max(self.before, self.after))

    @property
    def hour(self) -> Hour:
        """What happens to the wall times in doubt."""
        return "twice" if self.after < self.before else "never"


@cache
def changes(zone: str) -> tuple[Change, ...]:
    """The changes of a zone's offset from 1990 to 2050, in rising order."""
    info = ZoneInfo(zone)
    found = []
    day = _FIRST
    while day < _LAST:
        following = day + _STEP
        if _offset(info, day) != _offset(info, following):
            at = _between(info, day, following)
            found.append(Change(at, _offset(info, at - _SECOND), _offset(info, at)))
        day = following
    return tuple(found)


def as_utc(wall: TimestampValue, zone: str) -> TimestampValue:
    """The instant at which clocks of the zone show `wall`, a time that stands as if it were UTC.

    A time that stands twice is the first; one that never stands is moved forward by the gap.
    """
    first, steps = _first_offset(zone), [(c.doubt_to, c.after) for c in changes(zone)]
    return _moved(wall, _step(wall, first, steps), {first, *(east for _, east in steps)}, -1)


def as_wall(instant: TimestampValue, zone: str) -> TimestampValue:
    """What clocks of the zone show at the instant, as a time that stands as if it were UTC."""
    if zone == "UTC":
        return instant
    offsets = {_first_offset(zone), *(change.after for change in changes(zone))}
    return _moved(instant, _seconds_east(instant, zone), offsets, 1)


def wall_seconds(
    instant: TimestampValue, zone: str, between: Between | None = None
) -> IntegerValue:
    """Seconds from 1970-01-01 00:00 to what clocks of the zone show at the instant.

    `between`: the instants are known to lie there, so that no other change need be asked about.
    """
    seconds = instant.epoch_seconds()
    return seconds if zone == "UTC" else seconds + _seconds_east(instant, zone, between)


def rising_seconds(
    instant: TimestampValue, zone: str, between: Between | None = None
) -> IntegerValue:
    """The same of clocks that are never turned back across a midnight that has struck.

    They stay ahead until the others have caught up, an hour at most.
    """
    seconds = instant.epoch_seconds()
    if zone == "UTC":
        return seconds
    first, found = _changes_between(zone, between)
    return seconds + _step(instant, first, [(_midnight_stays(c), c.after) for c in found])


def days_later(instant: TimestampValue, days: int, zone: str) -> TimestampValue:
    """The instant at which clocks of the zone show the same so many days later, or before.

    Such a time that stands twice is the first; one that never stands is moved forward by the gap.
    """
    if zone == "UTC":
        return instant + ibis.interval(days=days)
    (_, first), *steps = _moves(zone, days)
    moved = {first, *(seconds for _, seconds in steps)}
    return _moved(instant, _step(instant, first, steps), moved, 1)


def hour_of(wall: TimestampValue, zone: str) -> IntegerValue:
    """0 where the wall time exists once, 1 twice, 2 never; see `Hour`."""
    steps = []
    for change in changes(zone):
        steps += [(change.doubt_from, _HOURS.index(change.hour)), (change.doubt_to, 0)]
    return _step(wall, 0, steps)


@cache
def _moves(zone: str, days: int) -> list[tuple[datetime, int]]:
    """By how many seconds so many days move an instant, each from the time on that stands first.

    Where the clocks change, and so many days before they do, it may be another number.
    """
    info, found, length = ZoneInfo(zone), changes(zone), timedelta(days=days)
    offsets = {_first_offset(zone), *(change.after for change in found)}
    wall = [change.doubt_to - length for change in found]
    there = {at - timedelta(seconds=east) for at in wall for east in offsets}
    moves: list[tuple[datetime, int]] = []
    for at in sorted({_FIRST, *(change.at for change in found), *there}):
        later = (at.astimezone(info).replace(fold=0) + length).astimezone(UTC)
        seconds = round((later - at).total_seconds())
        if not moves or moves[-1][1] != seconds:
            moves.append((at, seconds))
    return moves


def _seconds_east(
    instant: TimestampValue, zone: str, between: Between | None = None
) -> IntegerValue:
    first, found = _changes_between(zone, between)
    return _step(instant, first, [(c.at, c.after) for c in found])


def _changes_between(zone: str, between: Between | None) -> tuple[int, Sequence[Change]]:
    """The changes that times there may have seen, and the offset before the first of them."""
    if between is None:
        return _first_offset(zone), changes(zone)
    low, high = between[0] - _STEP, between[1]
    earlier = [change.after for change in changes(zone) if change.at <= low]
    first = earlier[-1] if earlier else _first_offset(zone)
    return first, [change for change in changes(zone) if low < change.at <= high]


def _midnight_stays(change: Change) -> datetime:
    """When the change counts, for whom no midnight may strike twice."""
    last = change.doubt_to - timedelta(microseconds=1)
    if change.hour == "never" or change.doubt_from.date() == last.date():
        return change.at
    return change.at + (change.doubt_to - change.doubt_from)


def _first_offset(zone: str) -> int:
    found = changes(zone)
    return found[0].before if found else _offset(ZoneInfo(zone), _FIRST)


def _moved(
    time: TimestampValue, offset: IntegerValue, offsets: Collection[int], sign: Literal[-1, 1]
) -> TimestampValue:
    """The time with the offset added or taken away; `offsets` are all that it can be."""
    return offset.cases(
        *((seconds, time + ibis.interval(seconds=sign * seconds)) for seconds in sorted(offsets))
    )


def _step(wall: TimestampValue, first: int, steps: Sequence[tuple[datetime, int]]) -> IntegerValue:
    """The number of the last step at or before `wall`, found by halving."""
    if not steps:
        return ibis.literal(first, "int32")
    middle = len(steps) // 2
    at, number = steps[middle]
    before = _step(wall, first, steps[:middle])
    return (wall < ibis.literal(at)).ifelse(before, _step(wall, number, steps[middle + 1 :]))


def _between(info: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The instant of the change in (low, high], to the second."""
    old = _offset(info, low)
    while high - low > _SECOND:
        middle = low + timedelta(seconds=(high - low).total_seconds() // 2)
        low, high = (middle, high) if _offset(info, middle) == old else (low, middle)
    return high


def _offset(info: ZoneInfo, instant: datetime) -> int:
    shift = instant.astimezone(info).utcoffset()
    return 0 if shift is None else round(shift.total_seconds())
