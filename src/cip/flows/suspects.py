"""What the current run suspects of knowing the future, for the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cip.access.roles import require
from cip.flows.results import open_results
from cip.settings import Workspace
from cip.types import Principal


@dataclass(frozen=True)
class Suspicions:
    """The part of a run's summary that speaks of leaks."""

    run_id: str
    found: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"run_id": self.run_id, **self.found}

    def lines(self) -> list[str]:
        """For people: a line a suspect, then what cannot be known."""
        tested = ", ".join(self.found["tested"]) or "no attribute"
        said = [
            f"{s['feature']}: {s['state']}, {s['word']}. {s['sentence']} To do: {s['remedy']}."
            for s in self.found["suspects"]
        ]
        return [*(said or [f"Nothing suspicious (looked at: {tested})."]), *self.found["notes"]]


def suspects(workspace: Workspace, *, actor: Principal) -> Suspicions:
    """Of the current run; nothing was looked at in runs of an earlier version.

    Raises: NotReadyError F-201 when no run was published yet.
    """
    require(actor, "read")
    results = open_results(workspace, actor=actor)
    nothing: dict[str, Any] = {
        "tested": [],
        "kept_out": [],
        "allowed": [],
        "suspects": [],
        "notes": [],
    }
    return Suspicions(results.run_id, results.summary.get("leaks", nothing))
