"""`cip check`, `cip ingest` and `cip run`: from the user's files to a published run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cip.errors import SettingsError
from cip.faces.cli.options import HERE, JsonOption, WorkspaceOption, write_json
from cip.faces.cli.progress import progress_for

if TYPE_CHECKING:
    from cip.flows.check import CheckReport


HtmlOption = Annotated[
    Path | None, typer.Option("--html", help="Write the report to this file, as one HTML page.")
]
AgainOption = Annotated[
    bool, typer.Option("--again", help="Read also the sources that have not changed.")
]


def check(
    workspace: WorkspaceOption = HERE, html: HtmlOption = None, as_json: JsonOption = False
) -> None:
    """Read the data: what is wrong with them, what they are enough for; nothing is stored."""
    from cip.flows.actors import local_owner
    from cip.flows.check import check as flow
    from cip.settings import find_workspace

    report = flow(
        find_workspace(workspace), actor=local_owner(), progress=progress_for(as_json=as_json)
    )
    if html is not None:
        _write_report(html, report)
    if as_json:
        write_json(report.as_dict())
    else:
        for line in report.lines():
            typer.echo(line)
    raise typer.Exit(1 if report.errors else 0)


def _write_report(path: Path, report: CheckReport) -> None:
    from cip.faces.report.check import check_report

    try:
        path.write_text(check_report(report), encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            "S-121", f"the report cannot be written to {path}: {error.strerror}.", "name another"
        ) from error


def ingest(
    workspace: WorkspaceOption = HERE, again: AgainOption = False, as_json: JsonOption = False
) -> None:
    """Load the sources into the lake; rows that are there already are not loaded twice."""
    from cip.flows.actors import local_owner
    from cip.flows.ingest import ingest as flow
    from cip.settings import find_workspace

    loaded = flow(
        find_workspace(workspace),
        actor=local_owner(),
        progress=progress_for(as_json=as_json),
        again=again,
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
