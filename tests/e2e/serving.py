"""A server and a browser for tests of pages."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cip.settings import Workspace

SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SERVE = """
import sys
from pathlib import Path
from cip.faces.serve import serve
from cip.settings import Workspace
serve([Workspace(Path(root)) for root in sys.argv[1:]], port=0)
"""


@contextmanager
def served(*workspaces: Workspace) -> Iterator[int]:
    """The port of a server of its own."""
    roots = [str(workspace.root) for workspace in workspaces]
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, *roots], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        yield int(re.findall(r":(\d+)", server.stdout.readline())[0])
        server.terminate()
