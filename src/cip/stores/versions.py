"""Model versions: one a published run, each with everything that made it.

Which one is the champion is not written here: it is the promoted version of the current run, and
that is the pointer's one row (docs/decisions/0007).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from cip.stores.records import Records, Writing
from cip.stores.schema import versions


@dataclass(frozen=True, slots=True)
class Lineage:
    """What made a model, and what its files were when they were published.

    `model`: the candidate that was chosen; `promoted`: whether it serves; `verdict`: the word of
    the signal.  `manifest_sha256`: of the run's manifest; `schema_hash`: of what the model reads.
    """

    run_id: str
    model: str
    promoted: bool
    verdict: str
    metrics: Mapping[str, Any]
    data_versions: Mapping[str, int]
    config_fingerprint: str
    code_version: str
    code_commit: str | None
    seed: int
    environment: Mapping[str, str]
    manifest_sha256: str
    schema_hash: str


@dataclass(frozen=True, slots=True)
class Version:
    """A numbered version, from 1, with who made it and when."""

    version: int
    created_at: datetime
    created_by: str
    lineage: Lineage


def add_version(writing: Writing, lineage: Lineage) -> None:
    """The next version, committed with everything else that `writing` holds."""
    values = asdict(lineage) | {"created_at": writing.now, "created_by": writing.actor.name}
    writing.connection.execute(insert(versions).values(**values))


def version_of(records: Records, run_id: str) -> Version | None:
    """The version that this run made; None of a run from before versions were kept."""
    return next((v for v in all_versions(records) if v.lineage.run_id == run_id), None)


def all_versions(records: Records) -> list[Version]:
    """Every version, newest first."""
    query = select(versions).order_by(versions.c.version.desc())
    with records.reading() as connection:
        rows = connection.execute(query).mappings().all()
    names = [field.name for field in fields(Lineage)]
    return [
        Version(
            row["version"],
            row["created_at"],
            row["created_by"],
            Lineage(**{name: row[name] for name in names}),
        )
        for row in rows
    ]
