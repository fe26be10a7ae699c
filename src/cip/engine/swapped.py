"""Whether a program that wrote dates read some of them with day and month swapped.

Only days up to the 12th can be swapped and still be a date.  So the days after the 12th are
trusted, and the others must fit them: in a file that is in order they lie between their
neighbours, and in any file no month may hold days up to the 12th only.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from cip.types import BoolArray, IntArray

_LAST_MONTH: Final = 12
_FEWEST_SURE: Final = 20
_FEWEST_WRONG: Final = 3
_IN_ORDER: Final = 0.95
_SHARE_WRONG: Final = 0.05
_FEWEST_IN_MONTH: Final = 10
_SURE_SHARE: Final = 0.3  # of all days of a year, three fifths come after the 12th
_DAY: Final = np.timedelta64(1, "D")

Times = NDArray[np.datetime64]


def swapped(times: Times) -> BoolArray:
    """(n,): which of the times, in the order of the file, look swapped; none where it is unclear.

    `times`: (n,) datetime64[us].
    """
    nothing = np.zeros(len(times), dtype=np.bool_)
    months, days = _months(times), _days(times)
    sure = days > _LAST_MONTH
    doubtful = ~sure & (days != months % _LAST_MONTH + 1)
    if sure.sum() < _FEWEST_SURE or doubtful.sum() < _FEWEST_WRONG:
        return nothing
    other = _swap(times, months, days)
    wrong = _out_of_order(times, other, sure, doubtful)
    if wrong is None:
        wrong = _in_strange_months(months, _months(other), sure, doubtful)
    enough = wrong.sum() >= max(_FEWEST_WRONG, _SHARE_WRONG * doubtful.sum())
    return wrong if enough else nothing


def _months(times: Times) -> IntArray:
    """Months since 1970-01."""
    return times.astype("datetime64[M]").astype(np.int64)


def _days(times: Times) -> IntArray:
    """Days of the month, from 1."""
    since = times.astype("datetime64[D]") - times.astype("datetime64[M]")
    return np.asarray(since.astype(np.int64) + 1)


def _swap(times: Times, months: IntArray, days: IntArray) -> Times:
    """Day and month exchanged, where both are at most 12; else the same."""
    january = months - months % _LAST_MONTH
    other = (january + days - 1).astype("datetime64[M]").astype("datetime64[D]")
    date = other + (months % _LAST_MONTH).astype("timedelta64[D]")
    clock = times - times.astype("datetime64[D]")
    return np.where(days <= _LAST_MONTH, date.astype("datetime64[us]") + clock, times)


def _out_of_order(
    times: Times, other: Times, sure: BoolArray, doubtful: BoolArray
) -> BoolArray | None:
    """Times that lie outside their trusted neighbours and swapped inside; None without order."""
    trusted = times[sure]
    steps = np.diff(trusted)
    rising, falling = (np.mean(part) for part in (steps >= 0, steps <= 0))
    if max(rising, falling) < _IN_ORDER:
        return None
    before = np.cumsum(sure) - 1
    inner = doubtful & (before >= 0) & (before < len(trusted) - 1)
    place = before[inner]
    low = np.minimum(trusted[place], trusted[place + 1]) - _DAY
    high = np.maximum(trusted[place], trusted[place + 1]) + _DAY
    wrong = np.zeros(len(times), dtype=np.bool_)
    outside = (times[inner] < low) | (times[inner] > high)
    wrong[inner] = outside & (other[inner] >= low) & (other[inner] <= high)
    return wrong


def _in_strange_months(
    months: IntArray, others: IntArray, sure: BoolArray, doubtful: BoolArray
) -> BoolArray:
    """Doubtful times of full months without a day after the 12th, swapped into such with one.

    The month after the last trusted one is no strange one: the data may end in its first days.
    """
    if np.mean(sure) < _SURE_SHARE:
        return np.zeros(len(months), dtype=np.bool_)
    trusted = np.unique(months[sure])
    found, counts = np.unique(months, return_counts=True)
    strange = np.setdiff1d(found[counts >= _FEWEST_IN_MONTH], [*trusted, trusted[-1] + 1])
    return doubtful & np.isin(months, strange) & np.isin(others, trusted)
