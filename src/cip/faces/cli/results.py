"""`cip runs`, `cip lookup`, `cip leaks` and `cip export`: what was published."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cip.faces.cli.options import HERE, JsonOption, WorkspaceOption, write_json


def runs(
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 20,
) -> None:
    """The runs, newest first, with data versions, every metric and the verdicts."""
    from cip.flows.actors import local_owner
    from cip.flows.runs import runs as flow
    from cip.settings import find_workspace

    found = flow(find_workspace(workspace), actor=local_owner(), limit=limit)
    if as_json:
        write_json([entry.as_dict() for entry in found])
        return
    for entry in found:
        typer.echo(entry.line())


def lookup(
    customer_id: Annotated[str, typer.Argument(help="The customer's id.")],
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """What we know about one customer: risk, value, what is at stake, and why."""
    from cip.flows.actors import local_owner
    from cip.flows.lookup import lookup as flow
    from cip.settings import find_workspace

    card = flow(find_workspace(workspace), customer_id, actor=local_owner())
    if as_json:
        write_json(card.as_dict())
        return
    for line in card.lines():
        typer.echo(line)


def leaks(workspace: WorkspaceOption = HERE, as_json: JsonOption = False) -> None:
    """Features that look as if they knew the future, as the current run found them."""
    from cip.flows.actors import local_owner
    from cip.flows.suspects import suspects
    from cip.settings import find_workspace

    found = suspects(find_workspace(workspace), actor=local_owner())
    if as_json:
        write_json(found.as_dict())
        return
    for line in found.lines():
        typer.echo(line)


def export(
    folder: Annotated[Path, typer.Argument(help="Where to write; made if it is not there.")],
    workspace: WorkspaceOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Write the current run's lists and figures as CSV files, with a description of the columns."""
    from cip.flows.actors import local_owner
    from cip.flows.export import export as flow
    from cip.settings import find_workspace

    written = flow(find_workspace(workspace), folder, actor=local_owner())
    if as_json:
        write_json(written)
        return
    for name, rows in written.items():
        typer.echo(f"{folder / name}: {rows:,} rows")
