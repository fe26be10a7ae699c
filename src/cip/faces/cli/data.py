"""`cip check`, `cip ingest` and `cip run`: from the user's files to a published run."""

from __future__ import annotations

import typer

from cip.faces.cli.options import HERE, JsonOption, WorkspaceOption, write_json
from cip.faces.cli.progress import progress_for


def check(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Read the data and say what is wrong with them; nothing is stored."""
    from cip.flows.actors import local_owner
    from cip.flows.check import check as flow
    from cip.settings import find_workspace

    report = flow(
        find_workspace(workspace), actor=local_owner(), progress=progress_for(as_json=as_json)
    )
    if as_json:
        write_json(report.as_dict())
    else:
        for line in report.lines():
            typer.echo(line)
    raise typer.Exit(1 if report.errors else 0)


def ingest(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Load the sources into the lake; rows that are there already are not loaded twice."""
    from cip.flows.actors import local_owner
    from cip.flows.ingest import ingest as flow
    from cip.settings import find_workspace

    loaded = flow(
        find_workspace(workspace), actor=local_owner(), progress=progress_for(as_json=as_json)
    )
    if as_json:
        write_json(loaded.as_dict())
        return
    for line in loaded.lines():
        typer.echo(line)


def run(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """The main job: load, look at customers in time, model churn and value, publish at once."""
    from cip.flows.actors import local_owner
    from cip.flows.headlines import headlines
    from cip.flows.run import run as flow
    from cip.settings import find_workspace

    summary = flow(
        find_workspace(workspace), actor=local_owner(), progress=progress_for(as_json=as_json)
    )
    if as_json:
        write_json(summary)
        return
    typer.echo("")
    for line in headlines(summary):
        typer.echo(line)
