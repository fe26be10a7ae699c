"""Watch the sources' files without a server: load what is new or changed once it has gone quiet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cip.engine.zones import clock_of
from cip.errors import CipError, NotReadyError
from cip.flows.ingest import Loaded, load
from cip.flows.job import Job, open_job
from cip.flows.remembered import places, unchanged
from cip.ports import Progress
from cip.settings import Workspace
from cip.sources.checksum import checksum_of
from cip.sources.places import files_of
from cip.stores.lock import BUSY, workspace_lock
from cip.stores.sightings import add_sighting, sightings
from cip.types import Principal

FileStates = tuple[tuple[Path, int, int], ...]
"""Path, size and time of change (ns) of each file of a source."""


@dataclass(frozen=True)
class Event:
    """What a look did with one source: loaded it, refused it, or waits until it is written."""

    source: str
    did: str
    said: str
    loaded: Loaded | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        result = None if self.loaded is None else self.loaded.as_dict()
        return {"source": self.source, "did": self.did, "said": self.said, "result": result}

    def line(self) -> str:
        """For people."""
        return f"{self.source}: {self.did}. {self.said}"


@dataclass
class Watch:
    """What a watch remembers between two looks: the files' states, as it has dealt with them."""

    settle_seconds: float
    done: dict[str, FileStates] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)


def sync(
    workspace: Workspace,
    *,
    actor: Principal,
    progress: Progress,
    hear: Callable[[Event], None],
    every_seconds: float = 10.0,
    settle_seconds: float = 5.0,
    once: bool = False,
) -> None:
    """Look at the files every so often, or once; `hear` is told what was done.

    A file counts as written when it has not changed for `settle_seconds`.  A source that cannot be
    loaded is told once for each content and stops nobody else; what was loaded and what was refused
    stands in the records, so that a new watch does not begin anew.  Databases are not watched.
    """
    watch = Watch(settle_seconds)
    while True:
        job = open_job(workspace, actor=actor, action="ingest", progress=progress)
        try:
            for event in look_once(job, watch):
                hear(event)
        finally:
            job.records.close()
        if once:
            return
        time.sleep(every_seconds)


def look_once(job: Job, watch: Watch) -> Iterator[Event]:
    """One look at every source; an event for each that there is something to say about."""
    for name in dict.fromkeys(source for _, source in places(job.config)):
        source = job.config.sources[name]
        if source.database:
            continue
        try:
            states = _states(files_of(source, job.workspace.root))
        except CipError as error:
            yield from _told_once(watch, name, "not there", error.message)
            continue
        if watch.done.get(name) == states:
            continue
        if _youngest(states) < watch.settle_seconds:
            yield from _told_once(watch, name, "waiting", "It is still being written.")
            continue
        event = _deal_with(job, name)
        watch.told.pop(name, None)
        if event is None or event.did != "waiting":
            watch.done[name] = states
        if event is not None:
            yield event


def _deal_with(job: Job, name: str) -> Event | None:
    """Load the source if it holds something new; what it held before is dealt with already."""
    try:
        checksum = checksum_of(job.config.sources[name], job.workspace.root) or ""
    except CipError as error:
        return Event(name, "not there", str(error))
    last = sightings(job.records).get(name)
    refused = last is not None and last.said is not None and last.sha256 == checksum
    if refused or unchanged(job, [name]):
        return None
    try:
        with workspace_lock(job.workspace.root / ".run.lock"):
            loaded = load(job, only=[name])
    except NotReadyError as error:
        if error.code != BUSY:
            raise
        return Event(name, "waiting", error.message)
    except CipError as error:
        add_sighting(job.records, job.actor, name, checksum, str(error))
        return Event(name, "refused", str(error))
    add_sighting(job.records, job.actor, name, checksum, None)
    return Event(name, "loaded", " ".join(_said(job, loaded)), loaded)


def _said(job: Job, loaded: Loaded) -> list[str]:
    clock = clock_of(job.config.workspace.time_zone)
    return [
        f"{table}: {done.arrival.new:,} new, {done.arrival.changed:,} changed, "
        f"{done.arrival.same:,} there already"
        + (f", newest {done.newest.astimezone(clock):%Y-%m-%d %H:%M}." if done.newest else ".")
        for table, done in loaded.tables.items()
        if table not in loaded.unread
    ]


def _states(paths: tuple[Path, ...]) -> FileStates:
    found = ((path, path.stat()) for path in paths)
    return tuple((path, status.st_size, status.st_mtime_ns) for path, status in found)


def _youngest(states: FileStates) -> float:
    """Seconds since the last change of any of the files."""
    return time.time() - max(changed for _, _, changed in states) / 1e9


def _told_once(watch: Watch, name: str, did: str, said: str) -> Iterator[Event]:
    if watch.told.get(name) != did + said:
        watch.told[name] = did + said
        yield Event(name, did, said)
