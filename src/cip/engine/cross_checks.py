"""What the tables say against each other: counted and told, never removed.

The codes: C-130 before the first subscription, C-131 a customer or item that no table lists, C-132
longer than the item, C-133 subscriptions that overlap, C-134 one id written in two ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import ibis
from ibis.expr.types import BooleanValue, Table

from cip import columns as c
from cip.contract.tables import TABLES, TableName
from cip.engine.rule import shortened
from cip.engine.spellings import spellings
from cip.engine.zones import as_wall
from cip.types import Finding, Severity

DURATION: Final = "duration_minutes"
"""The attribute of items that says how long a play can be."""

_HIT: Final = "_hit"
_EVENTS: Final[tuple[TableName, ...]] = (
    "interactions",
    "transactions",
    "subscriptions",
    "treatments",
)


@dataclass(frozen=True, slots=True)
class _Check:
    """One contradiction: `what` completes "interactions.occurred_at has 3 of 900 plays ...".

    Rows that lack one of the two values are not among the 900: nobody can compare them.
    """

    code: str
    column: str
    what: str
    remedy: str
    severity: Severity = "info"


_BEFORE_SIGN_UP: Final = _Check(
    "C-130",
    c.OCCURRED_AT,
    "before the customer's first subscription began",
    "if their date is that of the last change of plan, map the first one",
)
_NO_CUSTOMER: Final = _Check(
    "C-131",
    c.CUSTOMER_ID,
    "of a customer whom the customers table does not list",
    "complete the customers; see that ids are written alike",
)
_NO_ITEM: Final = _Check(
    "C-131",
    c.ITEM_ID,
    "with an item that the items table does not list",
    "complete the items; see that ids are written alike",
)
_TOO_LONG: Final = _Check(
    "C-132",
    c.VALUE,
    f"longer than the item's {DURATION}",
    "see that both count minutes; a play of a series may count several episodes",
)
_OVERLAP: Final = _Check(
    "C-133",
    c.STARTED_AT,
    "that begin while another subscription of the customer runs",
    "unless a customer may have several at once, end the old one where the new one begins",
    "warning",
)


def cross_checks(
    con: ibis.BaseBackend, tables: Mapping[TableName, Table], zone: str = "UTC"
) -> list[Finding]:
    """A finding for every contradiction between canonical tables, for each kind of interaction.

    `tables` are those of `canonicalise`, by name; a check whose tables or columns are missing is
    left out.  All rows are kept: only the owner of the data can say which table is right.  The days
    that are shown are those of `zone`.
    """
    return [
        *(
            finding
            for name in _EVENTS
            if name in tables
            for check, seen, hit in _checks(name, tables)
            for finding in _findings(con, name, check, seen, hit, zone=zone)
        ),
        *spellings(tables),
    ]


def _checks(
    name: TableName, tables: Mapping[TableName, Table]
) -> Iterator[tuple[_Check, Table, BooleanValue]]:
    rows, customers = tables[name], tables.get("customers")
    subscriptions = tables.get("subscriptions")
    if subscriptions is not None and name in {"interactions", "transactions"}:
        first = subscriptions.group_by(c.CUSTOMER_ID).aggregate(
            first=subscriptions[c.STARTED_AT].min()
        )
        seen = rows.left_join(first, c.CUSTOMER_ID)
        yield _BEFORE_SIGN_UP, seen, seen[c.OCCURRED_AT] < seen["first"]
    if customers is not None:
        yield _unlisted(rows, customers, _NO_CUSTOMER)
    if name == "interactions":
        yield from _item_checks(rows, tables.get("items"))
    if name == "subscriptions" and c.ENDED_AT in rows.columns:
        yield _overlapping(rows)


def _item_checks(rows: Table, items: Table | None) -> Iterator[tuple[_Check, Table, BooleanValue]]:
    if items is None or c.ITEM_ID not in rows.columns:
        return
    yield _unlisted(rows, items, _NO_ITEM)
    if c.VALUE in rows.columns and DURATION in items.columns:
        plays = rows.filter(rows[c.KIND] == "play")
        seen = plays.left_join(items.select(c.ITEM_ID, DURATION), c.ITEM_ID)
        yield _TOO_LONG, seen, seen[c.VALUE] > seen[DURATION]


def _overlapping(rows: Table) -> tuple[_Check, Table, BooleanValue]:
    """Against all earlier spells of the customer: one without an end runs on."""
    order = [rows[c.STARTED_AT], rows[c.SOURCE_ROW]]
    earlier = ibis.window(group_by=c.CUSTOMER_ID, order_by=order, preceding=(None, 1))
    open_ended = rows[c.ENDED_AT].isnull().ifelse(1, 0)
    seen = rows.mutate(
        _until=rows[c.ENDED_AT].max().over(earlier), _open=open_ended.max().over(earlier)
    )
    overlaps = (seen["_until"] > seen[c.STARTED_AT]) | (seen["_open"] == 1)
    return _OVERLAP, seen, overlaps.fill_null(False)  # noqa: FBT003 (by place); nothing is earlier


def _unlisted(rows: Table, listed: Table, check: _Check) -> tuple[_Check, Table, BooleanValue]:
    ids = listed.select(known=listed[check.column]).distinct()
    seen = rows.left_join(ids, rows[check.column] == ids["known"])
    return check, seen, seen["known"].isnull() & seen[check.column].notnull()


def _findings(
    con: ibis.BaseBackend,
    name: TableName,
    check: _Check,
    seen: Table,
    hit: BooleanValue,
    *,
    zone: str,
) -> Iterator[Finding]:
    said = seen[check.column]
    if said.type().is_timestamp():
        text = as_wall(said, zone).strftime("%Y-%m-%d")
    else:
        text = said.cast("string")
    kind = seen[c.KIND] if c.KIND in seen.columns else ibis.literal("")
    shown = seen.select(seen[c.SOURCE_ROW], kind.name(c.KIND), hit.name(_HIT), text.name("shown"))
    counted = shown.group_by(c.KIND).aggregate(
        all=shown.count(),
        total=shown[_HIT].count(),
        rows=shown[_HIT].fill_null(False).ifelse(1, 0).sum(),  # noqa: FBT003 (by place)
        first=shown[c.SOURCE_ROW].min(where=shown[_HIT]),
        example=shown["shown"].argmin(shown[c.SOURCE_ROW], where=shown[_HIT]),
    )
    for found in con.to_pyarrow(counted).sort_by(c.KIND).to_pylist():
        if found["rows"]:
            yield _finding(name, check, found)


def _finding(name: TableName, check: _Check, found: Mapping[str, Any]) -> Finding:
    of_kind = f" of kind {found[c.KIND]!r}" if TABLES[name].column(c.KIND) else ""
    example, unknown = shortened(found["example"]), found["all"] - found["total"]
    more = f" Rows that lack one of the two: {unknown:,}." if unknown else ""
    return Finding(
        code=check.code,
        severity=check.severity,
        table=name,
        column=check.column,
        rows=found["rows"],
        total_rows=found["total"],
        message=(
            f"{name}.{check.column} has {found['rows']:,} of {found['total']:,} rows{of_kind} "
            f"{check.what} (first: row {found['first']:,}, {example!r}): kept.{more}"
        ),
        remedy=check.remedy,
        first_row=found["first"],
        example=example,
    )
