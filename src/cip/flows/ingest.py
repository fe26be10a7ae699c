"""Load the sources into the lake: each row once, each table in one commit.

A load may die at any moment.  What a table's commit holds is there, the rest is not, and the same
command goes on where it stopped; rows are acknowledged by the load's line in the records.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cip.contract.tables import TABLES, TableName
from cip.engine.connect import keep_only
from cip.engine.policies import PolicyLine, added_up
from cip.engine.rows import Arrival
from cip.flows.arrive import TableLoad, store
from cip.flows.identity import keep_promises
from cip.flows.job import Job, open_job
from cip.flows.read import Read, ReadTable, counts_of, read_all, refuse_errors
from cip.flows.remembered import part_fingerprint, places
from cip.ports import Progress
from cip.settings import Workspace
from cip.stores.lake import Lake
from cip.stores.lock import workspace_lock
from cip.types import Finding, Principal


@dataclass(frozen=True)
class Loaded:
    """What a load did, what it saw, and from which sources.

    `unread` are tables of which nothing was read, because their sources hold what they held.
    """

    tables: dict[str, TableLoad]
    findings: tuple[Finding, ...]
    sources: tuple[dict[str, Any], ...]
    policies: tuple[PolicyLine, ...] = ()
    unread: frozenset[str] = field(default_factory=frozenset)

    @property
    def versions(self) -> dict[str, int]:
        """The lake version of each table after the load."""
        return {name: table.version for name, table in self.tables.items()}

    @property
    def changes(self) -> int:
        """Rows that are new or changed: 0 when the same files are loaded again."""
        return sum(table.arrival.new + table.arrival.changed for table in self.tables.values())

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "tables": {name: table.as_dict() for name, table in self.tables.items()},
            "changes": self.changes,
            "unread": sorted(self.unread),
            "findings": counts_of(self.findings),
            "policies": [line.as_dict() for line in self.policies],
            "sources": list(self.sources),
        }

    def lines(self) -> list[str]:
        """For people."""
        said = [
            f"{name}: not read again, the sources are as they were (version {table.version})"
            if name in self.unread
            else f"{name}: {table.arrival.new:,} new, {table.arrival.same:,} there already, "
            f"{table.arrival.changed:,} changed (version {table.version})"
            for name, table in self.tables.items()
        ]
        found = [f"{f.code} {f.message}" for f in self.findings if f.severity != "info"]
        policies = [line.sentence for line in self.policies if line.rows]
        infos = sum(finding.severity == "info" for finding in self.findings)
        more = [f"{infos} more findings are information: `cip check` shows them."] if infos else []
        return [*said, *found, *policies, *more]


def ingest(
    workspace: Workspace,
    *,
    actor: Principal,
    progress: Progress,
    again: bool = False,
    only: Collection[str] | None = None,
) -> Loaded:
    """Load everything that is new; `again` reads also what has not changed, `only` some sources.

    Raises: ContractError C-100 when the data break the contract: then nothing is stored.
    """
    job = open_job(workspace, actor=actor, action="ingest", progress=progress)
    with workspace_lock(workspace.root / ".run.lock"):
        return load(job, again=again, only=only)


def load(job: Job, *, again: bool = False, only: Collection[str] | None = None) -> Loaded:
    """The same inside a job that holds the workspace's lock."""
    with read_all(job, again=again, only=only) as read:
        refuse_errors(read.errors)
        keep_promises(job, read.con)
        lake = Lake(job.workspace.lake)
        tables: dict[str, TableLoad] = {}
        with job.steps.step("store", "adding what is new to the lake") as step:
            for place, table in enumerate(read.tables):
                # what reading and earlier tables left behind would fill the engine's memory
                keep_only(read.con, [later.rows for later in read.tables[place:]])
                tables[table.name] = _store(job, lake, read, table)
            step.rows = sum(table.arrival.new for table in tables.values())
            changed = sum(table.arrival.changed for table in tables.values())
            step.said = "new" if step.rows else "nothing new"
            step.said += f", {changed:,} changed" if changed else ""
        stored = (finding for table in tables.values() for finding in table.findings)
        versions = lake.versions()
        unread = frozenset(job.config.tables.keys() & versions.keys() - tables.keys())
        as_they_are: dict[str, TableLoad] = {
            name: TableLoad(Arrival(0, 0, 0), versions[name]) for name in unread
        }
        known: dict[str, TableLoad] = {**tables, **as_they_are}
        return Loaded(
            {name: known[name] for name in job.config.tables if name in known},
            tuple(dict.fromkeys([*read.findings, *stored])),
            _sources(job, read),
            added_up(read.policies),
            unread,
        )


def _store(job: Job, lake: Lake, read: Read, table: ReadTable) -> TableLoad:
    before = _newest(job, table.name)
    done = store(job, lake, read.con, table, before)
    times = [time for time in (before, done.newest) if time is not None]
    for name, staged in table.staged.items():
        seen = read.seen[table.name, name]
        kept = replace(seen, own=(*seen.own, *done.findings), across=read.across)
        job.records.add_load(
            job.actor,
            table=table.name,
            source=job.config.sources[name].where,
            sha256=staged.sha256,
            rows=staged.rows,
            version=done.version,
            mapping_fingerprint=part_fingerprint(job.config, table.name, name),
            source_name=name,
            findings=kept.as_json(),
            columns=staged.schema,
            newest_at=max(times, default=None),
        )
    return done


def _newest(job: Job, table: TableName) -> datetime | None:
    """The newest time in the rows of earlier loads."""
    if TABLES[table].time is None:
        return None
    names = [source for name, source in places(job.config) if name == table]
    loads = (job.records.last_load(table, name) for name in names)
    times = [load.newest_at for load in loads if load is not None and load.newest_at is not None]
    return max(times, default=None)


def _sources(job: Job, read: Read) -> tuple[dict[str, Any], ...]:
    fresh = {
        name: {
            "path": job.config.sources[name].where,
            "sha256": staged.sha256,
            "rows": staged.rows,
            "unchanged": False,
        }
        for name, staged in read.staged.items()
    }
    kept = {
        source: {"path": load.source, "sha256": load.sha256, "rows": load.rows, "unchanged": True}
        for (_, source), load in read.kept.items()
    }
    together = {**kept, **fresh}
    return tuple(together[name] for name in sorted(together))
