"""Read the data, say what is wrong with them, store nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cip.flows.job import open_job
from cip.flows.read import counts_of, read_all
from cip.ports import Progress
from cip.settings import Workspace
from cip.types import Finding, Principal

_SIGN = {"error": "✗", "warning": "!", "info": "·"}


@dataclass(frozen=True)
class CheckReport:
    """Rows of each canonical table, and everything that was seen."""

    rows: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """How many findings stop a load."""
        return sum(finding.severity == "error" for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"ok": not self.errors, "rows": self.rows, "findings": counts_of(self.findings)}

    def lines(self) -> list[str]:
        """For people: findings with their remedy, then the rows of each table."""
        said = []
        for entry in counts_of(self.findings):
            where = f" (row {entry['first_row']:,})" if entry["first_row"] is not None else ""
            said.append(
                f"{_SIGN[entry['severity']]} {entry['code']} {entry['message']}{where} "
                f"Remedy: {entry['remedy']}"
            )
        said += [f"{table}: {rows:,} rows" for table, rows in self.rows.items()]
        verdict = (
            f"{self.errors} errors: a run would refuse." if self.errors else "A run can start."
        )
        return [*said, verdict]


def check(workspace: Workspace, *, actor: Principal, progress: Progress) -> CheckReport:
    """What a load would find."""
    job = open_job(workspace, actor=actor, action="read", progress=progress)
    with read_all(job) as read:
        rows: dict[str, int] = {
            table.name: table.rows.count().to_pyarrow().as_py() for table in read.tables
        }
        return CheckReport(rows, read.findings)
