"""Which of equal rows is the first, the second, ...: numbered exactly, at the price of a hash.

Nearly all rows of nearly all files are unlike each other.  Rows whose hash nobody shares need no
sorting; only the others are compared cell by cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import ibis
from ibis.expr.types import Table

from cip import columns as c
from cip.engine.connect import materialise

_HASH: Final = "_hash"


def numbered(con: ibis.BaseBackend, rows: Table, content: Sequence[str], name: str) -> Table:
    """The rows with `name`, int64: 0 for the first of rows with equal `content`, then 1, 2, ...

    They are told in the order of `source_row`; empty cells are equal.  `rows` are read twice.
    """
    cells = {column: rows[column] for column in content}
    whole = rows[content[0]].hash() if len(content) == 1 else ibis.struct(cells).hash()
    hashed = rows.mutate(whole.name(_HASH))
    counted = hashed.group_by(_HASH).aggregate(several=hashed.count())
    shared = materialise(con, counted.filter(counted["several"] > 1).select(_HASH))
    if not shared.count().to_pyarrow().as_py():
        return rows.mutate(ibis.literal(0, "int64").name(name))
    alike = hashed.semi_join(shared, _HASH)
    number = ibis.row_number().over(group_by=list(content), order_by=c.SOURCE_ROW)
    told = alike.mutate(number.cast("int64").name(name)).drop(_HASH)
    others = hashed.anti_join(shared, _HASH).mutate(ibis.literal(0, "int64").name(name))
    return told.union(others.drop(_HASH))
