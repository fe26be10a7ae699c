"""The pages in a real browser on 100,000 customers of the streaming world, beside the prototype's.

The world is written and run first (some minutes); `DASHBOARD=FOLDER` keeps that workspace for the
next time.  The prototype, where ../shared has it, shows a made run of as many customers.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from pathlib import Path
from statistics import median

from bench.browser import Server, Visit, browsing, serving, visit
from bench.figures import FULL, Figure, record
from bench.measure import cost_of
from cip.flows.demo import write_streaming

CUSTOMERS = 100_000
ROUNDS = 7 if FULL else 5
PAGES = ("User Lookup", "Cluster Insights", "Model Performance", "About", "Overview")
THEIRS = ("Watch list", "Cluster Insights", "User Lookup")
PROTOTYPE = Path(__file__).resolve().parents[2] / "shared" / "research" / "prototypes" / "dashboard"
PEER = "the prototype's three pages"
DATA = f"streaming world, {CUSTOMERS:,} customers"
PYTHON = sys.executable


def main() -> None:
    """Ours, then the prototype, one after the other on the same machine."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = _workspace(Path(os.environ.get("DASHBOARD", folder)))
        port = _free_port()
        ours = [PYTHON, "-m", "cip", "serve", "-w", str(workspace), "--port", str(port)]
        visited, memory = _measured(ours, port, workspace, PAGES)
        theirs, their_memory = _prototype(Path(folder)) if PROTOTYPE.is_dir() else (None, None)
    reload_s = median(theirs.reloads) if theirs else None
    switch_s = median(theirs.switches) if theirs else None
    record(
        "dashboard",
        [
            _figure("reload_s", visited.reloads, 1.5, reload_s),
            _figure("page_switch_s", visited.switches, 0.7, switch_s),
            Figure(
                "rss_one_session_mib", memory, "MiB", "lower", DATA,
                peer=PEER, peer_value=their_memory,
            ),
        ],
    )  # fmt: skip


def _figure(name: str, seconds: list[float], goal: float, peer: float | None) -> Figure:
    spread = (min(seconds), max(seconds))
    return Figure(name, median(seconds), "s", "lower", DATA, goal, PEER, peer, spread)


def _workspace(folder: Path) -> Path:
    """A workspace with a published run, made unless it is there."""
    workspace = folder / "workspace"
    if not (workspace / "published").is_dir():
        write_streaming(folder / "data", CUSTOMERS)
        data = ["--preset", "streaming", "--data", str(folder / "data")]
        cost_of([PYTHON, "-m", "cip", "init", str(workspace), *data])
        print(f"run of {DATA}: {cost_of([PYTHON, '-m', 'cip', 'run', '-w', str(workspace)])}")
    return workspace


def _prototype(folder: Path) -> tuple[Visit, float]:
    run = folder / "run"
    quiet = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "CIP_RUN": str(run)}
    cost_of([PYTHON, str(PROTOTYPE / "make_run.py"), str(run), str(CUSTOMERS)])
    port = _free_port()
    command = [
        *(PYTHON, "-m", "streamlit", "run", "app.py", "--server.headless=true"),
        *(f"--server.port={port}", "--browser.gatherUsageStats=false"),
    ]
    return _measured(command, port, PROTOTYPE, THEIRS, quiet)


def _measured(
    command: list[str],
    port: int,
    cwd: Path,
    pages: tuple[str, ...],
    env: dict[str, str] | None = None,
) -> tuple[Visit, float]:
    with serving(command, f"http://127.0.0.1:{port}/", cwd=cwd, env=env) as server:
        return _visited(server, pages)


def _visited(server: Server, pages: tuple[str, ...]) -> tuple[Visit, float]:
    with browsing() as browser:
        seen = visit(browser, server, pages, ROUNDS)
        return seen, server.rss_mib()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
