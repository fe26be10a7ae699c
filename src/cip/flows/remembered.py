"""What a load saw, kept with its record: a source that has not changed is not read again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cip.contract.config import Config
from cip.contract.tables import TableName
from cip.engine.policies import PolicyLine
from cip.engine.rows import DEPENDS_ON_THE_DAY
from cip.flows.job import Job
from cip.sources.checksum import checksum_of
from cip.stores.lake import Lake
from cip.stores.lines import Load
from cip.types import Finding

READER: Final = 1
"""Rises when the product reads the same file otherwise: then everything is read again."""

Place = tuple[TableName, str]
"""A table, and the source that some of its rows come from."""


@dataclass(frozen=True)
class Seen:
    """What was seen on the way from a source to a table, and between the tables."""

    own: tuple[Finding, ...] = ()
    across: tuple[Finding, ...] = ()
    policies: tuple[PolicyLine, ...] = ()

    def as_json(self) -> dict[str, list[dict[str, Any]]]:
        """As it is recorded."""
        lines = [line.as_dict() for line in self.policies]
        for line in lines:
            line.pop("sentence", None)
        return {
            "own": [finding.as_dict() for finding in self.own],
            "across": [finding.as_dict() for finding in self.across],
            "policies": lines,
        }


def seen_from(recorded: Mapping[str, Sequence[Mapping[str, Any]]] | None) -> Seen:
    """The same again; nothing for a load of an earlier version, which kept nothing."""
    kept = recorded or {}
    return Seen(
        tuple(_finding(each) for each in kept.get("own", ())),
        tuple(_finding(each) for each in kept.get("across", ())),
        tuple(PolicyLine(**each) for each in kept.get("policies", ())),
    )


def _finding(recorded: Mapping[str, Any]) -> Finding:
    said: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in recorded.items()
    }
    return Finding(**said)


def part_fingerprint(config: Config, table: TableName, source: str) -> str:
    """SHA-256 of everything in `cip.toml` that says how this source becomes this table."""
    parts = [part for part in config.tables[table] if part.source == source]
    said = {
        "reader": READER,
        "source": config.sources[source].model_dump(mode="json"),
        # what a number is called changes nothing that is read
        "parts": [part.model_dump(mode="json", exclude={"units"}) for part in parts],
        "as_of": str(config.snapshot.as_of),
        "currency": config.workspace.currency,
    }
    if config.workspace.time_zone != "UTC":  # dates without a time of day are read by it
        said["zone"] = config.workspace.time_zone
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def places(config: Config, source: str | None = None) -> list[Place]:
    """Every table with its sources, once each; those of one source alone when it is named."""
    found = dict.fromkeys(
        (table, part.source) for table, parts in config.tables.items() for part in parts
    )
    return [place for place in found if source in (None, place[1])]


def unchanged(job: Job, wanted: Iterable[str]) -> dict[Place, Load]:
    """The last loads of those sources that hold what they held, read by the same mapping."""
    config, lake = job.config, Lake(job.workspace.lake)
    kept: dict[Place, Load] = {}
    for source in wanted:
        loads = {place: job.records.last_load(*place) for place in places(config, source)}
        known = {place: load for place, load in loads.items() if load is not None}
        if len(known) < len(loads) or not all(
            _still_holds(config, lake, place, load) for place, load in known.items()
        ):
            continue
        checksum = checksum_of(config.sources[source], job.workspace.root)
        if all(load.sha256 == checksum for load in known.values()):
            kept |= known
    return kept


def _still_holds(config: Config, lake: Lake, place: Place, load: Load) -> bool:
    version = lake.version(place[0])
    if version is None or version < load.version:
        return False
    codes = {finding.code for finding in seen_from(load.findings).own}
    return load.mapping_fingerprint == part_fingerprint(config, *place) and not (
        codes & DEPENDS_ON_THE_DAY
    )
