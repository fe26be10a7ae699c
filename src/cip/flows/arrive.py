"""What was read into the lake: each row once, each table in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from cip import columns as c
from cip.contract.tables import TABLES, CanonicalTable
from cip.engine.batches import bucket_groups, in_buckets, sorted_batches
from cip.engine.connect import materialise, read_files, together
from cip.engine.merging import arrival_of, merged
from cip.engine.rows import Arrival, Timing, new_rows, new_versions, timing, with_known_at
from cip.engine.zones import clock_of
from cip.flows.identity import as_sources_said, customers_with_merges
from cip.flows.job import Job
from cip.flows.move import rows_in, sort_keys
from cip.flows.read import ReadTable
from cip.stores.lake import Lake, LakeSnapshot
from cip.types import Finding

LATE_AFTER: Final = timedelta(days=7)
"""Rows that happened so long before the newest row of earlier loads came late."""

_MANY: Final = 4


@dataclass(frozen=True)
class TableLoad:
    """What a load did to one table, and the newest time in what it brought."""

    arrival: Arrival
    version: int
    findings: tuple[Finding, ...] = ()
    newest: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "new": self.arrival.new,
            "same": self.arrival.same,
            "changed": self.arrival.changed,
            "version": self.version,
        }


def store(
    job: Job, lake: Lake, con: ibis.BaseBackend, table: ReadTable, newest: datetime | None
) -> TableLoad:
    """The table after the rows are in; `newest` is the newest time that earlier loads brought."""
    if TABLES[table.name].time is None:
        return _store_attributes(job, lake, con, table)
    before = lake.version(table.name)
    if before is None and not _has_versions(table):
        return _store_first(job, lake, con, table)
    return _store_more(job, lake, con, table, newest)


def _has_versions(table: ReadTable) -> bool:
    """Whether one load may bring several versions of a row."""
    return bool(TABLES[table.name].key) and c.KNOWN_AT in table.rows.columns


def _store_attributes(job: Job, lake: Lake, con: ibis.BaseBackend, table: ReadTable) -> TableLoad:
    there = rows_in(lake, con, table.name)
    told = as_sources_said(job, con, there) if table.name == "customers" else there
    arrival = arrival_of(table.rows, told)
    before = lake.version(table.name)
    as_they_are = there is not None and set(there.columns) == set(table.rows.columns)
    if before is not None and as_they_are and not arrival.new and not arrival.changed:
        return TableLoad(arrival, before)
    if table.name == "customers":
        rows = customers_with_merges(job, con, table.rows, there)
    else:
        rows = merged(table.rows, there)
    batches = sorted_batches(con, rows, sort_keys(table.name))
    return TableLoad(arrival, lake.replace(table.name, batches))


def _store_first(job: Job, lake: Lake, con: ibis.BaseBackend, table: ReadTable) -> TableLoad:
    """Nothing is there to compare with, so the rows stream through."""
    canonical = TABLES[table.name]
    rows = with_known_at(table.rows, canonical.time or c.OCCURRED_AT, None)
    seen = timing(rows, canonical.time or c.OCCURRED_AT, None)
    batches = sorted_batches(con, rows, sort_keys(table.name))
    version = lake.append(table.name, _telling(job, batches, seen.rows, table.name))
    arrival = Arrival(seen.rows, 0, 0)
    return TableLoad(
        arrival, version, _findings(canonical, arrival, [seen], _clock(job)), seen.newest
    )


def _store_more(
    job: Job,
    lake: Lake,
    con: ibis.BaseBackend,
    table: ReadTable,
    newest: datetime | None,
) -> TableLoad:
    """Group by group of buckets what is new is told from what is there, then all is committed."""
    canonical, now = TABLES[table.name], datetime.now(UTC)
    before = lake.version(table.name)
    stored = None if before is None else lake.pinned({table.name: before})
    total = table.rows.count().to_pyarrow().as_py()
    groups = bucket_groups(max(total, 0 if stored is None else stored.rows(table.name)))
    late_before = None if newest is None or before is None else newest - LATE_AFTER
    arriving = table.rows
    if len(groups) > _MANY:
        arriving = materialise(con, arriving.order_by(c.BUCKET))  # so that a group lies together
    news, timings = [], []
    for place, group in enumerate(groups):
        some = in_buckets(arriving, group)
        there = _stored_rows(con, table.name, stored, group)
        load_time = None if stored is None else now
        rows = materialise(con, _news(canonical, some, there, load_time))
        news.append(rows)
        timings.append(timing(rows, canonical.time or c.OCCURRED_AT, late_before))
        job.steps.moved("store", f"comparing {table.name} with the lake: {place / len(groups):.0%}")
    added = sum(seen.rows for seen in timings)
    changed = sum(seen.changed for seen in timings)
    arrival = Arrival(added - changed, total - added, changed)
    last = max((seen.newest for seen in timings if seen.newest), default=None)
    findings = _findings(canonical, arrival, timings, _clock(job))
    if not added and before is not None:
        return TableLoad(arrival, before, findings, last)
    rows = together(news)
    if not changed and c.REVISION in rows.columns:
        rows = rows.drop(c.REVISION)
    batches = sorted_batches(con, rows, sort_keys(table.name))
    version = lake.append(table.name, _telling(job, batches, added, table.name))
    return TableLoad(arrival, version, findings, last)


def _stored_rows(
    con: ibis.BaseBackend, table: str, stored: LakeSnapshot | None, group: range
) -> Table | None:
    files = stored.files(table, group) if stored and stored.has(table) else []
    return read_files(con, files) if files else None


def _news(
    table: CanonicalTable, rows: Table, there: Table | None, load_time: datetime | None
) -> Table:
    time = table.time or c.OCCURRED_AT
    if table.key:
        return new_versions(rows, there, time, load_time)
    return with_known_at(new_rows(rows, there), time, load_time)


def _telling(
    job: Job, batches: pa.RecordBatchReader, total: int, table: str
) -> pa.RecordBatchReader:
    """The same batches; the step says how far it is as they pass."""

    def passing() -> Any:
        done = 0
        for batch in batches:
            done += batch.num_rows
            job.steps.moved("store", f"writing {table}: {done:,} of {total:,} rows")
            yield batch

    return pa.RecordBatchReader.from_batches(batches.schema, passing())


def _clock(job: Job) -> tzinfo:
    """Of the business: days that people read are its days."""
    return clock_of(job.config.workspace.time_zone)


def _findings(
    table: CanonicalTable, arrival: Arrival, timings: Sequence[Timing], clock: tzinfo
) -> tuple[Finding, ...]:
    time, total = table.time or c.OCCURRED_AT, sum(seen.rows for seen in timings)
    early = sum(seen.early for seen in timings)
    late = sum(seen.late for seen in timings)
    found = []
    if arrival.changed:
        found.append(_changed(table.name, arrival))
    if late:
        first = min(seen.late_first for seen in timings if seen.late_first).astimezone(clock)
        found.append(
            Finding(
                code="C-162",
                severity="info",
                table=table.name,
                column=time,
                rows=late,
                total_rows=total,
                message=(
                    f"{table.name}.{time} has {late:,} of {total:,} new rows that happened more "
                    f"than {LATE_AFTER.days} days before the newest row of earlier loads (first: "
                    f"{first:%Y-%m-%d}): kept, and known from when the mapping says, else from now."
                ),
                remedy="earlier cutoffs do not see them; map known_at if they were known before",
                example=f"{first:%Y-%m-%d}",
            )
        )
    if early:
        first = min(seen.early_first for seen in timings if seen.early_first).astimezone(clock)
        found.append(
            Finding(
                code="C-163",
                severity="info",
                table=table.name,
                column=c.KNOWN_AT,
                rows=early,
                total_rows=total,
                message=(
                    f"{table.name}.{c.KNOWN_AT} has {early:,} of {total:,} new rows known before "
                    f"they happened (first: {first:%Y-%m-%d}): kept, and counted from when they "
                    "happened."
                ),
                remedy="is the column that known_at is read from right?",
                example=f"{first:%Y-%m-%d}",
            )
        )
    return tuple(found)


def _changed(table: str, arrival: Arrival) -> Finding:
    return Finding(
        code="C-120",
        severity="info",
        table=table,
        column="",
        rows=arrival.changed,
        total_rows=arrival.new + arrival.same + arrival.changed,
        message=(
            f"{table} has {arrival.changed:,} rows that were loaded before with other content: "
            "both versions are kept, cutoffs before the change see the earlier one."
        ),
        remedy="map known_at if the source says when a row changed; else it changed at this load",
    )
