"""Where a workspace keeps its things.  Standard library only: reading a path costs nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cip.errors import NotReadyError, SettingsError

CONFIG_NAME: Final = "cip.toml"
WORKSPACE_VARIABLE: Final = "CIP_WORKSPACE"
RECORDS_VARIABLE: Final = "CIP_RECORDS_URL"
TRUST_VARIABLE: Final = "CIP_TRUST_FEATURES"


@dataclass(frozen=True, slots=True)
class Workspace:
    """One folder with a `cip.toml`; everything the product writes lies beside that file."""

    root: Path

    @property
    def config_path(self) -> Path:
        """The one file that says what the workspace is."""
        return self.root / CONFIG_NAME

    @property
    def lake(self) -> Path:
        """The canonical tables."""
        return self.root / "lake"

    @property
    def daily(self) -> Path:
        """What is stored by day of the lake's events; safe to delete when no command runs."""
        return self.root / "daily"

    @property
    def published(self) -> Path:
        """What each run made."""
        return self.root / "published"

    @property
    def staging(self) -> Path:
        """Copies that live while a command runs; safe to delete when none does."""
        return self.root / ".staging"

    @property
    def records_url(self) -> str:
        """Database of the records: `CIP_RECORDS_URL`, else a SQLite file in the workspace.

        It may hold a password: hand it to `open_records`, never to a log or a page.
        """
        own = f"sqlite:///{(self.root / 'records.sqlite').as_posix()}"
        return os.environ.get(RECORDS_VARIABLE) or own

    def exists(self) -> bool:
        """Whether the folder holds a `cip.toml`."""
        return self.config_path.is_file()


def trust_folder() -> Path:
    """Where this user's trust in Python files is kept: outside every workspace.

    Raises: SettingsError S-002 for a user without a home folder.
    """
    state = os.environ.get("XDG_STATE_HOME")
    try:
        home = Path(state) if state else Path.home() / ".local" / "state"
    except RuntimeError as error:
        raise SettingsError(
            "S-002",
            "this user has no home folder to keep the trust in.",
            f"set XDG_STATE_HOME to a folder, or {TRUST_VARIABLE} to the file's SHA-256",
        ) from error
    return home / "cip" / "trusted-features"


def trusted_digests() -> frozenset[str]:
    """The SHA-256 digests in `CIP_TRUST_FEATURES`, between commas: for machines without a user."""
    said = os.environ.get(TRUST_VARIABLE, "")
    return frozenset(digest.strip().lower() for digest in said.split(",") if digest.strip())


def find_workspace(start: Path) -> Workspace:
    """The workspace at `start`, else the one that `CIP_WORKSPACE` names; its root is absolute.

    Raises: NotReadyError S-001 when neither folder holds a `cip.toml`.
    """
    named = os.environ.get(WORKSPACE_VARIABLE)
    folders = [start, Path(named)] if named else [start]
    for folder in folders:
        workspace = Workspace(folder.resolve())
        if workspace.exists():
            return workspace
    places = " nor in ".join(str(folder.resolve()) for folder in folders)
    raise NotReadyError(
        "S-001",
        f"there is no {CONFIG_NAME} in {places}.",
        "`cip init` makes a workspace here; or go to the folder of yours, or name it in "
        f"{WORKSPACE_VARIABLE}",
    )
