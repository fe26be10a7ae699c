"""The customers of a run, in order of what is at stake: one table, written as list and as look-up.

`customers.parquet` serves lists and figures; `lookup.sqlite` serves one customer and search.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cip import columns as c
from cip.errors import CipError
from cip.stores.lookup import write_lookup
from cip.stores.published import write_table

LIST: Final = "customers"
LOOKUP: Final = "lookup.sqlite"
SEGMENT: Final = "segment"
SEGMENT_NAME: Final = "segment_name"
HAS_LEFT: Final = "has_left"
MAIN_REASON: Final = "main_reason"
REASONS: Final = "reasons"

CUSTOMER_COLUMNS: Final = (
    c.RANK,
    c.CUSTOMER_ID,
    c.NAME,
    c.P_CHURN,
    c.CHURN_BAND,
    c.CLV,
    c.CLV_IF_RETAINED,
    c.EXPECTED_VALUE_LOSS,
    c.CLV_BAND,
    c.PRIORITY_SEGMENT,
    c.P_ALIVE,
    "last_purchase_days",
    "purchase_days",
    MAIN_REASON,
    REASONS,
)
SEGMENT_COLUMNS: Final = (SEGMENT, SEGMENT_NAME)
"""Columns that a run with segments has: the segment's number from 0, and its name.

`HAS_LEFT` is a column of runs on a table without time: who has left by the label.
"""
INTERVAL_COLUMNS: Final = ("p_churn_low", "p_churn_high")
"""Columns of a run whose calibration gives every customer an interval of p_churn."""
RESULT_COLUMNS: Final = (*CUSTOMER_COLUMNS, *INTERVAL_COLUMNS, *SEGMENT_COLUMNS, HAS_LEFT)


def write_customers(staging: Path, customers: pa.Table) -> None:
    """`customers.parquet` and `lookup.sqlite`: `CUSTOMER_COLUMNS`, then attributes.

    `INTERVAL_COLUMNS`, `SEGMENT_COLUMNS` and `HAS_LEFT` may stand among them.

    Rows come in order of `rank`, 1 to n without a gap, each customer once; `reasons` is JSON text,
    a list of {"fact", "sentence", "points"}.  NaN is written as null.
    Raises: CipError P-110 where that is not so.
    """
    _check(customers)
    whole = _nan_as_null(customers)
    write_table(staging, LIST, whole)
    write_lookup(staging / LOOKUP, whole)


def attribute_names(table_columns: list[str]) -> list[str]:
    """The columns that the user's data brought, in their order."""
    return [name for name in table_columns if name not in RESULT_COLUMNS]


def _check(customers: pa.Table) -> None:
    missing = [name for name in CUSTOMER_COLUMNS if name not in customers.column_names]
    if missing:
        raise CipError("P-110", f"the customers lack the columns {', '.join(missing)}.")
    ranks = customers[c.RANK].to_numpy()
    if not np.array_equal(ranks, np.arange(1, len(ranks) + 1)):
        raise CipError("P-110", "the customers are not in order of rank, 1 to n.")
    if pc.count_distinct(customers[c.CUSTOMER_ID]).as_py() != len(customers):
        raise CipError("P-110", "a customer_id comes twice.")


def _nan_as_null(table: pa.Table) -> pa.Table:
    for index, field in enumerate(table.schema):
        if pa.types.is_floating(field.type):
            column = table.column(index)
            bare = pc.if_else(pc.is_nan(column), pa.scalar(None, field.type), column)
            table = table.set_column(index, field, bare)
    return table
