"""`cip score`, `cip models` and `cip ledger`: what serves, the way back, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cip.faces.cli.options import HERE, JsonOption, WorkspaceOption, write_json
from cip.faces.cli.progress import progress_for

models_app = typer.Typer(
    help="Model versions: which one serves, what made it, the way back.", no_args_is_help=False
)
VersionArgument = Annotated[str, typer.Argument(help="The number of a version, or a run's id.")]


def score(
    file: Annotated[Path, typer.Argument(help="CSV, Parquet or Excel: features, or ids alone.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The .csv or .parquet file to write.")],
    workspace: WorkspaceOption = HERE,
    reasons: Annotated[
        bool, typer.Option("--reasons", help="Also say why; a fifth of a millisecond a row.")
    ] = False,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Take columns that lack as not known.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Score the rows of a file by the current model, or look up what was published for ids."""
    from cip.flows.actors import local_owner
    from cip.flows.score import score as flow
    from cip.settings import find_workspace

    done = flow(
        find_workspace(workspace),
        file,
        out,
        actor=local_owner(),
        progress=progress_for(as_json=as_json),
        with_reasons=reasons,
        allow_missing=allow_missing,
    )
    if as_json:
        write_json(done.as_dict())
        return
    for line in done.lines():
        typer.echo(line)


@models_app.callback(invoke_without_command=True)
def models(
    context: typer.Context, workspace: WorkspaceOption = HERE, as_json: JsonOption = False
) -> None:
    """List the model versions, newest first; the star is what faces show now."""
    if context.invoked_subcommand is not None:
        return
    from cip.flows.actors import local_owner
    from cip.flows.versions import models as flow
    from cip.settings import find_workspace

    found = flow(find_workspace(workspace), actor=local_owner())
    if as_json:
        write_json([each.as_dict() for each in found])
        return
    for each in found:
        typer.echo(each.line())
    if not found:
        typer.echo("No model version yet: `cip run` makes one when it publishes.")


@models_app.command("show")
def show(
    version: VersionArgument, workspace: WorkspaceOption = HERE, as_json: JsonOption = False
) -> None:
    """Show what made a version: data, code, settings, seed, machine, metrics, verdict."""
    from cip.flows.actors import local_owner
    from cip.flows.versions import model
    from cip.settings import find_workspace

    found = model(find_workspace(workspace), version, actor=local_owner())
    if as_json:
        write_json(found.as_dict())
        return
    for line in found.lines():
        typer.echo(line)


@models_app.command("rollback")
def rollback(
    version: Annotated[
        str | None, typer.Argument(help="The version; else the newest promoted one before.")
    ] = None,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Make an earlier published run the current one again, once its files are found whole."""
    from cip.flows.actors import local_owner
    from cip.flows.versions import roll_back
    from cip.settings import find_workspace

    done = roll_back(find_workspace(workspace), version, actor=local_owner())
    if as_json:
        write_json(done.as_dict())
        return
    typer.echo(f"Run {done.run_id} is current now; before, {done.before} was.")


def ledger(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Say what each run forecast and what came of it; ends with 1 where the past does not fit."""
    from cip.flows.actors import local_owner
    from cip.flows.ledger import ledger as flow
    from cip.settings import find_workspace

    found = flow(find_workspace(workspace), actor=local_owner())
    if as_json:
        write_json(found.as_dict())
    else:
        for line in found.lines():
            typer.echo(line)
    raise typer.Exit(1 if found.misfits else 0)
