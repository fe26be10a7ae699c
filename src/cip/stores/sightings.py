"""What the watch has seen of each source: the content it looked at last, and what was wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from cip.stores import schema
from cip.stores.records import Records
from cip.types import Principal


@dataclass(frozen=True, slots=True)
class Sighting:
    """The content with this checksum was looked at; `said` is why it was refused, if it was."""

    source_name: str
    sha256: str
    said: str | None
    seen_at: datetime


def sightings(records: Records) -> dict[str, Sighting]:
    """The last one of each source."""
    with records.reading() as connection:
        rows = connection.execute(select(schema.sightings)).mappings().all()
    return {row["source_name"]: Sighting(**row) for row in rows}


def add_sighting(
    records: Records, actor: Principal, source_name: str, sha256: str, said: str | None
) -> None:
    """Notes it in place of the last one."""
    table = schema.sightings
    with records.writing(actor) as to:
        to.connection.execute(delete(table).where(table.c.source_name == source_name))
        to.connection.execute(
            insert(table).values(source_name=source_name, sha256=sha256, said=said, seen_at=to.now)
        )
