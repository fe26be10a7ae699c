"""Days as numbers since 1970-01-01: small, exact, and the same in every engine.

A day is one of the business's calendar: it begins and ends when the clocks of the workspace's time
zone show 00:00, so one with 23 or 25 hours is one day like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import ibis
import numpy as np
from numpy.typing import NDArray

from cip.engine.zones import Between, clock_of, rising_seconds, wall_seconds
from cip.errors import ContractError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_SECONDS = 86_400


def day_of(
    instant: ibis.expr.types.TimestampValue, zone: str = "UTC", between: Between | None = None
) -> ibis.expr.types.IntegerValue:
    """The day number in which an instant lies in this zone; 00:00:00 belongs to the day it opens.

    It is the day that the clocks show: where they are turned back across midnight, the day that
    was over goes on.  `between`: the instants are known to lie there.
    """
    return wall_seconds(instant, zone, between) // DAY_SECONDS


def day_known(
    instant: ibis.expr.types.TimestampValue, zone: str = "UTC", between: Between | None = None
) -> ibis.expr.types.IntegerValue:
    """The day whose midnight was the last to strike: below n exactly before the day n opens.

    It is `day_of`, but a day that has begun stays begun where clocks are turned back across its
    midnight: what became known then was not known at that midnight.
    """
    return rising_seconds(instant, zone, between) // DAY_SECONDS


def month_of(day: ibis.expr.types.IntegerValue) -> ibis.expr.types.IntegerValue:
    """The calendar month in which a day lies, as months since January 1970."""
    opened = (day.cast("int64") * DAY_SECONDS).as_timestamp("s")
    return (opened.year().cast("int64") - 1970) * 12 + opened.month().cast("int64") - 1


def month_number(day: int) -> int:
    """The same of one day number."""
    opened = _EPOCH + timedelta(days=day)
    return (opened.year - 1970) * 12 + opened.month - 1


def day_number(cutoff: datetime, zone: str = "UTC") -> int:
    """The day number of a cutoff, which is a midnight of the zone.

    Raises: ContractError C-202 when the cutoff is not 00:00 there, because the engine adds events
    up by day and could not tell the hours of that day apart.
    """
    local = None if cutoff.tzinfo is None else cutoff.astimezone(clock_of(zone))
    if local is None or local.time() != time():
        raise ContractError(
            "C-202",
            f"the cutoff {cutoff.isoformat()} is not 00:00 {zone}.",
            f"give a midnight in {zone}",
        )
    return (local.date() - _EPOCH.date()).days


def day_numbers(cutoffs: Sequence[datetime], zone: str = "UTC") -> list[int]:
    """The distinct day numbers of these cutoffs, in rising order."""
    return sorted({day_number(cutoff, zone) for cutoff in cutoffs})


def as_instants(days: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """datetime64[us] of the midnights that open these days, as the business's clocks show them."""
    return days.astype("datetime64[D]").astype("datetime64[us]")


def opening(day: date, zone: str = "UTC") -> datetime:
    """The midnight that opens a day, on the zone's clock; adding days steps to other midnights.

    Where the clocks skip it, it is the instant at which they do.
    """
    return datetime.combine(day, time(), clock_of(zone))


def midnight_after(instant: datetime, zone: str = "UTC") -> datetime:
    """The first midnight later than `instant`: an event at midnight lies before it."""
    return opening(instant.astimezone(clock_of(zone)).date() + timedelta(days=1), zone)
