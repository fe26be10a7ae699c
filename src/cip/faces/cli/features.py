"""`cip features`: the features that a workspace adds, and whether their Python file may run."""

from __future__ import annotations

import typer

from cip.faces.cli.options import HERE, JsonOption, WorkspaceOption, write_json

features_app = typer.Typer(help="Features of your own.", no_args_is_help=True)


@features_app.command("list")
def features_list(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """The features that cip.toml and its Python file add to the catalogue."""
    from cip.flows.actors import local_owner
    from cip.flows.features import check_features
    from cip.settings import find_workspace

    found = check_features(find_workspace(workspace), actor=local_owner())
    if as_json:
        write_json(found.as_dict())
        return
    for line in found.lines():
        typer.echo(line)


@features_app.command("trust")
def features_trust(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Run the Python file that cip.toml names, and let runs of yours use it until it changes."""
    from cip.flows.actors import local_owner
    from cip.flows.features import trust_features_file
    from cip.settings import find_workspace

    found = trust_features_file(find_workspace(workspace), actor=local_owner())
    if as_json:
        write_json(found.as_dict())
        return
    for line in found.lines():
        typer.echo(line)
    typer.echo(f"{found.file} is trusted as it is now; after a change, trust it again.")
