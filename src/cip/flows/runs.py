"""The runs of a workspace, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cip.access.roles import require
from cip.flows.headlines import answer
from cip.settings import Workspace
from cip.stores.lines import Run
from cip.stores.records import open_records
from cip.types import Principal


@dataclass(frozen=True)
class RunEntry:
    """One run, and whether it is the current one."""

    run: Run
    is_current: bool

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: data versions, every metric with its interval, the verdicts."""
        run, found = self.run, dict(self.run.summary or {})
        return {
            "run_id": run.run_id,
            "state": run.state,
            "is_current": self.is_current,
            "created_at": run.created_at.isoformat(),
            "seconds": run.seconds,
            "actor": run.actor,
            "data_versions": dict(run.data_versions),
            "config_fingerprint": run.config_fingerprint,
            "code_version": run.code_version,
            "seed": run.seed,
            "error": run.error,
            **{key: found.get(key) for key in ("calendar", "churn", "value", "totals")},
        }

    def line(self) -> str:
        """One line for people."""
        mark = "*" if self.is_current else " "
        said = answer(self.run.summary) if self.run.summary else (self.run.error or "")
        return f"{mark} {self.run.run_id}  {self.run.state:<11} {said}"


def runs(workspace: Workspace, *, actor: Principal, limit: int) -> list[RunEntry]:
    """At most `limit` runs; [] in a workspace that never ran."""
    require(actor, "read")
    with open_records(workspace.records_url) as records:
        current = records.current_run_id()
        return [RunEntry(run, run.run_id == current) for run in records.runs(limit)]
