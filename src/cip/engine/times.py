"""Times out of a user's column: written in a stated way, in a stated zone, given as UTC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import ibis
from ibis.expr.types import BooleanValue, StringValue, TimestampValue, Value

from cip.contract.mapping import TimeFormat
from cip.engine.numerals import as_number
from cip.engine.zones import as_utc, hour_of

OFFSET: Final = "offset"
"""The note on a time that states its offset from UTC."""
NAIVE: Final = "naive"
"""The note on a time of day that states none; a date without a time of day is neither."""
TWICE: Final = "twice"
"""The note on a local time that the clocks showed twice."""
NEVER: Final = "never"
"""The note on a local time that the clocks never showed."""

UTC: Final = "timestamp('UTC', 6)"
Notes = Mapping[str, BooleanValue]

_MILLIS: Final[dict[TimeFormat, float]] = {"epoch_s": 1e3, "epoch_ms": 1.0, "epoch_us": 1e-3}
_PLACES: Final[dict[TimeFormat, str]] = {
    "day_first": r"\3-\2-\1\4",
    "month_first": r"\3-\1-\2\4",
}
_DAY: Final = r"^([0-9]{4})([0-9]{2})([0-9]{2})(\.0)?$"
_MOMENT: Final = r"^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(\.0)?$"
_MOMENT_LETTERS: Final = 14
_LAST_MILLIS: Final = 253_402_300_799_000.0  # the end of the year 9999
_WRITTEN: Final = r"^([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4})([ T].*)?$"
_NOON: Final = 12


def as_time(
    column: Value, raw: StringValue, form: TimeFormat, zone: str, days_zone: str = "UTC"
) -> tuple[TimestampValue, Notes]:
    """Microseconds in UTC, null where it is no time, and in some zones `TWICE` and `NEVER`.

    A time that states its offset keeps it; another is read in `zone`; a date without a time of day
    is the midnight that opens that day in `days_zone`, whatever the zone.  In columns that are
    written day or month first, a year of four digits may still stand first; compact ones may have
    their separators.  Seconds since 1970 are read to the millisecond; beyond the year 9999 they
    count as its end.
    """
    dtype = column.type()
    if dtype.is_date():
        return _opened(column.cast(UTC), days_zone), {}
    if dtype.is_timestamp():
        if dtype.timezone is not None:
            return column.cast(UTC), {}
        return _local(column.cast(UTC), column.notnull(), zone)
    if form in _MILLIS:
        return _since_1970(column, raw, _MILLIS[form]), {}
    wall, clock = _wall(raw, form), _has_clock(raw, form)
    value, notes = _local(wall, clock & ~_states_offset(raw), zone)
    if days_zone != "UTC":
        value = clock.ifelse(value, _opened(wall, days_zone))
    return value, notes


def offset_notes(
    value: TimestampValue, raw: StringValue, column: Value, form: TimeFormat = "iso"
) -> Notes:
    """`OFFSET` and `NAIVE` of a time that was read; only those that can be."""
    dtype = column.type()
    if dtype.is_timestamp():
        return {NAIVE if dtype.timezone is None else OFFSET: value.notnull()}
    if not dtype.is_string() and form != "compact":
        return {}
    clock = (_has_clock(raw, form) & value.notnull()).fill_null(False)  # noqa: FBT003 (by place)
    stated = clock & _states_offset(raw)
    return {OFFSET: stated, NAIVE: clock & ~stated}


def _wall(raw: StringValue, form: TimeFormat) -> TimestampValue:
    if form == "iso":
        return raw.try_cast(UTC)
    if form == "compact":
        days = raw.re_replace(_DAY, r"\1-\2-\3")
        return days.re_replace(_MOMENT, r"\1-\2-\3 \4:\5:\6").try_cast(UTC)
    return _placed(raw, form)


def _has_clock(raw: StringValue, form: TimeFormat) -> BooleanValue:
    """Whether a time that can be read says more than the day."""
    clock = raw.contains(":")
    return clock | (raw.length() >= _MOMENT_LETTERS) if form == "compact" else clock


def _opened(midnight: TimestampValue, zone: str) -> TimestampValue:
    """The instant at which the day opens whose midnight stands as if it were UTC."""
    return midnight if zone == "UTC" else as_utc(midnight, zone)


def _local(wall: TimestampValue, naive: BooleanValue, zone: str) -> tuple[TimestampValue, Notes]:
    if zone == "UTC":
        return wall, {}
    hour = naive.ifelse(hour_of(wall, zone), 0).fill_null(0)
    notes = {TWICE: hour == 1, NEVER: hour == 2}
    return naive.ifelse(as_utc(wall, zone), wall), notes  # 1 and 2: see hour_of


def _states_offset(text: StringValue) -> BooleanValue:
    """Whether a readable time of day ends in an offset (+02, -05:00), a Z or a zone's name."""
    tail = text.right(6)
    letters = text.right(1) > "9"  # in the order of ASCII they come after the digits
    return tail.contains("+") | tail.contains("-") | (letters & ~_half(text, "am", "pm"))


def _half(text: StringValue, *halves: str) -> BooleanValue:
    ways = [way for half in halves for way in (half, half.upper(), half.capitalize())]
    return text.right(2).isin(ways)


def _placed(raw: StringValue, form: TimeFormat) -> TimestampValue:
    """A time whose day or month stands first; it may end in AM or PM."""
    text = raw.re_replace(_WRITTEN, _PLACES[form])
    morning, evening = _half(text, "am"), _half(text, "pm")
    bare = (morning | evening).ifelse(text.left(text.length() - 2).strip(), text)
    wall = bare.try_cast(UTC)
    noon = text.re_search(r"[ T]12:")
    half_day = ibis.interval(hours=_NOON)
    return ibis.cases(
        (morning & noon, wall - half_day), (evening & ~noon, wall + half_day), else_=wall
    )


def _since_1970(column: Value, raw: StringValue, millis: float) -> TimestampValue:
    number = as_number(column, raw, ".")
    known = number.abs() < float("inf")
    bounded = (number * millis).clip(-_LAST_MILLIS, _LAST_MILLIS)
    whole = known.ifelse(bounded, None).round().cast("int64")
    return whole.as_timestamp("ms").cast(UTC)
