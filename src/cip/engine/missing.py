"""What is not there once a table is read: values that a row may lack, and rows at all."""

from __future__ import annotations

from typing import Final

from ibis.expr.types import Table

from cip import columns as c
from cip.contract.tables import TABLES, TableName
from cip.types import Finding

_TOTAL: Final = "_rows"
_SHOWN_COLUMNS: Final = 12


def missing(rows: Table, source: Table, name: TableName, columns: list[str]) -> list[Finding]:
    """C-140 for values that are missing among the canonical `rows`, C-115 where no row is left.

    One finding a table, whatever the number of columns: nothing is wrong with a row that lacks
    what it need not have.  An end that is empty says that a subscription runs.  The rows lie in
    memory: nothing is read again.
    """
    may = [n for n in columns if n not in TABLES[name].required and n != c.ENDED_AT]
    known = {column: rows[column].count() for column in may}
    (counts,) = rows.aggregate(**{_TOTAL: rows.count()}, **known).to_pyarrow().to_pylist()
    total = counts[_TOTAL]
    if not total:
        return [_none_left(source, name)]
    empty = {column: total - counts[column] for column in may if counts[column] < total}
    return [_lacking(name, empty, total)] if empty else []


def _lacking(name: TableName, empty: dict[str, int], total: int) -> Finding:
    most = sorted(empty.items(), key=lambda each: -each[1])
    said = [f"{column} in {rows:,} ({rows / total:.1%})" for column, rows in most[:_SHOWN_COLUMNS]]
    more = [f"{len(most) - _SHOWN_COLUMNS} more columns"] if len(most) > _SHOWN_COLUMNS else []
    return Finding(
        code="C-140",
        severity="info",
        table=name,
        column="",
        rows=most[0][1],
        total_rows=total,
        message=(
            f"{name} lacks values, of {total:,} rows: {', '.join([*said, *more])}. "
            "Kept: they count as unknown."
        ),
        remedy="fill them in the source where they are known; values beyond limits are among them",
    )


def _none_left(source: Table, name: TableName) -> Finding:
    total = source.count().to_pyarrow().as_py()
    return Finding(
        code="C-115",
        severity="error",
        table=name,
        column="",
        rows=total,
        total_rows=total,
        message=f"{name} has no row left of {total:,} in the source.",
        remedy="the findings above say which rule removed them; is the source empty?",
    )
