"""Files of a derived store: written once, never changed, listed with a note in one small manifest.

Losing the folder loses nothing, so nothing here is precious: a file that is not as it was written
is as good as none.  The manifest is replaced in one step; a process that dies before leaves the
old one, and files that nobody lists until `sweep` takes them away.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

_MANIFEST: Final = "manifest.json"
_FORMAT: Final = 1
_ENDING: Final = ".parquet"
_ASIDE: Final = ".json"
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class DailyFolder:
    """The files below one folder, each with the note of whoever wrote it (a `DailyStore`)."""

    path: Path

    def listed(self) -> dict[str, dict[str, Any]]:
        """The note of every listed file, by its path; files that are not as written are left out.

        Every file is read to its end, as its CRC-32 is compared: it tells of accidents, and whoever
        could forge it could write the manifest too.
        """
        listed = self._listed()
        return {
            str(self.path / name): entry["note"]
            for name, entry in listed.items()
            if _is_as_written(self.path / name, entry)
        }

    def fresh(self, name: str) -> str:
        """The path of a file that is not there yet; `name` begins its name."""
        self.path.mkdir(parents=True, exist_ok=True)
        return str(self.path / f"{name}-{uuid4().hex}{_ENDING}")

    def commit(
        self, added: Mapping[str, Mapping[str, Any]], gone: Collection[str] = frozenset()
    ) -> None:
        """From now on `added` (path, note) are listed and `gone` are not; those are deleted."""
        lost = {Path(path).name for path in gone}
        listed = {name: entry for name, entry in self._listed().items() if name not in lost}
        for path, note in added.items():
            listed[Path(path).name] = {**_seen(Path(path)), "note": dict(note)}
        self._write(listed)
        for name in lost:
            (self.path / name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Deletes files that nobody lists.  Only for whoever knows that nobody writes just now."""
        known = {_MANIFEST, *self._listed()}
        for file in self.path.glob("*"):
            if file.name not in known and file.suffix in {_ENDING, _ASIDE}:
                file.unlink(missing_ok=True)

    def _listed(self) -> dict[str, dict[str, Any]]:
        """What the manifest says; nothing where there is none that can be read."""
        try:
            said = json.loads((self.path / _MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        if not isinstance(said, dict) or said.get("format") != _FORMAT:
            return {}
        files = said.get("files")
        if not isinstance(files, dict):
            return {}
        return {name: entry for name, entry in files.items() if _is_entry(name, entry)}

    def _write(self, listed: Mapping[str, Any]) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        aside = self.path / f".{uuid4().hex}{_ASIDE}"
        with aside.open("w", encoding="utf-8") as out:
            json.dump({"format": _FORMAT, "files": listed}, out)
            out.flush()
            os.fsync(out.fileno())
        aside.replace(self.path / _MANIFEST)


def _is_entry(name: str, entry: object) -> bool:
    """Whether it has all its parts, and its file lies in the folder itself."""
    whole = isinstance(entry, dict) and entry.keys() == {"size", "crc32", "note"}
    return whole and Path(name).name == name


def _is_as_written(path: Path, entry: Mapping[str, Any]) -> bool:
    try:
        if path.stat().st_size != entry["size"]:
            return False
        return _seen(path) == {"size": entry["size"], "crc32": entry["crc32"]}
    except OSError:
        return False


def _seen(path: Path) -> dict[str, Any]:
    size = checksum = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            size += len(block)
            checksum = zlib.crc32(block, checksum)
    return {"size": size, "crc32": checksum}
