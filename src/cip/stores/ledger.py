"""The ledger: what runs forecast and what came of it, line after line, never changed.

Each line carries the hash of the line before, so a past that was changed does not fit any more.
Nothing is signed: whoever can write the records can write the whole chain anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from typing import Any, Final, Literal

from sqlalchemy import Connection, insert, select

from cip.stores.records import Records, Writing
from cip.stores.schema import ledger

Kind = Literal["forecast", "outcome"]
NOTHING: Final = "0" * 64
"""What the first line carries in place of a hash."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `content` is JSON text and `run_id` the run whose forecast it speaks of."""

    line: int
    run_id: str
    kind: Kind
    written_at: datetime
    content: str
    previous: str
    sha256: str

    @property
    def said(self) -> dict[str, Any]:
        """The content, read."""
        found: dict[str, Any] = json.loads(self.content)
        return found


def add_line(writing: Writing, run_id: str, kind: Kind, said: Mapping[str, Any]) -> str:
    """The hash of the new last line; `said` is JSON without NaN."""
    previous = _last_hash(writing.connection)
    content = json.dumps(said, ensure_ascii=True, allow_nan=False, sort_keys=True)
    values = {
        "run_id": run_id,
        "kind": kind,
        "written_at": writing.now,
        "content": content,
        "previous": previous,
    }
    digest = _hash(values)
    writing.connection.execute(insert(ledger).values(**values, sha256=digest))
    return digest


def all_lines(records: Records) -> list[Line]:
    """Every line, oldest first."""
    query = select(ledger).order_by(ledger.c.line)
    with records.reading() as connection:
        return [Line(**row) for row in connection.execute(query).mappings()]


def as_written(line: Line) -> bool:
    """Whether the line still has its hash; of one that has not, nothing can be believed."""
    return _hash({name: getattr(line, name) for name in _HASHED}) == line.sha256


def misfits(lines: Sequence[Line]) -> dict[int, str]:
    """By line number, why a line is not what was written, or does not follow the one before."""
    found = {
        line.line: "it was changed after it was written" for line in lines if not as_written(line)
    }
    before = [NOTHING, *(line.sha256 for line in lines)]
    for line, hash_before in zip(lines, before, strict=False):
        if line.previous != hash_before:
            found.setdefault(line.line, "a line before it was taken out, put in or written anew")
    for first, second in pairwise(lines):
        if second.line != first.line + 1 and second.line not in found:
            found[second.line] = "its number does not follow the one before"
    return found


_HASHED: Final = ("run_id", "kind", "written_at", "content", "previous")


def _hash(values: Mapping[str, Any]) -> str:
    at = values["written_at"].astimezone(UTC).isoformat()
    texts = [at if name == "written_at" else values[name] for name in _HASHED]
    return sha256("\n".join(texts).encode()).hexdigest()


def _last_hash(connection: Connection) -> str:
    newest = select(ledger.c.sha256).order_by(ledger.c.line.desc()).limit(1)
    return connection.scalar(newest) or NOTHING
