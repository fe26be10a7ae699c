"""The demo: a real shop that ships with the product, and a simulated streaming service."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import cip
from cip.errors import NotFoundError
from cip.flows.init import init
from cip.flows.run import run
from cip.flows.simulated import write_streaming
from cip.ports import Progress
from cip.settings import Workspace
from cip.types import Principal

_FILE: Final = Path("online-retail-ii") / "online_retail_ii.parquet"
_CUSTOMERS: Final = 4_000


def retail_demo(
    root: Path, *, actor: Principal, progress: Progress
) -> tuple[Workspace, dict[str, Any]]:
    """Make the shop's workspace if it is not there, run the main job, give the run's summary."""
    workspace = Workspace(root.resolve())
    if not workspace.config_path.exists():
        workspace = init(root, "online-retail", example_data(), actor=actor)
    return workspace, run(workspace, actor=actor, progress=progress)


def streaming_demo(
    root: Path, *, actor: Principal, progress: Progress, customers: int = _CUSTOMERS
) -> tuple[Workspace, dict[str, Any]]:
    """The same for a simulated streaming service; its data are written beside its `cip.toml`."""
    workspace = Workspace(root.resolve())
    if not workspace.config_path.exists():
        write_streaming(workspace.root / "data", customers)
        workspace = init(root, "streaming", workspace.root / "data", actor=actor)
    return workspace, run(workspace, actor=actor, progress=progress)


DEMOS: Final = {"retail": retail_demo, "streaming": streaming_demo}
"""The demo's workspaces, the real one first."""


def example_data() -> Path:
    """The shipped file: inside an installed wheel, or in the repository of a checkout."""
    package = Path(cip.__file__).parent
    for folder in (package / "examples", package.parents[1] / "examples" / "data"):
        if (folder / _FILE).is_file():
            return folder / _FILE
    raise NotFoundError(
        "F-103", "the demo's data set is not installed.", "reinstall CIP, or clone its repository"
    )
