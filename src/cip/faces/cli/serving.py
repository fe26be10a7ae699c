"""`cip serve` and `cip demo`: the dashboard."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from cip.errors import SettingsError
from cip.faces.cli.options import (
    HERE,
    HostOption,
    JsonOption,
    PortOption,
    WorkspaceOption,
    write_json,
)
from cip.faces.cli.progress import progress_for

_DEMO = Path("workspaces/retail")


def serve(
    workspace: WorkspaceOption = HERE,
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
        find_workspace(workspace),
        host=host,
        port=port,
        open_browser=open_browser,
        say=_say_json if as_json else None,
    )


def demo(
    folder: Annotated[Path, typer.Argument(help="The demo's workspace.")] = _DEMO,
    port: PortOption = 8000,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Run, then exit.")] = False,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the browser.")] = False,
    as_json: JsonOption = False,
) -> None:
    """The main job on two years of a real shop's invoices, then the dashboard."""
    from cip.flows.actors import local_owner
    from cip.flows.demo import demo as flow
    from cip.flows.headlines import headlines

    if not no_serve:
        _need_dashboard()
    workspace, summary = flow(folder, actor=local_owner(), progress=progress_for(as_json=as_json))
    if as_json:
        write_json(summary)
    else:
        typer.echo("")
        for line in headlines(summary):
            typer.echo(line)
    if not no_serve:
        from cip.faces.serve import serve as server

        server(
            workspace,
            host="127.0.0.1",
            port=port,
            open_browser=open_browser,
            say=_say_json if as_json else None,
        )


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
