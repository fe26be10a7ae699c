"""Local times as UTC, by the zone's own table of offsets: the same in every engine.

Engines disagree on an hour that exists twice or not at all, so nothing is left to them: a time in
the hour that autumn repeats is its first pass, one in the hour that spring skips is moved forward
by the gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

import ibis
from ibis.expr.types import IntegerValue, TimestampValue

Hour = Literal["once", "twice", "never"]

_FIRST: Final = datetime(1990, 1, 1, tzinfo=UTC)  # older times are findings anyway
_LAST: Final = datetime(2050, 1, 1, tzinfo=UTC)
_HOURS: Final[tuple[Hour, ...]] = ("once", "twice", "never")
_STEP: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)


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
    found = changes(zone)
    first = found[0].before if found else _offset(ZoneInfo(zone), _FIRST)
    steps = [(change.doubt_to, change.after) for change in found]
    offsets = sorted({first, *(offset for _, offset in steps)})
    offset = _step(wall, first, steps)
    moved = [(seconds, wall - ibis.interval(seconds=seconds)) for seconds in offsets]
    return offset.cases(*moved)


def hour_of(wall: TimestampValue, zone: str) -> IntegerValue:
    """0 where the wall time exists once, 1 twice, 2 never; see `Hour`."""
    steps = []
    for change in changes(zone):
        steps += [(change.doubt_from, _HOURS.index(change.hour)), (change.doubt_to, 0)]
    return _step(wall, 0, steps)


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
