"""Ids that are probably one and are written in two ways: 7 and 07, A@x.org and a@x.org."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ibis.expr.types import StringValue, Table

from cip import columns as c
from cip.contract.tables import TableName
from cip.engine.connect import together
from cip.types import Finding

_IDS: Final = (c.CUSTOMER_ID, c.ITEM_ID)
_DIGITS: Final = r"^[0-9]+$"


def spellings(tables: Mapping[TableName, Table]) -> list[Finding]:
    """A finding a kind of id, over all tables that have it."""
    return [finding for column in _IDS for finding in _of(column, tables)]


def _of(column: str, tables: Mapping[TableName, Table]) -> list[Finding]:
    holding = {name: rows for name, rows in tables.items() if column in rows.columns}
    if not holding:
        return []
    ids = together([rows.select(column).distinct() for rows in holding.values()]).distinct()
    told = ids.filter(ids[column].notnull())
    told = told.mutate(_plain=_plain(told[column]))
    several = told.group_by("_plain").aggregate(
        ways=told.count(), one=told[column].min(), other=told[column].max()
    )
    several = several.filter(several["ways"] > 1)
    found = several.aggregate(
        rows=several.count(),
        one=several["one"].argmin(several["_plain"]),
        other=several["other"].argmin(several["_plain"]),
    )
    seen = found.to_pyarrow().to_pylist()[0]
    return [_finding(column, holding, seen)] if seen["rows"] else []


def _plain(text: StringValue) -> StringValue:
    """Numbers without leading zeros, e-mail addresses in small letters, others as they are."""
    number = text.re_search(_DIGITS)
    return number.ifelse(text.re_replace("^0+", ""), text.contains("@").ifelse(text.lower(), text))


def _finding(column: str, holding: Mapping[TableName, Table], seen: Mapping[str, Any]) -> Finding:
    table, row = _where(column, holding, seen["one"])
    total = holding[table].count().to_pyarrow().as_py()
    return Finding(
        code="C-134",
        severity="warning",
        table=table,
        column=column,
        rows=seen["rows"],
        total_rows=total,
        message=(
            f"{table}.{column}: {seen['rows']:,} written in several ways, e.g. {seen['one']!r} and "
            f"{seen['other']!r} (first: {table}, row {row:,}): they count as different."
        ),
        remedy="write each id in one way; spreadsheets drop leading zeros, so export ids as text",
        first_row=row,
        example=seen["one"],
        values_seen=(seen["one"], seen["other"]),
    )


def _where(column: str, holding: Mapping[TableName, Table], value: str) -> tuple[TableName, int]:
    """The first table and row that hold the value."""
    for name, rows in holding.items():
        hit = rows[column] == value
        row = rows.aggregate(row=rows[c.SOURCE_ROW].min(where=hit)).to_pyarrow().to_pylist()
        if row[0]["row"] is not None:
            return name, row[0]["row"]
    raise LookupError(value)
