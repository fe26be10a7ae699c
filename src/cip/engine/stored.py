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
from cip.contract.tables import TABLES
from cip.engine.connect import named, read_files
from cip.engine.days import day_known, day_of
from cip.engine.file_times import times_between
from cip.ports import EventStore

SUPERSEDED_AT: Final = "superseded_at"
"""When the next version of the row became known; null for the newest.

Only tables with changed rows have this column.
"""

DAY: Final = "day"
KNOWN_DAY: Final = "known_day"
SUPERSEDED_DAY: Final = "superseded_day"
ENDED_DAY: Final = "ended_day"

_KNOWN_DAYS: Final = {
    c.KNOWN_AT: KNOWN_DAY,
    SUPERSEDED_AT: SUPERSEDED_DAY,
    c.ENDED_AT: ENDED_DAY,
}


def read_table(
    con: ibis.BaseBackend, store: EventStore, table: str, buckets: Sequence[int] | None = None
) -> Table:
    """The rows of a table, all or of these buckets, every version of each.

    Times are instants.  Where the business's days are not those of UTC, the rows have their days
    too: whoever asks for them takes these.
    """
    return on_the_calendar(con, store.files(table, buckets), table, store.zone)


def on_the_calendar(con: ibis.BaseBackend, files: Sequence[str], table: str, zone: str) -> Table:
    """The rows of these files with `superseded_at` and, in a zone other than UTC, with their days.

    They are `day`, `known_day`, `superseded_day` and `ended_day`, of the times that are there.
    """
    rows = with_superseded(read_files(con, files))
    time = next((canonical.time for name, canonical in TABLES.items() if name == table), None)
    if zone == "UTC" or time is None:
        return rows
    spans = times_between(files, [time, c.KNOWN_AT, c.ENDED_AT])
    if c.KNOWN_AT in spans:
        spans[SUPERSEDED_AT] = spans[c.KNOWN_AT]
    days = {DAY: day_of(rows[time], zone, spans.get(time))}
    for name, day in _KNOWN_DAYS.items():
        if name in rows.columns:
            days[day] = day_known(rows[name], zone, spans.get(name))
    return named(con, rows.mutate(**days))


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
