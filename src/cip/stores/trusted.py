"""Which Python files this user trusts: kept with the user, never in the workspace.

A workspace that somebody hands over brings its own files, and so could bring its own trust.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path


def is_trusted(folder: Path, path: Path, digest: str) -> bool:
    """Whether the file at `path` was trusted with exactly this SHA-256 of its text."""
    return _note(folder, path, digest).is_file()


def trust(folder: Path, path: Path, digest: str, by: str) -> None:
    """Remembers it, with who and when."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {"path": str(path), "sha256": digest, "by": by, "at": datetime.now(UTC).isoformat()}
    _note(folder, path, digest).write_text(json.dumps(said) + "\n", encoding="utf-8")


def _note(folder: Path, path: Path, digest: str) -> Path:
    name = sha256("\n".join((str(path), digest)).encode()).hexdigest()
    return folder / f"{name}.json"
