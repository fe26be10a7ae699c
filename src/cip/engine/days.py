"""Days as numbers since 1970-01-01 UTC: small, exact, and the same in every engine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

import ibis
import numpy as np
from numpy.typing import NDArray

from cip.errors import ContractError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_SECONDS = 86_400


def day_of(instant: ibis.expr.types.TimestampValue) -> ibis.expr.types.IntegerValue:
    """The day number in which an instant lies; 00:00:00 belongs to the day it opens."""
    return instant.epoch_seconds() // _DAY_SECONDS


def month_of(day: ibis.expr.types.IntegerValue) -> ibis.expr.types.IntegerValue:
    """The calendar month in which a day lies, as months since January 1970."""
    opened = (day.cast("int64") * _DAY_SECONDS).as_timestamp("s")
    return (opened.year().cast("int64") - 1970) * 12 + opened.month().cast("int64") - 1


def month_number(day: int) -> int:
    """The same of one day number."""
    opened = _EPOCH + timedelta(days=day)
    return (opened.year - 1970) * 12 + opened.month - 1


def day_number(cutoff: datetime) -> int:
    """The day number of a cutoff.

    Raises: ContractError C-202 when the cutoff is not 00:00 UTC, because the engine adds events
    up by day and could not tell the hours of that day apart.
    """
    if cutoff.tzinfo is None or cutoff.utcoffset() or cutoff.time() != time():
        raise ContractError(
            "C-202", f"the cutoff {cutoff.isoformat()} is not 00:00 UTC.", "give a midnight in UTC"
        )
    return (cutoff - _EPOCH).days


def day_numbers(cutoffs: Sequence[datetime]) -> list[int]:
    """The distinct day numbers of these cutoffs, in rising order."""
    return sorted({day_number(cutoff) for cutoff in cutoffs})


def as_instants(days: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """datetime64[us] of the midnights that open these days."""
    return days.astype("datetime64[D]").astype("datetime64[us]")


def midnight_after(instant: datetime) -> datetime:
    """The first midnight UTC later than `instant`: an event at midnight lies before it."""
    opened = instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return opened + timedelta(days=1)
