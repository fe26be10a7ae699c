"""What a run publishes: files made aside, sealed with checksums, then never changed.

`published/<run_id>/` holds `run.json` (the summary), `customers.parquet` and `lookup.sqlite` (see
`customer_files`), further tables, and `manifest.json`.  A folder of this name is whole: its
rename into place is the last act of the making.  Which one is current is a row in the records.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from cip.errors import CipError, NotFoundError

FORMAT: Final = 1
SUMMARY: Final = "run.json"
MANIFEST: Final = "manifest.json"

_MAKING: Final = ".making-"
_RUN_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def stage_run(published: Path, run_id: str) -> Path:
    """A new hidden folder to write run `run_id` into; what was left there before is gone.

    Raises: CipError P-101 for a name that is no file name, P-102 when the run is published.
    """
    if not _RUN_ID.fullmatch(run_id):
        raise CipError("P-101", f"{run_id!r} cannot name a run.", "letters, digits, . _ -")
    if (published / run_id).exists():
        raise CipError("P-102", f"run {run_id} is published already.", "give the run a new name")
    staging = published / f"{_MAKING}{run_id}"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    return staging


def write_summary(staging: Path, summary: Mapping[str, Any]) -> Path:
    """`run.json`; raises CipError P-103 for a summary of another format, or one with NaN."""
    if summary.get("format") != FORMAT:
        raise CipError("P-103", f"the summary has format {summary.get('format')!r}, not {FORMAT}.")
    try:
        text = json.dumps(summary, ensure_ascii=False, allow_nan=False, indent=1)
    except ValueError as error:
        raise CipError("P-103", f"the summary is not JSON: {error}.") from error
    return write_file(staging, SUMMARY, text.encode())


def write_file(staging: Path, name: str, content: bytes) -> Path:
    """A file of any kind, e.g. `model/booster.txt`."""
    path = staging / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def write_table(staging: Path, name: str, table: pa.Table) -> Path:
    """`<name>.parquet`, rows in the order given."""
    path = staging / f"{name}.parquet"
    pq.write_table(table, path, compression="zstd", row_group_size=50_000)
    return path


def seal_run(staging: Path, published: Path, run_id: str) -> Path:
    """The published folder, with a manifest of sizes and SHA-256 sums.

    Everything is on the disk before the folder gets its name, and that is the last act: whoever
    sees `published/<run_id>` sees all of it, even after a power cut.
    """
    files = {
        path.relative_to(staging).as_posix(): {"bytes": path.stat().st_size, "sha256": _sum(path)}
        for path in _files(staging)
    }
    manifest = {"format": FORMAT, "run_id": run_id, "files": files}
    write_file(staging, MANIFEST, json.dumps(manifest, indent=1).encode())
    for path in (*_files(staging), *_folders(staging)):
        _to_disk(path)
    target = published / run_id
    staging.rename(target)
    _to_disk(published)
    return target


def sweep(published: Path) -> list[str]:
    """Names of the runs whose half-made folders were removed; published runs stay.

    Only whoever holds the workspace's run lock may call this: a run at work has such a folder too.
    """
    left = sorted(published.glob(f"{_MAKING}*")) if published.is_dir() else []
    for folder in left:
        shutil.rmtree(folder, ignore_errors=True)
    return [folder.name.removeprefix(_MAKING) for folder in left]


def run_folder(published: Path, run_id: str) -> Path:
    """Where the run is; raises NotFoundError P-104 when it was never published."""
    folder = published / run_id
    if not _RUN_ID.fullmatch(run_id) or not (folder / MANIFEST).is_file():
        raise NotFoundError("P-104", f"there is no published run {run_id!r}.", "see `cip runs`")
    return folder


def read_summary(folder: Path) -> dict[str, Any]:
    """The summary of a published run; raises CipError P-105 where a later CIP wrote it."""
    summary: dict[str, Any] = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    if summary.get("format") != FORMAT:
        raise CipError(
            "P-105",
            f"{folder.name} has format {summary.get('format')!r}; this CIP reads {FORMAT}.",
            "upgrade CIP, or make a new run",
        )
    return summary


def damage(folder: Path, below: str = "") -> list[str]:
    """Files of a published run that are missing or not what its manifest says; [] when whole.

    `below`: only files whose name begins so, such as `model/`.
    """
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return [
        name
        for name, said in manifest["files"].items()
        if name.startswith(below)
        and (not (folder / name).is_file() or _sum(folder / name) != said["sha256"])
    ]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _folders(folder: Path) -> list[Path]:
    return [*(path for path in folder.rglob("*") if path.is_dir()), folder]


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _to_disk(path: Path) -> None:
    if path.is_dir() and os.name == "nt":  # Windows has no handle of a folder to flush
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
