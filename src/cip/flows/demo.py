"""The demo: the main job on the real data set that ships, Online Retail II."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cip
from cip.errors import NotFoundError
from cip.flows.init import init
from cip.flows.run import run
from cip.ports import Progress
from cip.settings import Workspace
from cip.types import Principal

_FILE = Path("online-retail-ii") / "online_retail_ii.parquet"


def demo(root: Path, *, actor: Principal, progress: Progress) -> tuple[Workspace, dict[str, Any]]:
    """Make the demo's workspace if it is not there, run the main job, give the run's summary."""
    workspace = Workspace(root.resolve())
    if not workspace.config_path.exists():
        workspace = init(root, "online-retail", example_data(), actor=actor)
    return workspace, run(workspace, actor=actor, progress=progress)


def example_data() -> Path:
    """The shipped file: inside an installed wheel, or in the repository of a checkout."""
    package = Path(cip.__file__).parent
    for folder in (package / "examples", package.parents[1] / "examples" / "data"):
        if (folder / _FILE).is_file():
            return folder / _FILE
    raise NotFoundError(
        "F-103", "the demo's data set is not installed.", "reinstall CIP, or clone its repository"
    )
