"""Model artefacts in a folder: plain files beside a manifest that names, sizes and sums each one.

Nothing is unpickled, here or by the readers of these bytes: that is the guarantee.  Refusing what
looks like a pickle only makes a wrong or planted file known early.  The manifest is not signed:
who can write the folder can write a matching manifest.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cip import __version__
from cip.errors import ModelError

MANIFEST: Final = "manifest.json"
FORMAT: Final = 1
SUFFIXES: Final = (".json", ".txt", ".ubj", ".npy", ".parquet")
"""What an artefact may be: JSON, booster text, booster UBJSON, plain arrays, Parquet."""

_PICKLE_PROTOCOLS: Final = frozenset(range(2, 6))
_NPY_HEADER: Final = 1_024  # an .npy file of Python objects, a pickle inside, says so up here
_TRAIN_AGAIN: Final = "do not use this model; `cip run` trains a new one"


def write_artefacts(
    folder: Path, files: Mapping[str, bytes], manifest_extra: Mapping[str, Any]
) -> None:
    """Writes the files, then the manifest, each on disk before this returns.

    `manifest_extra` (JSON) holds what the caller wants to find again, such as `schema_hash`.
    A folder without a manifest is an unfinished one.  Raises: ModelError A-001 for a name or
    content that may not be an artefact, A-002 for a folder that already holds something.
    """
    for name, content in files.items():
        _check_artefact(name, content)
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ModelError("A-002", f"{folder} is not empty.", "give each model version its folder")
    for name, content in files.items():
        _write(folder / name, content)
    manifest = {
        **manifest_extra,
        "format": FORMAT,
        "created_at": datetime.now(UTC).isoformat(),
        "code_version": __version__,
        "files": {name: _described(content) for name, content in files.items()},
    }
    _write(folder / MANIFEST, json.dumps(manifest, indent=2, allow_nan=False).encode())
    _sync_folder(folder)


def read_artefacts(folder: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files' bytes and the manifest, after names, sizes and checksums have been verified.

    Raises: ModelError A-003 when there is no readable manifest, A-004 when the folder and its
    manifest differ, A-001 when a listed file may not be an artefact.
    """
    manifest = _read_manifest(folder)
    listed = manifest["files"]
    for name in listed:
        _check_name(name)
    _check_folder(folder, set(listed))
    files = {name: _read_verified(folder / name, said) for name, said in listed.items()}
    return files, manifest


def _check_artefact(name: str, content: bytes) -> None:
    _check_name(name)
    pickled = content[:1] == b"\x80" and content[1:2] and content[1] in _PICKLE_PROTOCOLS
    objects = name.endswith(".npy") and b"|O" in content[:_NPY_HEADER]
    if pickled or objects:
        raise ModelError("A-001", f"{name} holds a pickle, which is never read.", _TRAIN_AGAIN)


def _check_name(name: str) -> None:
    plain = name == Path(name).name and "\\" not in name and not name.startswith(".")
    if not plain or name == MANIFEST or not name.endswith(SUFFIXES):
        raise ModelError(
            "A-001",
            f"{name!r} may not be an artefact.",
            f"a plain file name that ends in {', '.join(SUFFIXES)}",
        )


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError("A-003", f"{path} cannot be read: {error}.", _TRAIN_AGAIN) from error
    if not isinstance(manifest, dict) or not _is_listing(manifest.get("files")):
        raise ModelError("A-003", f"{path} is no manifest of artefacts.", _TRAIN_AGAIN)
    if manifest.get("format") != FORMAT:
        raise ModelError(
            "A-003",
            f"{path} has format {manifest.get('format')!r}, and this version reads {FORMAT}.",
            "use the version of the product that wrote it, or train again",
        )
    return manifest


def _is_listing(files: Any) -> bool:
    return isinstance(files, dict) and all(isinstance(said, dict) for said in files.values())


def _check_folder(folder: Path, listed: set[str]) -> None:
    with os.scandir(folder) as entries:
        plain = {entry.name: entry.is_file(follow_symlinks=False) for entry in entries}
    present = {name for name, is_plain in plain.items() if is_plain} - {MANIFEST}
    for name in sorted(listed - present):
        raise ModelError("A-004", f"{folder / name} is listed but missing.", _TRAIN_AGAIN)
    for name in sorted(set(plain) - {MANIFEST} - listed):
        raise ModelError("A-004", f"{folder / name} is not in the manifest.", _TRAIN_AGAIN)


def _read_verified(path: Path, said: Mapping[str, Any]) -> bytes:
    if path.stat().st_size != said.get("size"):
        raise ModelError("A-004", f"{path} has another size than its manifest says.", _TRAIN_AGAIN)
    content = path.read_bytes()
    if _described(content) != said:
        raise ModelError("A-004", f"{path} was changed after it was written.", _TRAIN_AGAIN)
    _check_artefact(path.name, content)
    return content


def _described(content: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open a folder, and writes its entries itself
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
