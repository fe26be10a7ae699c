"""Read the data, say what is wrong with them and what they are enough for; store nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import cip
from cip.contract.tables import TableName
from cip.engine.policies import PolicyLine
from cip.engine.staging import stage_tables
from cip.errors import CipError, ContractError
from cip.flows.job import Job, open_job
from cip.flows.read import Read, counts_of, read_all
from cip.flows.readiness import BOUNDS, Readiness, readiness
from cip.ports import Progress
from cip.settings import Workspace
from cip.types import Finding, Principal

_SIGN: Final = {"error": "✗", "warning": "!", "info": "·"}


@dataclass(frozen=True)
class CheckReport:
    """What a load would find, and what the data are enough for.

    `rows`: of each canonical table; `sources`: rows read of each source; `verdicts` are empty where
    the files could not be read.
    """

    workspace: str
    rows: dict[str, int]
    findings: tuple[Finding, ...]
    sources: dict[str, int] = field(default_factory=dict)
    policies: tuple[PolicyLine, ...] = ()
    verdicts: tuple[Readiness, ...] = ()
    checked_at: str = ""
    simulated: bool = False

    @property
    def errors(self) -> int:
        """How many findings stop a load."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def verdict(self) -> str:
        """The whole in one sentence."""
        if self.errors:
            noun = "error" if self.errors == 1 else "errors"
            return f"{self.errors} {noun}: a run would refuse."
        return "A run can start."

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "ok": not self.errors,
            "verdict": self.verdict,
            "workspace": self.workspace,
            "simulated": self.simulated,
            "checked_at": self.checked_at,
            "version": cip.__version__,
            "sources": self.sources,
            "rows": self.rows,
            "findings": counts_of(self.findings),
            "readiness": [verdict.as_dict() for verdict in self.verdicts],
            "policies": [line.as_dict() for line in self.policies],
            "bounds": {
                name: {"what": b.what, "least": b.least, "advised": b.advised, "source": b.source}
                for name, b in BOUNDS.items()
            },
        }

    def lines(self) -> list[str]:
        """For people: findings, policies that met rows, tables, and what the data are for."""
        said = [_line(entry) for entry in counts_of(self.findings)]
        met = [line for line in self.policies if line.rows]
        if met:
            said += ["", "Policies", *(f"  {line.sentence}" for line in met)]
        if self.rows:
            said += ["", "Tables"]
            said += [f"  {table}: {rows:,} rows" for table, rows in self.rows.items()]
        if self.verdicts:
            said += ["", "Enough data for", *(f"  {each.line()}" for each in self.verdicts)]
        return [*said, "", self.verdict] if said else [self.verdict]


def _line(entry: Mapping[str, Any]) -> str:
    """One finding; a message that does not name its first row gets it."""
    where = f" [{entry['source']}]" if entry["source"] else ""
    first = entry["first_row"]
    row = "" if first is None or f"row {first:,}" in entry["message"] else f" (row {first:,})"
    rows = ", ".join(f"{number:,}" for number in entry["rows_seen"][1:])
    more = f" Also rows {rows}." if rows else ""
    return (
        f"{_SIGN[entry['severity']]} {entry['code']}{where} {entry['message']}{row}{more} "
        f"Remedy: {entry['remedy']}"
    )


def check(workspace: Workspace, *, actor: Principal, progress: Progress) -> CheckReport:
    """What a load would find; a file that cannot be read is a finding like any other.

    Raises: SettingsError for what is wrong in `cip.toml`.
    """
    job = open_job(workspace, actor=actor, action="read", progress=progress)
    try:
        with read_all(job) as read:
            return _report(job, read)
    except ContractError as error:
        return _unreadable(job, error)


def _report(job: Job, read: Read) -> CheckReport:
    return CheckReport(
        workspace=job.config.workspace.name,
        rows={table.name: table.rows.count().to_pyarrow().as_py() for table in read.tables},
        findings=read.findings,
        sources={name: staged.rows for name, staged in read.staged.items()},
        policies=read.policies,
        verdicts=_verdicts(job, read),
        checked_at=_now(),
        simulated=job.config.workspace.simulated,
    )


def _verdicts(job: Job, read: Read) -> tuple[Readiness, ...]:
    with job.steps.step("readiness", "counting what each use case could learn from") as step:
        tables: dict[TableName, Any] = {table.name: table.rows for table in read.tables}
        folder, zone = job.workspace.staging / "readiness", job.config.workspace.time_zone
        store = stage_tables(read.con, tables, folder, zone)
        verdicts = readiness(read.con, store, job.config)
        step.said = ", ".join(f"{each.use_case}: {each.word}" for each in verdicts)
    return verdicts


def _unreadable(job: Job, error: CipError) -> CheckReport:
    finding = Finding(
        code=error.code,
        severity="error",
        table="",
        column="",
        rows=0,
        total_rows=0,
        message=error.message,
        remedy=error.hint,
    )
    return CheckReport(
        workspace=job.config.workspace.name,
        rows={},
        findings=(finding,),
        checked_at=_now(),
        simulated=job.config.workspace.simulated,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
