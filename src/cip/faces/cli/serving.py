"""`cip serve` and `cip demo`: the dashboard."""

from __future__ import annotations

from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from cip.errors import SettingsError
from cip.faces.cli.options import (
    HERE,
    HostOption,
    JsonOption,
    PortOption,
    write_json,
)
from cip.faces.cli.progress import progress_for

_DEMO = Path("workspaces")


class Demo(StrEnum):
    """The demo's workspaces."""

    retail = "retail"
    streaming = "streaming"


WorkspacesOption = Annotated[
    list[Path] | None,
    typer.Option("--workspace", "-w", help="A folder with cip.toml; several get a switch."),
]


def serve(
    workspaces: WorkspacesOption = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the browser.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what was published, on this machine only."""
    from cip.settings import find_workspace

    _need_dashboard()
    from cip.faces.serve import serve as server

    server(
        [find_workspace(folder) for folder in workspaces or [HERE]],
        host=host,
        port=port,
        open_browser=open_browser,
        say=_say_json if as_json else None,
    )


def demo(
    folder: Annotated[Path, typer.Argument(help="Where the demo's workspaces are made.")] = _DEMO,
    only: Annotated[Demo | None, typer.Option(help="One of the two.")] = None,
    port: PortOption = 8000,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Run, then exit.")] = False,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the browser.")] = False,
    as_json: JsonOption = False,
) -> None:
    """The main job on a real shop's invoices and on a simulated service, then the dashboard."""
    from cip.flows.actors import local_owner
    from cip.flows.demo import DEMOS

    if not no_serve:
        _need_dashboard()
    names = [only.value] if only else list(DEMOS)
    made = [
        DEMOS[name](folder / name, actor=local_owner(), progress=progress_for(as_json=as_json))
        for name in names
    ]
    _tell([summary for _, summary in made], as_json=as_json)
    if not no_serve:
        from cip.faces.serve import serve as server

        server(
            [workspace for workspace, _ in made],
            host="127.0.0.1",
            port=port,
            open_browser=open_browser,
            say=_say_json if as_json else None,
        )


def _tell(summaries: list[dict[str, Any]], *, as_json: bool) -> None:
    from cip.flows.headlines import headlines

    if as_json:
        write_json(summaries)
        return
    for summary in summaries:
        typer.echo(f"\n{summary['workspace']['name']}")
        for line in headlines(summary):
            typer.echo(line)


def _say_json(line: str) -> None:
    """What the server tells, as one JSON object a line."""
    write_json({"said": line})


def _need_dashboard() -> None:
    """Nothing, when the extra is installed; asked before any work is done."""
    missing = [name for name in ("streamlit", "fastapi", "uvicorn") if find_spec(name) is None]
    if missing:
        raise SettingsError(
            "S-120",
            f"the dashboard needs {', '.join(missing)}, not installed here.",
            "pip install 'customer-intelligence-platform[dashboard]'",
        )
