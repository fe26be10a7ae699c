"""`cip sync`: watch the files, load what is new."""

from __future__ import annotations

from typing import Annotated

import typer

from cip.faces.cli.options import HERE, JsonOption, WorkspaceOption, write_json
from cip.faces.cli.progress import progress_for


def sync(
    workspace: WorkspaceOption = HERE,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 10.0,
    settle: Annotated[
        float, typer.Option(min=0, help="Seconds without change until a file counts as written.")
    ] = 5.0,
    once: Annotated[bool, typer.Option("--once", help="Look once, then end.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Watch the sources' files and load each that is new or changed; Ctrl-C ends the watch.

    A file that cannot be loaded is reported once; the others go on.
    """
    from cip.flows.actors import local_owner
    from cip.flows.sync import Event
    from cip.flows.sync import sync as flow
    from cip.settings import find_workspace

    def hear(event: Event) -> None:
        if as_json:
            write_json(event.as_dict())
        else:
            typer.echo(event.line())

    try:
        flow(
            find_workspace(workspace),
            actor=local_owner(),
            progress=progress_for(as_json=as_json),
            hear=hear,
            every_seconds=every,
            settle_seconds=settle,
            once=once,
        )
    except KeyboardInterrupt:
        typer.echo("The watch has ended. What was loaded stays; nothing is half done.", err=True)
