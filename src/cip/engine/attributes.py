"""One row a customer or an item, from rows that may repeat it and disagree."""

from __future__ import annotations

from typing import Final

import ibis
from ibis.expr.types import Table

from cip import columns as c
from cip.contract.tables import TABLES, TableName
from cip.engine.connect import materialise
from cip.engine.rule import Checked
from cip.types import Finding

_AT_ONCE: Final = 16  # columns: each is a join, and a query of very many joins is no query


def beside(attribute: str) -> str:
    """What an attribute is called among columns that the engine names: no name of its own is so."""
    return f"attribute {attribute}"


def one_row_each(
    con: ibis.BaseBackend, rows: Table, name: TableName, columns: list[str]
) -> Checked:
    """One row for every key of an attribute table, and a finding a column that disagrees.

    Each column takes its most frequent value, of equally frequent ones the smallest: a rule that
    does not depend on the order of the file.  Empty cells do not vote.
    """
    (key,) = TABLES[name].key
    made = rows.group_by(key).aggregate(rows[c.SOURCE_ROW].min().name(c.SOURCE_ROW))
    total = made.count().to_pyarrow().as_py()
    if total == rows.count().to_pyarrow().as_py():
        return Checked(rows.select(*columns, c.SOURCE_ROW), [])
    findings = []
    others = [column for column in columns if column != key]
    for start in range(0, len(others), _AT_ONCE):
        for column in others[start : start + _AT_ONCE]:
            votes = _votes(rows, key, column)
            findings += _conflict(votes, name, column, total)
            made = made.left_join(_elected(votes, key, column), key).drop(f"{key}_right")
        made = materialise(con, made)
    elected = {column: made[key if column == key else beside(column)] for column in columns}
    return Checked(made.select(**elected, **{c.SOURCE_ROW: made[c.SOURCE_ROW]}), findings)


def _votes(rows: Table, key: str, column: str) -> Table:
    """The key, `said` (the column under a name that no column of the user has), its votes."""
    filled = rows.filter(rows[column].notnull()).select(
        rows[key], rows[column].name("said"), rows[c.SOURCE_ROW]
    )
    return filled.group_by(key, "said").aggregate(
        votes=filled.count(), first=filled[c.SOURCE_ROW].min()
    )


def _elected(votes: Table, key: str, column: str) -> Table:
    place = ibis.row_number().over(group_by=key, order_by=[votes.votes.desc(), votes["said"].asc()])
    ranked = votes.mutate(place=place)
    return ranked.filter(ranked.place == 0).select(ranked[key], ranked["said"].name(beside(column)))


def _conflict(votes: Table, name: TableName, column: str, total: int) -> list[Finding]:
    (key,) = TABLES[name].key
    several = votes.group_by(key).aggregate(values=votes.count(), first=votes["first"].min())
    several = several.filter(several["values"] > 1)
    seen = several.aggregate(
        rows=several.count(),
        first=several["first"].min(),
        example=several[key].argmin(several["first"]),
    )
    found = seen.to_pyarrow().to_pylist()[0]
    if not found["rows"]:
        return []
    return [
        Finding(
            code="C-113",
            severity="info",
            table=name,
            column=column,
            rows=found["rows"],
            total_rows=total,
            message=(
                f"{name}.{column} has several values for {found['rows']:,} of {total:,} "
                f"{name} (first: {found['example']!r}): the most frequent is kept."
            ),
            remedy="map a column that does not change, or leave it out",
            first_row=found["first"],
            example=found["example"],
        )
    ]
