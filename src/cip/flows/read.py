"""Read the user's files into canonical rows, and say everything that was seen on the way."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis

from cip.contract.tables import TableName
from cip.engine.canonical import canonicalise, together
from cip.engine.connect import connect
from cip.engine.cross_checks import cross_checks
from cip.engine.source import clean_source
from cip.errors import ContractError
from cip.flows.job import Job
from cip.sources.files import Staged, stage
from cip.types import Finding


@dataclass(frozen=True)
class ReadTable:
    """One canonical table as read, not yet stored."""

    name: TableName
    rows: ibis.Table
    staged: dict[str, Staged]


@dataclass(frozen=True)
class Read:
    """Every table of the mapping, with the findings and the engine that holds the rows."""

    con: ibis.BaseBackend
    tables: tuple[ReadTable, ...]
    staged: dict[str, Staged]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> list[Finding]:
        """Findings that stop a load."""
        return [finding for finding in self.findings if finding.severity == "error"]


@contextmanager
def read_all(job: Job) -> Iterator[Read]:
    """The tables, while the block runs: staged copies are removed at its end."""
    folder = job.workspace.staging
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    con = connect(job.config.run.threads)
    try:
        yield _read(job, con, folder)
    finally:
        con.disconnect()
        shutil.rmtree(folder, ignore_errors=True)


def _read(job: Job, con: ibis.BaseBackend, folder: Path) -> Read:
    findings: list[Finding] = []
    staged: dict[str, Staged] = {}
    cleaned: dict[str, ibis.Table] = {}
    for name in sorted({part.source for parts in job.config.tables.values() for part in parts}):
        source = job.config.sources[name]
        with job.steps.step("read", f"reading {source.path}") as step:
            copy = stage(source, job.workspace.root, folder / f"{name}.parquet")
            clean = clean_source(con, copy.path, source)
            staged[name], cleaned[name] = copy, clean.rows
            findings += [*copy.findings, *clean.findings]
            step.rows, step.said = copy.rows, Path(source.path).name
    tables: list[ReadTable] = []
    with job.steps.step("check", "checking every row against the contract") as step:
        now, as_of = datetime.now(UTC), job.config.snapshot.as_of
        for table, parts in job.config.tables.items():
            read = [
                canonicalise(con, cleaned[part.source], table, part, now=now, as_of=as_of)
                for part in parts
            ]
            findings += [finding for part in read for finding in part.findings]
            rows = together([part.rows for part in read])
            tables.append(ReadTable(table, rows, {p.source: staged[p.source] for p in parts}))
        findings += cross_checks(con, {table.name: table.rows for table in tables})
        step.rows = sum(copy.rows for copy in staged.values())
        step.said = f"{len(findings)} findings"
    return Read(con, tuple(tables), staged, tuple(findings))


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
