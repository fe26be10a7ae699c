"""`cip config check`."""

from __future__ import annotations

import typer

from cip.faces.cli.options import HERE, JsonOption, WorkspaceOption, write_json

config_app = typer.Typer(help="Read the workspace's settings.", no_args_is_help=True)


@config_app.command("check")
def config_check(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Read cip.toml and say whether it can run; nothing is run."""
    from cip.flows.actors import local_owner
    from cip.flows.features import check_features
    from cip.flows.job import read_config
    from cip.settings import find_workspace

    found = find_workspace(workspace)
    config = read_config(found, actor=local_owner())
    if config.features or config.run.features_file:
        check_features(found, actor=local_owner())
    if as_json:
        write_json(config.model_dump(mode="json"))
        return
    tables = ", ".join(config.tables)
    typer.echo(f"cip.toml is right: {config.workspace.name}, tables {tables}.")
