"""Make a workspace: a folder with a commented `cip.toml`."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from string import Template

from cip.access.roles import require
from cip.contract.config import parse_config
from cip.errors import NotFoundError, SettingsError
from cip.settings import Workspace
from cip.types import Principal

_PRESETS = resources.files("cip.flows").joinpath("presets")


def presets() -> tuple[str, ...]:
    """Names of the presets that ship, sorted."""
    names = (entry.name for entry in _PRESETS.iterdir() if entry.name.endswith(".toml"))
    return tuple(sorted(name.removesuffix(".toml") for name in names))


def init(root: Path, preset: str, data: Path, *, actor: Principal) -> Workspace:
    """A new workspace at `root` that reads `data`: one file, or the folder of the preset's files.

    Raises: NotFoundError for an unknown preset or a missing file; SettingsError S-110 when the
    folder holds a `cip.toml` already: nothing of a user's is overwritten.
    """
    require(actor, "configure")
    if preset not in presets():
        raise NotFoundError("F-101", f"there is no preset {preset!r}.", f"one of {presets()}")
    workspace = Workspace(root.resolve())
    refuse_existing(root)
    template = Template(_PRESETS.joinpath(f"{preset}.toml").read_text(encoding="utf-8"))
    files = {name: _file(name, data) for name in template.get_identifiers()}
    filled = template.substitute(
        {name: json.dumps(path.resolve().as_posix()) for name, path in files.items()}
    )
    parse_config(filled, str(workspace.config_path))
    workspace.root.mkdir(parents=True, exist_ok=True)
    workspace.config_path.write_text(filled, encoding="utf-8")
    return workspace


def refuse_existing(root: Path) -> None:
    """Nothing, where no workspace is.  Raises: SettingsError S-110."""
    config = Workspace(root.resolve()).config_path
    if config.exists():
        raise SettingsError("S-110", f"{config} exists already.", "choose another folder")


def _file(name: str, data: Path) -> Path:
    """`data` itself for the placeholder $data, else the file of this name in the folder `data`."""
    if name == "data":
        if data.is_file():
            return data
        raise NotFoundError("F-102", f"there is no file {data}.", "name the file to read")
    for ending in ("csv", "parquet"):
        if (data / f"{name}.{ending}").is_file():
            return data / f"{name}.{ending}"
    raise NotFoundError(
        "F-104",
        f"there is no {name}.csv or {name}.parquet in {data}.",
        "name the folder that holds the preset's files",
    )
