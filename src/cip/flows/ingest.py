"""Load the sources into the lake: each row once, each table in one commit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import ibis
import pyarrow as pa

from cip import columns as c
from cip.contract.tables import TABLES
from cip.engine.batches import sorted_batches
from cip.engine.rows import Arrival, new_rows, with_known_at
from cip.flows.job import Job, open_job
from cip.flows.read import Read, ReadTable, counts_of, read_all, refuse_errors
from cip.ports import Progress
from cip.settings import Workspace
from cip.stores.lake import Lake
from cip.stores.lock import workspace_lock
from cip.types import Finding, Principal


@dataclass(frozen=True)
class TableLoad:
    """What a load did to one table: rows new, there already, there with other content."""

    arrival: Arrival
    version: int


@dataclass(frozen=True)
class Loaded:
    """What a load did, what it saw, and which files it read."""

    tables: dict[str, TableLoad]
    findings: tuple[Finding, ...]
    sources: tuple[dict[str, Any], ...]

    @property
    def versions(self) -> dict[str, int]:
        """The lake version of each table after the load."""
        return {name: table.version for name, table in self.tables.items()}

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "tables": {
                name: {
                    "new": table.arrival.new,
                    "same": table.arrival.same,
                    "changed": table.arrival.changed,
                    "version": table.version,
                }
                for name, table in self.tables.items()
            },
            "findings": counts_of(self.findings),
            "sources": list(self.sources),
        }

    def lines(self) -> list[str]:
        """For people."""
        return [
            f"{name}: {t.arrival.new:,} new, {t.arrival.same:,} there already, "
            f"{t.arrival.changed:,} changed since they were loaded and kept as they were "
            f"(version {t.version})"
            for name, t in self.tables.items()
        ]


def ingest(workspace: Workspace, *, actor: Principal, progress: Progress) -> Loaded:
    """Load everything that is new.

    Raises: ContractError C-100 when the data break the contract: then nothing is stored.
    """
    job = open_job(workspace, actor=actor, action="ingest", progress=progress)
    with workspace_lock(workspace.root / ".run.lock"):
        return load(job)


def load(job: Job) -> Loaded:
    """The same inside a job that holds the workspace's lock."""
    with read_all(job) as read:
        refuse_errors(read.errors)
        lake = Lake(job.workspace.lake)
        tables: dict[str, TableLoad] = {}
        with job.steps.step("store", "adding what is new to the lake") as step:
            for table in read.tables:
                tables[table.name] = _store(job, lake, read, table)
            step.rows = sum(table.arrival.new for table in tables.values())
            step.said = "new" if step.rows else "nothing new"
        changed = [_changed(table, tables[table.name].arrival) for table in read.tables]
        findings = (*read.findings, *(finding for finding in changed if finding))
        return Loaded(tables, findings, _sources(job, read))


def _store(job: Job, lake: Lake, read: Read, table: ReadTable) -> TableLoad:
    before = lake.version(table.name)
    files = [] if before is None else _files(lake, table.name, before)
    fresh, arrival = new_rows(read.con, table.rows, files)
    if before is not None and not arrival.new and not (_is_replaced(table) and arrival.changed):
        return TableLoad(arrival, before)
    if _is_replaced(table):
        version = lake.replace(table.name, _batches(table.rows, table))
    else:
        time = TABLES[table.name].time or c.OCCURRED_AT
        stamp = None if before is None else datetime.now(UTC)
        version = lake.append(table.name, _batches(with_known_at(fresh, time, stamp), table))
    for name, staged in table.staged.items():
        job.records.add_load(
            job.actor,
            table=table.name,
            source=job.config.sources[name].path,
            sha256=staged.sha256,
            rows=staged.rows,
            version=version,
            mapping_fingerprint=job.config.fingerprint(),
        )
    return TableLoad(arrival, version)


def _is_replaced(table: ReadTable) -> bool:
    """Attributes have no history: the newest file is the truth."""
    return TABLES[table.name].time is None


def _files(lake: Lake, name: str, version: int) -> list[str]:
    snapshot = lake.pinned({name: version})
    return snapshot.files(name) if snapshot.has(name) else []


def _batches(rows: ibis.Table, table: ReadTable) -> pa.RecordBatchReader:
    keys = (c.CUSTOMER_ID, TABLES[table.name].time, c.ROW_KEY)
    return sorted_batches(rows, [name for name in keys if name and name in rows.columns])


def _changed(table: ReadTable, arrival: Arrival) -> Finding | None:
    if not arrival.changed or _is_replaced(table):
        return None
    return Finding(
        code="C-120",
        severity="warning",
        table=table.name,
        column="",
        rows=arrival.changed,
        total_rows=arrival.new + arrival.same + arrival.changed,
        message=(
            f"{table.name} has {arrival.changed:,} rows that were loaded before with other "
            "content: they stay as first loaded."
        ),
        remedy="history is not rewritten; to start over, make a new workspace",
    )


def _sources(job: Job, read: Read) -> tuple[dict[str, Any], ...]:
    return tuple(
        {"path": job.config.sources[name].path, "sha256": staged.sha256, "rows": staged.rows}
        for name, staged in read.staged.items()
    )
