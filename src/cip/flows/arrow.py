"""From Arrow columns to the arrays that models read."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from cip.types import ObjectArray


def objects(column: pa.ChunkedArray | pa.Array) -> ObjectArray:
    """(n,) object array of the column's values, None where it is null."""
    return np.array(column.to_pylist(), dtype=np.object_)
