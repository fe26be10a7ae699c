"""`cip init` and `cip config check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cip.faces.cli.options import HERE, JsonOption, WorkspaceOption, write_json

_DATA = "The file to read, or the folder of the preset's files."
_PRESET = "Where to start: generic, online-retail, netflix-2025 or streaming."

config_app = typer.Typer(help="Read the workspace's settings.", no_args_is_help=True)


def init(
    folder: Annotated[Path, typer.Argument(help="The new workspace.")],
    data: Annotated[Path, typer.Option(help=_DATA)],
    preset: Annotated[str, typer.Option(help=_PRESET)] = "generic",
    as_json: JsonOption = False,
) -> None:
    """Make a workspace: a folder with a commented cip.toml."""
    from cip.flows import init as flow
    from cip.flows.actors import local_owner

    workspace = flow.init(folder, preset, data, actor=local_owner())
    if as_json:
        write_json({"workspace": str(workspace.root), "config": str(workspace.config_path)})
        return
    typer.echo(f"Made {workspace.config_path}.")
    typer.echo(f"Next: read it, then `cip check -w {folder}` and `cip run -w {folder}`.")


@config_app.command("check")
def config_check(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Read cip.toml and say whether it can run; nothing is run."""
    from cip.flows.actors import local_owner
    from cip.flows.job import read_config
    from cip.settings import find_workspace

    config = read_config(find_workspace(workspace), actor=local_owner())
    if as_json:
        write_json(config.model_dump(mode="json"))
        return
    tables = ", ".join(config.tables)
    typer.echo(f"cip.toml is right: {config.workspace.name}, tables {tables}.")
