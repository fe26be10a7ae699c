"""What a whole column says that no single row can: told, and nothing is removed for it.

The codes: C-128 rows of one customer or item made one, C-129 lines added up, C-135 times with and
without an offset, C-136 day and month swapped, C-138 an attribute that is the same for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from ibis.expr.types import Table

from cip import columns as c
from cip.contract.mapping import FromColumn, TableMapping
from cip.contract.tables import TABLES, TableName
from cip.engine.marks import note, raw
from cip.engine.swapped import swapped
from cip.engine.times import NAIVE, OFFSET
from cip.types import Finding

_LOOKED_AT: Final = 50_000
_WRITTEN: Final = ("iso", "day_first", "month_first")
_SHOWN: Final = 5


def time_suspicions(
    rows: Table,
    source: Table,
    name: TableName,
    mapping: TableMapping,
    tallies: Mapping[str, int],
) -> list[Finding]:
    """Whether times were written in two ways; `rows` are those read, of `source`."""
    time = TABLES[name].time
    origin = mapping.columns.get(time) if time is not None else None
    if time is None or not isinstance(origin, FromColumn):
        return []
    found = _mixed_offsets(name, time, mapping.policy.time_zone, tallies)
    if source[origin.column].type().is_string() and origin.time_format in _WRITTEN:
        found += _swapped(rows, name, time)
    return found


def _mixed_offsets(
    name: TableName, time: str, zone: str, tallies: Mapping[str, int]
) -> list[Finding]:
    naive, stated = tallies.get(note(NAIVE, time), 0), tallies.get(note(OFFSET, time), 0)
    if not naive or not stated:
        return []
    total = tallies["rows"]
    return [
        Finding(
            code="C-135",
            severity="warning",
            table=name,
            column=time,
            rows=naive,
            total_rows=total,
            message=(
                f"{name}.{time} has {naive:,} of {total:,} rows that state no offset, and "
                f"{stated:,} that do: read as {zone}."
            ),
            remedy="policy.time_zone says which zone times without an offset are in",
        )
    ]


def _swapped(rows: Table, name: TableName, time: str) -> list[Finding]:
    some = rows.filter((rows[c.SOURCE_ROW] <= _LOOKED_AT) & rows[time].notnull())
    looked = some.select(c.SOURCE_ROW, time).to_pyarrow().sort_by(c.SOURCE_ROW)
    wrong = np.flatnonzero(swapped(looked[time].to_numpy().astype("datetime64[us]")))
    if not len(wrong):
        return []
    numbers = [int(row) for row in looked[c.SOURCE_ROW].take(wrong[:_SHOWN]).to_pylist()]
    first = rows.filter(rows[c.SOURCE_ROW].isin(numbers)).order_by(c.SOURCE_ROW)
    shown = [str(value) for value in first.select(raw(time)).to_pyarrow()[0].to_pylist()]
    return [
        Finding(
            code="C-136",
            severity="warning",
            table=name,
            column=time,
            rows=len(wrong),
            total_rows=looked.num_rows,
            message=(
                f"{name}.{time} has {len(wrong):,} of the first {looked.num_rows:,} rows whose day "
                f"and month look swapped (first: row {numbers[0]:,}, {shown[0]!r}): kept."
            ),
            remedy=(
                "the days after the 12th do not fit the others: write all times as 2011-12-09, or "
                'set time_format = "day_first" or "month_first", as the source really has it'
            ),
            first_row=numbers[0],
            example=shown[0],
            rows_seen=tuple(numbers),
            values_seen=tuple(dict.fromkeys(shown)),
        )
    ]


def merged(rows: Table, single: Table, name: TableName) -> list[Finding]:
    """How many rows an attribute table had more than customers or items."""
    what = f"whose {TABLES[name].key[0]} stood in an earlier row"
    return _fewer(rows, single, name, "C-128", what=what, done="one row each is kept")


def added_up(rows: Table, payments: Table, name: TableName) -> list[Finding]:
    """How many lines more than payments there were."""
    what = "that are further lines of a payment"
    return _fewer(rows, payments, name, "C-129", what=what, done="added up, as add_up says")


def _fewer(
    before: Table, after: Table, name: TableName, code: str, *, what: str, done: str
) -> list[Finding]:
    key = TABLES[name].key[0]
    total, left = (rows.count().to_pyarrow().as_py() for rows in (before, after))
    if total == left:
        return []
    return [
        Finding(
            code=code,
            severity="info",
            table=name,
            column=key,
            rows=total - left,
            total_rows=total,
            message=f"{name}.{key} has {total - left:,} of {total:,} rows {what}: {done}.",
            remedy=f"nothing is to be done, unless every row should have its own {key}",
            left_out=total - left,
        )
    ]


def constant_attributes(rows: Table, name: TableName, columns: list[str]) -> list[Finding]:
    """Attributes with one value for everybody: they can tell nobody from anybody."""
    attributes = [column for column in columns if TABLES[name].column(column) is None]
    if not attributes:
        return []
    counted = {f"values_{i}": rows[column].nunique() for i, column in enumerate(attributes)}
    shown = {f"value_{i}": rows[column].cast("string").max() for i, column in enumerate(attributes)}
    found = rows.aggregate(total=rows.count(), **counted, **shown).to_pyarrow().to_pylist()[0]
    return [
        Finding(
            code="C-138",
            severity="info",
            table=name,
            column=column,
            rows=found["total"],
            total_rows=found["total"],
            message=(
                f"{name}.{column} has {_same(found[f'value_{i}'])} in all {found['total']:,} rows: "
                "it tells nobody apart."
            ),
            remedy="leave it out of attributes, or map the column that was meant",
            example=found[f"value_{i}"],
        )
        for i, column in enumerate(attributes)
        if found["total"] > 1 and found[f"values_{i}"] <= 1
    ]


def _same(value: str | None) -> str:
    return "no value" if value is None else f"the same value, {value!r},"
