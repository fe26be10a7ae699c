"""Rows of the lake as readers want them: which version of a row was known when.

A row that a later load changed is there in several versions with one `row_key`.  The version in
force at a cutoff is the newest known strictly before it; today's is the one that none supersedes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import ibis
from ibis.expr.types import BooleanValue, Table, TimestampValue

from cip import columns as c
from cip.engine.connect import read_files
from cip.ports import EventStore

SUPERSEDED_AT: Final = "superseded_at"
"""When the next version of the row became known; null for the newest.

Only tables with changed rows have this column.
"""

SUPERSEDED_DAY: Final = "superseded_day"


def read_table(
    con: ibis.BaseBackend, store: EventStore, table: str, buckets: Sequence[int] | None = None
) -> Table:
    """The rows of a table, all or of these buckets, every version of each."""
    return with_superseded(read_files(con, store.files(table, buckets)))


def with_superseded(rows: Table) -> Table:
    """The rows with `superseded_at`; as they are where no row was ever changed."""
    if c.REVISION not in rows.columns:
        return rows
    changed = rows.filter(rows[c.REVISION].notnull()).select(c.ROW_KEY).distinct()
    several = rows.semi_join(changed, c.ROW_KEY)
    order = [several[c.KNOWN_AT], several[c.REVISION].fill_null(0)]
    following = several[c.KNOWN_AT].lead().over(group_by=c.ROW_KEY, order_by=order)
    never = ibis.null(rows[c.KNOWN_AT].type())
    return several.mutate(following.name(SUPERSEDED_AT)).union(
        rows.anti_join(changed, c.ROW_KEY).mutate(never.name(SUPERSEDED_AT))
    )


def newest(rows: Table) -> Table:
    """Of each row the version that is known today."""
    if SUPERSEDED_AT not in rows.columns:
        return rows
    superseded = {SUPERSEDED_AT, SUPERSEDED_DAY} & set(rows.columns)
    return rows.filter(rows[SUPERSEDED_AT].isnull()).drop(*sorted(superseded))


def in_force(rows: Table, cutoff: TimestampValue) -> BooleanValue:
    """Whether a row is the newest version known strictly before the cutoff."""
    known = rows[c.KNOWN_AT] < cutoff
    if SUPERSEDED_AT not in rows.columns:
        return known
    return known & (rows[SUPERSEDED_AT].isnull() | (rows[SUPERSEDED_AT] >= cutoff))
