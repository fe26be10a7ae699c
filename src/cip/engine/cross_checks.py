"""What the tables say against each other: counted and told, never removed.

The codes: C-130 before the first subscription, C-131 a customer or item that no table lists, C-132
longer than the item.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import ibis
from ibis.expr.types import BooleanValue, Table

from cip import columns as c
from cip.contract.tables import TableName
from cip.types import Finding

DURATION: Final = "duration_minutes"
"""The attribute of items that says how long a play can be."""

_HIT: Final = "_hit"


@dataclass(frozen=True, slots=True)
class _Check:
    """One contradiction: `what` completes "interactions.occurred_at has 3 of 900 plays ..."."""

    code: str
    column: str
    what: str
    remedy: str


_BEFORE_SIGN_UP: Final = _Check(
    "C-130",
    c.OCCURRED_AT,
    "before the customer's first subscription began",
    "is the beginning of the subscription the date of the last change of plan?",
)
_NO_CUSTOMER: Final = _Check(
    "C-131",
    c.CUSTOMER_ID,
    "of a customer whom the customers table does not list",
    "are the customers complete, and the ids written alike?",
)
_NO_ITEM: Final = _Check(
    "C-131",
    c.ITEM_ID,
    "with an item that the items table does not list",
    "are the items complete, and the ids written alike?",
)
_TOO_LONG: Final = _Check(
    "C-132",
    c.VALUE,
    f"longer than the item's {DURATION}",
    "do both count minutes, and does a play of a series count several episodes?",
)


def cross_checks(con: ibis.BaseBackend, tables: Mapping[TableName, Table]) -> list[Finding]:
    """A finding for every contradiction between canonical tables, for each kind of interaction.

    `tables` are those of `canonicalise`, by name; a check whose tables or columns are missing is
    left out.  All rows are kept: only the owner of the data can say which table is right.
    """
    rows = tables.get("interactions")
    if rows is None:
        return []
    return [
        finding
        for check, seen, hit in _checks(rows, tables)
        for finding in _findings(con, check, seen, hit)
    ]


def _checks(
    rows: Table, tables: Mapping[TableName, Table]
) -> Iterator[tuple[_Check, Table, BooleanValue]]:
    customers, items = tables.get("customers"), tables.get("items")
    subscriptions = tables.get("subscriptions")
    if subscriptions is not None:
        first = subscriptions.group_by(c.CUSTOMER_ID).aggregate(
            first=subscriptions[c.STARTED_AT].min()
        )
        seen = rows.left_join(first, c.CUSTOMER_ID)
        yield _BEFORE_SIGN_UP, seen, seen[c.OCCURRED_AT] < seen["first"]
    if customers is not None:
        yield _unlisted(rows, customers, _NO_CUSTOMER)
    if items is not None and c.ITEM_ID in rows.columns:
        yield _unlisted(rows, items, _NO_ITEM)
        if c.VALUE in rows.columns and DURATION in items.columns:
            plays = rows.filter(rows[c.KIND] == "play")
            seen = plays.left_join(items.select(c.ITEM_ID, DURATION), c.ITEM_ID)
            yield _TOO_LONG, seen, seen[c.VALUE] > seen[DURATION]


def _unlisted(rows: Table, listed: Table, check: _Check) -> tuple[_Check, Table, BooleanValue]:
    ids = listed.select(known=listed[check.column]).distinct()
    seen = rows.left_join(ids, rows[check.column] == ids["known"])
    return check, seen, seen["known"].isnull() & seen[check.column].notnull()


def _findings(
    con: ibis.BaseBackend, check: _Check, seen: Table, hit: BooleanValue
) -> Iterator[Finding]:
    said = seen[check.column]
    text = said.strftime("%Y-%m-%d") if said.type().is_timestamp() else said.cast("string")
    shown = seen.select(c.KIND, c.SOURCE_ROW, hit.name(_HIT), text.name("shown"))
    counted = shown.group_by(c.KIND).aggregate(
        total=shown.count(),
        rows=shown[_HIT].fill_null(False).ifelse(1, 0).sum(),  # noqa: FBT003 (by place)
        first=shown[c.SOURCE_ROW].min(where=shown[_HIT]),
        example=shown["shown"].argmin(shown[c.SOURCE_ROW], where=shown[_HIT]),
    )
    for found in con.to_pyarrow(counted).sort_by(c.KIND).to_pylist():
        if found["rows"]:
            yield _finding(check, found)


def _finding(check: _Check, found: Mapping[str, Any]) -> Finding:
    return Finding(
        code=check.code,
        severity="info",
        table="interactions",
        column=check.column,
        rows=found["rows"],
        total_rows=found["total"],
        message=(
            f"interactions.{check.column} has {found['rows']:,} of {found['total']:,} rows of kind "
            f"{found[c.KIND]!r} {check.what} (first: row {found['first']:,}, "
            f"{found['example']!r}): kept."
        ),
        remedy=check.remedy,
        first_row=found["first"],
        example=found["example"],
    )
