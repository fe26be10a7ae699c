"""The dashboard and its health check in one process, on one port, behind one guard."""

from __future__ import annotations

import os
import socket
import sys
import webbrowser
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from threading import Timer
from typing import Any, Final

import streamlit as st
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from cip.errors import CipError, SettingsError
from cip.faces.document import Documents
from cip.faces.guard import Guard, is_loopback
from cip.flows.actors import local_owner
from cip.flows.results import current_run_id
from cip.settings import WORKSPACE_VARIABLE, Workspace

SCRIPT: Final = Path(__file__).with_name("dashboard") / "app.py"
"""The page script; Streamlit reads theme and settings from `.streamlit/` beside it."""

_PORTS_TRIED: Final = 50
_USED_BY_PAGES: Final = (
    "pandas",
    "pandas.io.formats.style",
    "plotly.graph_objects",
    "cip.faces.dashboard.navigation",
    "cip.faces.dashboard.parts.charts",
)

Workspaces = Workspace | Sequence[Workspace]


def serve(
    workspaces: Workspaces,
    host: str = "127.0.0.1",
    port: int = 8000,
    *,
    open_browser: bool = False,
    say: Callable[[str], None] | None = None,
) -> None:
    """Show one workspace, or several behind a switch, until interrupted; the first is the default.

    A busy port gives way to the next free one.

    Raises: SettingsError H-101 for a host that other machines could reach, H-103 when no port in
    the range is free.
    """
    tell, listening = say or _say, listen(host, port)
    app = application(workspaces)
    for module in _USED_BY_PAGES:  # in the first request they would hold that request for seconds
        import_module(module)
    taken = listening.getsockname()[1]
    if port not in (0, taken):
        tell(f"Port {port} is busy; taking {taken}.")
    address = f"http://{f'[{host}]' if ':' in host else host}:{taken}"
    tell(f"Dashboard: {address}   (Ctrl-C stops it)")
    if open_browser:
        Timer(0.5, webbrowser.open, [address]).start()
    settings = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        timeout_graceful_shutdown=2,
    )
    uvicorn.Server(settings).run(sockets=[listening])


def application(workspaces: Workspaces) -> ASGIApp:
    """The guarded application: pages at `/`, and `/healthz`."""
    shown = [workspaces] if isinstance(workspaces, Workspace) else list(workspaces)
    # the page script has no other parameter
    os.environ[WORKSPACE_VARIABLE] = os.pathsep.join(str(each.root) for each in shown)
    pages = st.App(SCRIPT)
    app = FastAPI(lifespan=pages.lifespan(), docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    def health() -> dict[str, Any]:
        return healthy(*shown)

    app.mount("/", Documents(pages))
    return Guard(app)


def healthy(first: Workspace, *others: Workspace) -> dict[str, Any]:
    """`ok` and the current run (None before the first); or what is wrong with the workspace.

    Of several workspaces the first speaks, and the others stand under their folder's name.
    """
    said = _healthy(first)
    if not others:
        return said
    beside = {other.root.name: _healthy(other) for other in others}
    return {
        **said,
        "ok": said["ok"] and all(each["ok"] for each in beside.values()),
        "others": beside,
    }


def _healthy(workspace: Workspace) -> dict[str, Any]:
    try:
        return {"ok": True, "run": current_run_id(workspace, actor=local_owner())}
    except CipError as error:
        return {"ok": False, "error": error.as_dict()}


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on this machine only, at `port` or the next free one after it."""
    if not is_loopback(host):
        raise SettingsError(
            "H-101",
            f"{host} can be reached by other machines; until there is a sign-in, CIP serves only "
            "this machine.",
            "leave --host out, or forward the port: ssh -L 8000:127.0.0.1:8000 this-machine",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for tried in range(port, min(port + _PORTS_TRIED, 65_536)):
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            if os.name != "nt":
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, tried))
            listening.listen(2048)
        except OSError:
            listening.close()
        else:
            return listening
    raise SettingsError(
        "H-103", f"no port from {port} to {port + _PORTS_TRIED - 1} is free.", "name one: --port"
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()  # whoever reads a pipe learns the port at once
