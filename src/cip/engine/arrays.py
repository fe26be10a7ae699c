"""From an engine's rows to arrays, without pandas."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cip.types import FloatArray, ObjectArray


def numbers(rows: pa.Table, name: str) -> FloatArray:
    """(n,) float64; NaN where the column is null."""
    return np.asarray(rows[name].cast(pa.float64()).to_numpy(), dtype=np.float64)


def texts(rows: pa.Table, name: str) -> ObjectArray:
    """(n,) object array of str, None where the column is null."""
    return np.asarray(rows[name].cast(pa.string()).to_numpy(), dtype=np.object_)
