"""When scores were made, cut into spans of time that people name: days, months, quarters, years."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.types import IntArray

MOST: Final = 18


def periods_of(at: NDArray[np.datetime64]) -> tuple[IntArray, tuple[str, ...]]:
    """(n,) place of each row's span, -1 without a date, and the spans' names in order of time.

    The finest of days, months, quarters and years that gives at most 18 spans.
    """
    known = ~np.isnat(at)
    place = np.full(len(at), -1, dtype=np.int64)
    spans = _spans(at[known])
    different, place[known] = np.unique(spans, return_inverse=True)
    return place, tuple(map(str, different))


def _spans(at: NDArray[np.datetime64]) -> NDArray[Any]:
    days, months = at.astype("datetime64[D]"), at.astype("datetime64[M]")
    number = months.astype(np.int64)
    quarters = np.array(
        [f"{1970 + n // 12} Q{n % 12 // 3 + 1}" for n in number.tolist()], dtype=np.str_
    )
    years = at.astype("datetime64[Y]").astype(np.str_)
    tried = (days.astype(np.str_), months.astype(np.str_), quarters, years)
    return next((spans for spans in tried if len(np.unique(spans)) <= MOST), years)
