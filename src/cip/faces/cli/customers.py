"""`cip customers`: which ids are one customer, and who is never to be loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cip.faces.cli.options import HERE, JsonOption, WorkspaceOption, write_json

customers_app = typer.Typer(
    help="Merge the ids of one customer; keep customers out.", no_args_is_help=True
)


@customers_app.command("merge")
def merge(
    old_id: Annotated[str, typer.Argument(help="The id that goes.")],
    into_id: Annotated[str, typer.Argument(help="The id that stays.")],
    why: Annotated[str, typer.Option(help="The reason, for the audit trail.")],
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Count OLD_ID as INTO_ID from now on: rows in the lake, and those of every later load."""
    from cip.flows.actors import local_owner
    from cip.flows.identity import merge_customers
    from cip.settings import find_workspace

    found = find_workspace(workspace)
    merge_customers(found, old_id, into_id, why=why, actor=local_owner())
    if as_json:
        write_json({"old_id": old_id, "into_id": into_id, "state": "merged"})
        return
    typer.echo(f"{old_id} counts as {into_id}. The next `cip run` shows them as one customer.")
    typer.echo(f"Undo: `cip customers unmerge {old_id}`.")


@customers_app.command("unmerge")
def unmerge(
    old_id: Annotated[str, typer.Argument(help="The id that was merged.")],
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Undo a merge: both customers have again what their sources said, later loads included."""
    from cip.flows.actors import local_owner
    from cip.flows.identity import unmerge_customers
    from cip.settings import find_workspace

    unmerge_customers(find_workspace(workspace), old_id, actor=local_owner())
    if as_json:
        write_json({"old_id": old_id, "state": "undone"})
        return
    typer.echo(f"{old_id} is a customer of its own again.")


@customers_app.command("merges")
def merges(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """List every merge, in force or undone."""
    from cip.flows.actors import local_owner
    from cip.flows.identity import list_merges
    from cip.settings import find_workspace

    found = list_merges(find_workspace(workspace), actor=local_owner())
    if as_json:
        write_json(found.as_dict())
        return
    for line in found.lines():
        typer.echo(line)


@customers_app.command("suppress")
def suppress(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of customers.")] = None,
    file: Annotated[Path | None, typer.Option(help="A text file with one id a line.")] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Also take their rows out of the lake as it is now.")
    ] = False,
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Never load these customers again; the list keeps digests, keyed by CIP_SUPPRESSION_KEY."""
    from cip.flows.actors import local_owner
    from cip.flows.suppress import ids_in
    from cip.flows.suppress import suppress as flow
    from cip.settings import find_workspace

    named = [*(ids or ()), *(ids_in(file) if file is not None else ())]
    done = flow(find_workspace(workspace), named, remove=remove, actor=local_owner())
    if as_json:
        write_json(done.as_dict())
        return
    for line in done.lines():
        typer.echo(line)
