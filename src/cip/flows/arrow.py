"""From Arrow columns to the arrays that models read, and back."""

from __future__ import annotations

from typing import cast

import numpy as np
import pyarrow as pa

from cip.models.recommend.interactions import IdTable
from cip.types import IntArray, ObjectArray


def objects(column: pa.ChunkedArray | pa.Array) -> ObjectArray:
    """(n,) object array of the column's values, None where it is null."""
    return np.array(column.to_pylist(), dtype=np.object_)


def ids_of(*columns: pa.ChunkedArray | pa.Array) -> IdTable:
    """Every id of the columns, once, sorted."""
    return IdTable(np.unique(np.concatenate([objects(column.unique()) for column in columns])))


def codes_of(column: pa.ChunkedArray | pa.Array, table: IdTable) -> IntArray:
    """(n,) where each id stands in the table, -1 where it does not; each id is looked up once."""
    encoded = pa.chunked_array(column).combine_chunks().dictionary_encode()
    code = table.codes(objects(encoded.dictionary))
    return code[cast("IntArray", encoded.indices.to_numpy())]
