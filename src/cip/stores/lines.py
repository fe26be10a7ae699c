"""What the records give back, line by line: runs, loads, choices, and who did what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

RunState = Literal["running", "published", "failed", "interrupted"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run: what it read, how it went, and what it found in short."""

    run_id: str
    created_at: datetime
    finished_at: datetime | None
    state: RunState
    actor: str
    seconds: float | None
    data_versions: Mapping[str, int]
    config_fingerprint: str
    code_version: str
    seed: int
    summary: Mapping[str, Any] | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Load:
    """One load: which file became which version of which table.

    `mapping_fingerprint`: of what says how this source becomes this table; `columns`: the source's
    columns and types; `findings`: what was seen; `newest_at`: the newest time in its rows.
    """

    load_id: int
    table_name: str
    source: str
    sha256: str
    rows: int
    version: int
    mapping_fingerprint: str
    loaded_at: datetime
    actor: str
    source_name: str | None = None
    findings: Mapping[str, Any] | None = None
    columns: Mapping[str, str] | None = None
    newest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody decided by name, e.g. the threshold: the value, when, and by whom."""

    name: str
    value: Any
    set_at: datetime
    set_by: str


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what, when, to what."""

    at: datetime
    actor: str
    role: str
    action: str
    subject: str
    detail: Mapping[str, Any]
