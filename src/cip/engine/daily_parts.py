"""Tables by day that were stored before: which files hold what, and their rows.

A part is one file: the rows of one table by day that were made of some files of the lake.  Parts
add up to the whole table, as each file of the lake went into one of them; the lake's files are
never changed, so their names say whether a part is still true.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import ibis
from ibis.expr.types import Table

from cip import columns as c
from cip.engine.connect import read_files
from cip.engine.daily import DAILY, DailyName
from cip.ports import EventStore


class DailyStore(Protocol):
    """Where the files lie; each has a note, which is JSON."""

    def listed(self) -> Mapping[str, Mapping[str, Any]]:
        """The note of every file that is as it was written, by its path."""
        ...

    def fresh(self, name: str) -> str:
        """The path of a file to be written."""
        ...

    def commit(
        self, added: Mapping[str, Mapping[str, Any]], gone: Collection[str] = frozenset()
    ) -> None:
        """Lists some files and no longer lists others, in one step."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """One file: of which table by day, by which definition, and what went into it.

    `covers`: of each customer bucket the names of the lake's files.  `known` are the first and the
    last day on which any of it became known; None of a part without rows.  `kinds` are the kinds of
    interaction that the files hold.
    """

    path: str
    name: DailyName
    definition: str
    covers: Mapping[int, frozenset[str]]
    known: tuple[int, int] | None
    kinds: frozenset[str] = frozenset()

    def note(self) -> dict[str, Any]:
        """JSON-ready; `part_of` reads it."""
        return {
            "daily": self.name,
            "definition": self.definition,
            "covers": {str(bucket): sorted(files) for bucket, files in self.covers.items()},
            "known": None if self.known is None else list(self.known),
            "kinds": sorted(self.kinds),
        }


def parts_of(listed: Mapping[str, Mapping[str, Any]]) -> list[Part]:
    """The parts that these notes describe, in the order of their paths; other notes are skipped."""
    return [part for path in sorted(listed) for part in _part_of(path, listed[path])]


def _part_of(path: str, note: Mapping[str, Any]) -> Iterator[Part]:
    name = next((name for name in DAILY if name == note.get("daily")), None)
    try:
        covers = {int(b): frozenset(map(str, files)) for b, files in note["covers"].items()}
        known = None if note["known"] is None else (int(note["known"][0]), int(note["known"][1]))
        definition, kinds = str(note["definition"]), frozenset(map(str, note["kinds"]))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return
    if name is not None:
        yield Part(path, name, definition, covers, known, kinds)


def files_of(store: EventStore, name: DailyName, bucket: int) -> dict[str, str]:
    """The files of the lake that the table is made of in this bucket: path by name."""
    return {Path(path).name: path for path in store.files(DAILY[name].table, [bucket])}


def stored_daily(
    con: ibis.BaseBackend,
    store: EventStore,
    parts: Sequence[Part],
    buckets: Collection[int],
    names: Collection[DailyName],
) -> dict[str, Table]:
    """Of the tables with these names those that the parts hold for all of these buckets.

    Row for row they are what `made_by_day` makes of the events of the store.
    """
    found: dict[str, Table] = {}
    for name in names:
        mine = [part for part in parts if part.name == name and part.covers.keys() & set(buckets)]
        if mine and store.has(DAILY[name].table) and _cover(mine, store, name, buckets):
            found[name] = _rows(con, mine, buckets)
    return found


def stored_kinds(store: EventStore, parts: Sequence[Part]) -> frozenset[str] | None:
    """The kinds of interaction that the store holds; None where the parts cannot tell."""
    mine = [part for part in parts if part.name == "kinds"]
    if not mine or not store.has("interactions"):
        return None
    if not _cover(mine, store, "kinds", store.rows_by_bucket("interactions")):
        return None
    return frozenset().union(*(part.kinds for part in mine))


def _cover(
    parts: Sequence[Part], store: EventStore, name: DailyName, buckets: Collection[int]
) -> bool:
    """Whether every file of the store went into one of the parts, and no other file did."""
    for bucket in buckets:
        covered = sorted(file for part in parts for file in part.covers.get(bucket, ()))
        if covered != sorted(files_of(store, name, bucket)):
            return False
    return True


def _rows(con: ibis.BaseBackend, parts: Sequence[Part], buckets: Collection[int]) -> Table:
    rows = read_files(con, [part.path for part in parts])
    if any(part.covers.keys() - set(buckets) for part in parts):
        rows = rows.filter(rows[c.BUCKET].isin(sorted(buckets)))
    rows = rows.drop(c.BUCKET)
    sums = sorted(DAILY[parts[0].name].sums & set(rows.columns))
    if _may_meet(parts):
        keys = [column for column in rows.columns if column not in sums]
        return rows.group_by(keys).aggregate(**{n: rows[n].sum().fill_null(0) for n in sums})
    # a file without the column stands for rows without the number
    return rows.mutate(**{name: rows[name].fill_null(0) for name in sums})


def _may_meet(parts: Sequence[Part]) -> bool:
    """Whether two parts may hold rows of one day that became known on one day."""
    spans = sorted(part.known for part in parts if part.known is not None)
    return any(later[0] <= earlier[1] for earlier, later in pairwise(spans))
