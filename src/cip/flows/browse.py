"""What the data page may touch: files inside the workspace's folder, uploads, a folder beside."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from cip.access.roles import require
from cip.errors import NotAllowedError, NotFoundError, SettingsError
from cip.settings import Workspace
from cip.types import Principal

UPLOADS: Final = "uploads"
_ENDINGS: Final = (".csv", ".tsv", ".parquet", ".pq", ".xlsx", ".xlsm")
_OWN: Final = ("lake", "published", "registry", "models")
_MOST: Final = 200
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")


def data_files(workspace: Workspace, *, actor: Principal) -> list[str]:
    """Data files inside the workspace's folder, relative to it, at most 200; not the product's."""
    require(actor, "configure")
    found: list[str] = []
    for path in sorted(workspace.root.rglob("*")):
        parts = path.relative_to(workspace.root).parts
        is_own = parts[0] in _OWN or any(part.startswith(".") for part in parts)
        if not is_own and path.suffix.lower() in _ENDINGS and path.is_file():
            found.append("/".join(parts))
        if len(found) == _MOST:
            break
    return found


def inside(workspace: Workspace, relative: str, *, actor: Principal) -> Path:
    """The file of this name in the workspace's folder, links followed.

    Raises: NotAllowedError F-140 for a place outside that folder, NotFoundError F-141 for no file.
    """
    require(actor, "configure")
    root = workspace.root.resolve()
    path = (root / relative).resolve()
    if not path.is_relative_to(root):
        raise NotAllowedError(
            "F-140",
            f"{relative!r} lies outside the workspace's folder.",
            "put the file into that folder, or upload it; `cip init --from` reads any place",
        )
    if not path.is_file():
        raise NotFoundError("F-141", f"there is no file {relative!r} in the workspace.")
    return path


def keep_upload(workspace: Workspace, name: str, content: bytes, *, actor: Principal) -> str:
    """The uploaded file in the folder `uploads` of the workspace; its path relative to it.

    Of the name only its last part counts, and only letters, digits, dots and dashes.  A file of
    that name that an upload brought before is replaced.
    Raises: SettingsError F-142 for a kind of file that is not read.
    """
    require(actor, "configure")
    base = _SAFE.sub("_", name.replace("\\", "/").rsplit("/", 1)[-1]).lstrip(".")
    if Path(base).suffix.lower() not in _ENDINGS:
        raise SettingsError(
            "F-142", f"{name!r} is no CSV, Parquet or XLSX file.", "export it as CSV"
        )
    folder = workspace.root / UPLOADS
    folder.mkdir(exist_ok=True)
    (folder / base).write_bytes(content)
    return f"{UPLOADS}/{base}"


def beside(workspace: Workspace, name: str, *, actor: Principal) -> Path:
    """The folder of a new workspace beside this one.

    Raises: SettingsError F-143 for a name that is more than letters, digits and dashes.
    """
    require(actor, "configure")
    if _NAME.fullmatch(name) is None:
        raise SettingsError(
            "F-143",
            f"{name!r} cannot be the name of a workspace.",
            "letters, digits, - and _, at most 64 of them",
        )
    return workspace.root.resolve().parent / name
