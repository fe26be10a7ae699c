"""One row through LightGBM's C interface: the same number, at a quarter of a call from Python.

`Booster.predict` copies its parameters, checks and converts its input and makes an array for each
call, which costs more than 200 trees do.  The interface for single rows (c_api.h,
`LGBM_BoosterPredictForMatSingleRowFast`) is told all of it once.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from threading import Lock
from typing import Final
from weakref import finalize

import lightgbm
import numpy as np

from cip.errors import ModelError
from cip.types import FloatArray

_RAW_SCORE, _FLOAT64, _ALL_TREES = 1, 1, -1


def _library() -> ctypes.CDLL:
    """The one that the package has loaded already."""
    folder = Path(lightgbm.__file__).parent
    library = ctypes.CDLL(str(next(folder.glob("*/lib_lightgbm.*"))))
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    return library


_LIBRARY: Final = _library()


class OneRow:
    """A model of its own from LightGBM's text, that says the log-odds of one row after the other.

    Safe for many threads, one at a time.
    """

    def __init__(self, text: str, width: int) -> None:
        self._lock = Lock()
        self._length, self._said = ctypes.c_int64(), ctypes.c_double()
        self._length_at, self._said_at = ctypes.byref(self._length), ctypes.byref(self._said)
        booster, self._config = ctypes.c_void_p(), ctypes.c_void_p()
        trees = ctypes.c_int()
        _done(
            _LIBRARY.LGBM_BoosterLoadModelFromString(
                text.encode(), ctypes.byref(trees), ctypes.byref(booster)
            )
        )
        finalize(self, _LIBRARY.LGBM_BoosterFree, booster)
        _done(
            _LIBRARY.LGBM_BoosterPredictForMatSingleRowFastInit(
                booster,
                _RAW_SCORE,
                0,
                _ALL_TREES,
                _FLOAT64,
                ctypes.c_int32(width),
                b"num_threads=1",
                ctypes.byref(self._config),
            )
        )
        finalize(self, _LIBRARY.LGBM_FastConfigFree, self._config)

    def margin(self, X: FloatArray) -> FloatArray:
        """(1,) log-odds of a (1, width) row."""
        row = np.ascontiguousarray(X, dtype=np.float64)
        with self._lock:
            _done(
                _LIBRARY.LGBM_BoosterPredictForMatSingleRowFast(
                    self._config,
                    ctypes.c_void_p(row.ctypes.data),
                    self._length_at,
                    self._said_at,
                )
            )
            return np.array([self._said.value])


def _done(code: int) -> None:
    if code:
        said = _LIBRARY.LGBM_GetLastError().decode(errors="replace")
        raise ModelError(
            "M-136",
            f"LightGBM cannot score a row: {said}.",
            "The model's file is damaged or of another version: `cip run` trains a new one.",
        )
