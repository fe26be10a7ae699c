"""Columns that are the score again: in another unit, turned round, or cut into bands."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.models.judge.score import Score
from cip.types import IntArray, ObjectArray

_SAME_RANKS: Final = 0.98
_MOST_BANDS: Final = 20


def is_copy(column: NDArray[Any], score: Score) -> bool:
    """Whether the (n,) column, numbers or texts, says what the score says."""
    if column.dtype.kind == "f":
        known = np.isfinite(column)
        if known.sum() < 2 or np.ptp(column[known]) == 0 or np.ptp(score.risk[known]) == 0:
            return False
        ranks = _ranks(column[known]), _ranks(score.risk[known])
        if abs(float(np.corrcoef(*ranks)[0, 1])) >= _SAME_RANKS:
            return True
    return _is_bands(column, score)


def _is_bands(column: NDArray[Any], score: Score) -> bool:
    """Groups that cut the score's range into pieces, each with several values of it."""
    levels, code = _levels(column)
    filled = code >= 0
    if not 2 <= levels <= _MOST_BANDS or len(np.unique(score.risk[filled])) < 4 * levels:
        return False
    risk, code = score.risk[filled], code[filled]
    low, high = np.full(levels, np.inf), np.full(levels, -np.inf)
    np.minimum.at(low, code, risk)
    np.maximum.at(high, code, risk)
    order = np.argsort(low)
    return bool(np.all(low[order][1:] > high[order][:-1]))


def _levels(column: NDArray[Any]) -> tuple[int, IntArray]:
    if column.dtype.kind == "f":
        code = np.full(len(column), -1, dtype=np.int64)
        known = np.isfinite(column)
        different, code[known] = np.unique(column[known], return_inverse=True)
        return len(different), code
    return _text_levels(column)


def _text_levels(column: ObjectArray) -> tuple[int, IntArray]:
    places: dict[Any, int] = {}
    code = [-1 if v is None else places.setdefault(v, len(places)) for v in column.tolist()]
    return len(places), np.array(code, dtype=np.int64)


def _ranks(values: NDArray[Any]) -> NDArray[Any]:
    return np.unique(values, return_inverse=True)[1].astype(np.float64)
