"""The ledger: what each run forecast, what came of it, and whether the past still fits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal

from cip.access.roles import require
from cip.errors import CipError
from cip.flows.ledger_words import said_of
from cip.flows.outcomes import Outcome, due_at, sealed_customers
from cip.settings import Workspace
from cip.stores.ledger import Kind, Line, all_lines, as_written, misfits
from cip.stores.records import Records, open_records
from cip.stores.versions import all_versions
from cip.types import Principal
from cip.wording import count

State = Literal["waiting", "judged", "never"]
SHOWN: Final = 50
"""Entries that a run's summary carries, the newest."""


@dataclass(frozen=True)
class Entry:
    """One forecast and, once its horizon has passed, its outcome.

    `due`: the day on which all of it has happened, None where the table has no time; `reason`: why
    a forecast that is due could not be judged.
    """

    run_id: str
    sealed_at: str
    forecast: Mapping[str, Any]
    outcome: Mapping[str, Any] | None
    due: str | None
    reason: str = ""

    @property
    def state(self) -> State:
        """`never` where no time says what became of anybody."""
        if self.outcome is not None:
            return "judged"
        return "waiting" if self.due else "never"

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"state": self.state}

    def line(self) -> str:
        """One line for people."""
        return said_of(self.as_dict())


@dataclass(frozen=True)
class Ledger:
    """Every entry, oldest first, and what does not fit, a sentence each."""

    entries: tuple[Entry, ...]
    misfits: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "entries": [entry.as_dict() for entry in self.entries],
            "misfits": list(self.misfits),
            "fits": not self.misfits,
        }

    def lines(self) -> list[str]:
        """For people."""
        if not self.entries and not self.misfits:
            return ["No forecast yet: `cip run` seals its own when it publishes."]
        some = f"{count(len(self.entries))} forecast{'s' * (len(self.entries) != 1)}"
        whole = f"{some}; every line and every published list fits."
        return [*(entry.line() for entry in self.entries), *(self.misfits or (whole,))]


def ledger(workspace: Workspace, *, actor: Principal) -> Ledger:
    """The ledger of a workspace, with every hash made again from what is there now."""
    require(actor, "read")
    with open_records(workspace.records_url) as records:
        lines = all_lines(records)
        wrong = [*_chain(lines), *_lacking(records, lines)]
    sound = [line for line in lines if as_written(line)]
    lists = [said for line in sound if (said := _list_misfit(workspace, line))]
    return Ledger(entries_of(_written(line) for line in sound), (*wrong, *lists))


def ledger_with(
    records: Records, run_id: str, forecast: Mapping[str, Any], outcomes: Iterable[Outcome]
) -> list[dict[str, Any]]:
    """The newest entries as they will stand once the run is published, JSON-ready."""
    judged = tuple(outcomes)
    now = records.now()
    written = [_written(line) for line in all_lines(records) if as_written(line)]
    written += [(o.run_id, "outcome", now, o.said) for o in judged if not o.reason]
    reasons = {o.run_id: o.reason for o in judged if o.reason}
    entries = entries_of([*written, (run_id, "forecast", now, forecast)], reasons)
    return [entry.as_dict() for entry in entries[-SHOWN:]]


_Written = tuple[str, Kind, datetime, Mapping[str, Any]]


def entries_of(
    lines: Iterable[_Written], reasons: Mapping[str, str] | None = None
) -> tuple[Entry, ...]:
    """Forecasts with their outcomes, in the order of the forecasts."""
    listed = list(lines)
    came = {run_id: said for run_id, kind, _, said in listed if kind == "outcome"}
    return tuple(
        Entry(
            run_id,
            at.isoformat(),
            said,
            came.get(run_id),
            f"{due_at(said):%Y-%m-%d}" if said["cutoff"] else None,
            (reasons or {}).get(run_id, ""),
        )
        for run_id, kind, at, said in listed
        if kind == "forecast"
    )


def _written(line: Line) -> _Written:
    return line.run_id, line.kind, line.written_at, line.said


def _chain(lines: list[Line]) -> list[str]:
    named = {line.line: line for line in lines}
    return [
        f"Line {number} ({named[number].kind} of run {named[number].run_id}) does not fit: {why}."
        for number, why in sorted(misfits(lines).items())
    ]


def _lacking(records: Records, lines: list[Line]) -> list[str]:
    """A version and its forecast are written together, so one alone was taken out."""
    there = {line.run_id for line in lines if line.kind == "forecast"}
    made = [version.lineage.run_id for version in reversed(all_versions(records))]
    return [
        f"The forecast of run {run_id} was taken out." for run_id in made if run_id not in there
    ]


def _list_misfit(workspace: Workspace, line: Line) -> str:
    if line.kind != "forecast":
        return ""
    try:
        sealed_customers(workspace.published, line)
    except CipError as error:
        return f"Line {line.line} (forecast of run {line.run_id}) does not fit: {error.message}"
    return ""
