"""Read the user's sources into canonical rows, and say everything that was seen on the way."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import ibis

from cip.contract.config import Config
from cip.contract.tables import TABLES, TableName
from cip.engine.canonical import canonicalise
from cip.engine.connect import read_files, together
from cip.engine.cross_checks import cross_checks
from cip.engine.merging import merged, one_of_each
from cip.engine.policies import PolicyLine
from cip.engine.source import clean_source
from cip.errors import ContractError
from cip.flows.engines import local_engine
from cip.flows.identity import moves_of
from cip.flows.job import Job
from cip.flows.move import moved
from cip.flows.remembered import Place, Seen, places, seen_from, unchanged
from cip.flows.suppress import left_out, suppressed_ids, without_ids
from cip.sources.expected import expected_rows
from cip.sources.files import Staged, stage
from cip.sources.schema import schema_changes
from cip.stores.lake import Lake
from cip.stores.lines import Load
from cip.types import Finding

_MEMORY_MB: Final = 300
_OF_A_COLUMN_MB: Final = 8
_NARROW: Final = 25


@dataclass(frozen=True)
class ReadTable:
    """One canonical table as read, not yet stored, and the sources that were read for it."""

    name: TableName
    rows: ibis.Table
    staged: dict[str, Staged]


@dataclass(frozen=True)
class Read:
    """The tables of the sources that had to be read, and what was seen in all of them.

    `kept` are the last loads of sources that hold what they held: they were not read, and what
    was seen in them then is said again.  `across` is what the tables say against each other.
    """

    con: ibis.BaseBackend
    tables: tuple[ReadTable, ...]
    staged: dict[str, Staged]
    seen: dict[Place, Seen]
    kept: dict[Place, Load]
    across: tuple[Finding, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that was seen; what a source shows to several tables counts once."""
        own = (finding for seen in self.seen.values() for finding in seen.own)
        return tuple(dict.fromkeys([*own, *self.across]))

    @property
    def policies(self) -> tuple[PolicyLine, ...]:
        """What every policy did."""
        return tuple(line for seen in self.seen.values() for line in seen.policies)

    @property
    def errors(self) -> list[Finding]:
        """Findings that stop a load."""
        return [finding for finding in self.findings if finding.severity == "error"]


@dataclass
class _Source:
    """One source while it is read."""

    staged: Staged
    rows: ibis.Table
    findings: list[Finding] = field(default_factory=list)


@contextmanager
def read_all(
    job: Job, *, only: Collection[str] | None = None, again: bool = True
) -> Iterator[Read]:
    """The tables, while the block runs: staged copies are removed at its end.

    `only` names the sources that count; without it all do.  Unless `again`, a source whose content
    and mapping are those of its last load is not read.
    """
    folder = job.workspace.staging
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        rows, memory = _expected(job, only), _memory(job.config)
        with local_engine(job, rows, memory=memory, spill=folder / "spill") as con:
            yield _read(job, con, folder, only, again=again)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _expected(job: Job, only: Collection[str] | None) -> int | None:
    """How many rows there are to read, about; None where a source does not tell."""
    counts = [
        expected_rows(source, job.workspace.root)
        for name, source in job.config.sources.items()
        if only is None or name in only
    ]
    return None if None in counts else sum(count or 0 for count in counts)


def _memory(config: Config) -> str:
    """What the engine keeps in memory while it loads; the rest lies in the workspace's staging.

    A column that is read, checked and noted needs some megabytes however few its rows are.
    """
    parts = (part for several in config.tables.values() for part in several)
    widest = max(len(part.columns) + len(part.attributes) for part in parts)
    return f"{_MEMORY_MB + _OF_A_COLUMN_MB * max(0, widest - _NARROW)}MB"


def _read(
    job: Job,
    con: ibis.BaseBackend,
    folder: Path,
    only: Collection[str] | None,
    *,
    again: bool,
) -> Read:
    used = dict.fromkeys(source for _, source in places(job.config))
    wanted = sorted(name for name in used if only is None or name in only)
    kept = {} if again else unchanged(job, wanted)
    still = {source for _, source in kept}
    for name in sorted(still):
        with job.steps.step("read", f"looking at {job.config.sources[name].where}") as step:
            step.rows, step.said = 0, f"{job.config.sources[name].where} is as it was"
    read = {name: _staged(job, con, folder, name) for name in wanted if name not in still}
    seen = {place: seen_from(load.findings) for place, load in kept.items()}
    tables: list[ReadTable] = []
    across = _across_then(kept)
    with job.steps.step("check", "checking every row against the contract") as step:
        if read:
            tables = _tables(job, con, read, seen)
            across = tuple(_across(job, con, tables))
        step.rows = sum(source.staged.rows for source in read.values())
        step.said = f"{sum(len(each.own) for each in seen.values()) + len(across)} findings"
    staged = {name: source.staged for name, source in read.items()}
    return Read(con, tuple(tables), staged, seen, kept, across)


def _staged(job: Job, con: ibis.BaseBackend, folder: Path, name: str) -> _Source:
    source, base = job.config.sources[name], job.workspace.root
    what = f"reading {source.where}"
    expected, begun = expected_rows(source, base), perf_counter()

    def tell(rows: int) -> None:
        job.steps.moved("read", f"{what}: {how_far(rows, expected, perf_counter() - begun)}")

    with job.steps.step("read", what) as step:
        copy = stage(source, base, folder / f"{name}.parquet", tell)
        clean = clean_source(con, copy.path, source)
        step.rows = copy.rows
        step.said = Path(source.path).name if source.path else source.where
    findings = [*copy.findings, *_schema_changes(job, name, copy), *clean.findings]
    return _Source(copy, clean.rows, findings)


def how_far(rows: int, expected: int | None, seconds: float) -> str:
    """For people: "1,200,000 rows, 310,000 rows/s, about 40 %, 6 s left"."""
    rate = rows / max(seconds, 1e-6)
    said = f"{rows:,} rows, {rate:,.0f} rows/s"
    if not expected or rows >= expected:
        return said
    return f"{said}, about {rows / expected:.0%}, {(expected - rows) / rate:,.0f} s left"


def _schema_changes(job: Job, name: str, copy: Staged) -> Sequence[Finding]:
    loads = (job.records.last_load(*place) for place in places(job.config, name))
    before = next((load.columns for load in loads if load is not None and load.columns), {})
    return schema_changes(before, copy.schema, job.config.sources[name].where)


def _tables(
    job: Job, con: ibis.BaseBackend, read: Mapping[str, _Source], seen: dict[Place, Seen]
) -> list[ReadTable]:
    """The canonical tables of what was read; `seen` learns what was seen."""
    config, now, tables, moves = job.config, datetime.now(UTC), [], moves_of(job)
    for name, parts in config.tables.items():
        made = []
        for part in parts:
            if part.source not in read:
                continue
            source = read[part.source]
            checked = canonicalise(
                con,
                source.rows,
                name,
                part,
                now=now,
                as_of=config.snapshot.as_of,
                currency=config.workspace.currency,
                zone=config.workspace.time_zone,
            )
            hidden = suppressed_ids(job, name, checked.rows, moves)
            rows, gone = left_out(name, checked.rows, hidden)
            made.append(moved(rows, moves) if TABLES[name].time else rows)
            findings = [
                without_ids(_placed(finding, source.staged, part.source), hidden)
                for finding in (*checked.findings, *gone)
            ]
            before = seen.get((name, part.source), Seen(own=tuple(source.findings)))
            seen[name, part.source] = replace(
                before,
                own=(*before.own, *findings),
                policies=(*before.policies, *checked.policies),
            )
        if made:
            sources = {p.source: read[p.source].staged for p in parts if p.source in read}
            several = len(made) > 1 and TABLES[name].key
            rows = one_of_each(made) if several else together(made)
            tables.append(ReadTable(name, rows, sources))
    return tables


def _placed(finding: Finding, staged: Staged, source: str) -> Finding:
    placed = staged.placed(finding)
    return placed if placed.source else replace(placed, source=source)


def _across(job: Job, con: ibis.BaseBackend, tables: Sequence[ReadTable]) -> list[Finding]:
    """What was delivered against everything that is known: the delivery and the lake."""
    lake = Lake(job.workspace.lake)
    stored = lake.pinned(lake.versions())
    known = {table.name: table.rows for table in tables}
    for name, canonical in TABLES.items():
        delivered = known.get(name)
        if not stored.has(name) or (delivered is not None and not canonical.key):
            continue
        there = read_files(con, stored.files(name))
        known[name] = there if delivered is None else merged(delivered, there)
    return cross_checks(con, known, job.config.workspace.time_zone)


def _across_then(kept: Mapping[Place, Load]) -> tuple[Finding, ...]:
    newest = max(kept.values(), key=lambda load: load.load_id, default=None)
    return () if newest is None else seen_from(newest.findings).across


def refuse_errors(errors: Sequence[Finding]) -> None:
    """Nothing, when there are none.  Raises: ContractError C-100, which says them all."""
    if not errors:
        return
    said = " ".join(f"{finding.code}: {finding.message}" for finding in errors)
    raise ContractError(
        "C-100",
        f"the data break the contract in {len(errors)} ways, nothing was stored. {said}",
        f"{errors[0].remedy}; `cip check` lists every finding",
    )


def counts_of(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """The findings, JSON-ready, errors first."""
    order = {"error": 0, "warning": 1, "info": 2}
    return [f.as_dict() for f in sorted(findings, key=lambda finding: order[finding.severity])]
