"""Rows that count for another customer than their source says: in the lake, and on their way in.

`row_key` is made of the source's own id and never changes, so a file that is loaded again finds its
rows wherever they count, and undoing a merge is exact.  `original_id` is the source's id of a row
that counts for somebody else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import ibis
from ibis.expr.types import Table

from cip import columns as c
from cip.contract.tables import TABLES, TableName
from cip.engine.batches import sorted_batches
from cip.engine.bucket import bucket_expr, bucket_of
from cip.engine.connect import read_files
from cip.flows.daily import forget_customers
from cip.flows.engines import local_engine
from cip.flows.job import Job
from cip.stores.lake import Lake

APART: Final = "merged"
"""A lake of its own beside the tables: attributes of merged customers, one row a source's id."""


@dataclass(frozen=True)
class Moves:
    """Which ids count for which customers."""

    into: Mapping[str, str] = field(default_factory=dict)

    @property
    def involved(self) -> list[str]:
        """Every id that a merge names, sorted."""
        return sorted({*self.into, *self.into.values()})


def customer_tables() -> list[TableName]:
    """The tables whose rows happened to a customer."""
    return [name for name, table in TABLES.items() if table.time and table.column(c.CUSTOMER_ID)]


def moved(rows: Table, moves: Moves) -> Table:
    """The rows, each for the customer whom it counts for; `original_id` where that is another."""
    if not moves.into:
        return rows
    own = rows[c.CUSTOMER_ID]
    pairs = list(moves.into.items())
    buckets = [(old, ibis.literal(bucket_of(into), "int32")) for old, into in pairs]
    changes = own.isin([old for old, _ in pairs])
    return rows.mutate(
        own.cases(*pairs, else_=own).name(c.CUSTOMER_ID),
        own.cases(*buckets, else_=rows[c.BUCKET]).cast("int32").name(c.BUCKET),
        changes.ifelse(own, ibis.null("string")).name(c.ORIGINAL_ID),
    )


def move_rows(lake: Lake, con: ibis.BaseBackend, table: TableName, old: str, into: str) -> None:
    """The lake's rows of `old` count for `into`; done again it changes nothing."""
    rows = rows_in(lake, con, table, [bucket_of(old)])
    if rows is not None and _any(rows.filter(rows[c.CUSTOMER_ID] == old)):
        _rewrite(lake, con, table, old, into, back=False)


def move_back(lake: Lake, con: ibis.BaseBackend, table: TableName, old: str, into: str) -> None:
    """The lake's rows that counted for `into` count for `old` again, whenever they were loaded."""
    rows = rows_in(lake, con, table, [bucket_of(into)])
    if rows is None or c.ORIGINAL_ID not in rows.columns:
        return
    if _any(rows.filter((rows[c.ORIGINAL_ID] == old) & (rows[c.CUSTOMER_ID] == into))):
        _rewrite(lake, con, table, old, into, back=True)


def _rewrite(
    lake: Lake, con: ibis.BaseBackend, table: TableName, old: str, into: str, *, back: bool
) -> None:
    buckets = sorted({bucket_of(old), bucket_of(into)})
    rows = rows_in(lake, con, table, buckets)
    if rows is None:
        return
    if c.ORIGINAL_ID not in rows.columns:
        rows = rows.mutate(ibis.null("string").name(c.ORIGINAL_ID))
    customer, origin = rows[c.CUSTOMER_ID], rows[c.ORIGINAL_ID]
    hit = (customer == into) & (origin == old) if back else customer == old
    hit = hit.fill_null(False)  # noqa: FBT003 (Ibis takes it by place)
    to, was = (old, ibis.null("string")) if back else (into, ibis.literal(old))
    made = rows.mutate(
        hit.ifelse(to, customer).name(c.CUSTOMER_ID),
        hit.ifelse(bucket_of(to), rows[c.BUCKET]).cast("int32").name(c.BUCKET),
        hit.ifelse(was, origin).name(c.ORIGINAL_ID),
    )
    lake.rewrite(table, buckets, sorted_batches(con, made, sort_keys(table)))


def rows_in(
    lake: Lake, con: ibis.BaseBackend, table: str, buckets: Collection[int] | None = None
) -> Table | None:
    """The newest rows of a table, with `bucket`; None where there are none."""
    version = lake.version(table)
    if version is None:
        return None
    snapshot = lake.pinned({table: version})
    if not snapshot.has(table):
        return None
    files = snapshot.files(table, None if buckets is None else sorted(buckets))
    if not files:
        return None
    rows = read_files(con, files)
    return _with_bucket(rows) if snapshot.rows_by_bucket(table) else rows


def _with_bucket(rows: Table) -> Table:
    """The files do not hold the column, their folders do."""
    return rows.mutate(bucket_expr(rows[c.CUSTOMER_ID]).name(c.BUCKET))


def sort_keys(table: TableName) -> list[str]:
    """How rows of a table lie inside their bucket."""
    canonical = TABLES[table]
    keys = (c.CUSTOMER_ID if canonical.column(c.CUSTOMER_ID) else None, canonical.time, c.ROW_KEY)
    return [key for key in keys if key]


def drop_customers(job: Job, ids: Collection[str]) -> dict[str, int]:
    """Rows of these customers that the lake's current version loses, by table."""
    lake, gone = Lake(job.workspace.lake), {}
    with local_engine(job) as con:
        for name, table in TABLES.items():
            if table.column(c.CUSTOMER_ID) is not None:
                gone[name] = _drop(lake, con, name, sorted(ids))
        _drop(Lake(job.workspace.lake / APART), con, "customers", sorted(ids))
    forget_customers(job, sorted(ids))
    return {name: rows for name, rows in gone.items() if rows}


def _drop(lake: Lake, con: ibis.BaseBackend, table: TableName, ids: list[str]) -> int:
    buckets = sorted({bucket_of(each) for each in ids})
    rows = rows_in(lake, con, table, buckets)
    if rows is None:
        return 0
    hit = rows[c.CUSTOMER_ID].isin(ids)
    if c.ORIGINAL_ID in rows.columns:
        hit |= rows[c.ORIGINAL_ID].isin(ids).fill_null(False)  # noqa: FBT003 (by place)
    count: int = rows.filter(hit).count().to_pyarrow().as_py()
    if count:
        lake.rewrite(table, buckets, sorted_batches(con, rows.filter(~hit), sort_keys(table)))
    return count


def _any(rows: Table) -> bool:
    return bool(rows.limit(1).count().to_pyarrow().as_py())
