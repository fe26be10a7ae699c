"""The how-to "Score a file, ..." does what it says: its commands, in order, in a fresh folder."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(900)  # two whole runs

PAGE = Path(__file__).resolve().parents[2] / "docs" / "howto" / "score-and-look-back.md"
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder after every command of the page, each of which must end well."""
    where = tmp_path_factory.mktemp("howto")
    tools = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) == 7
    for block in blocks:
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=where,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )
        assert ended.returncode == 0, f"{block}\n{ended.stdout}\n{ended.stderr}"
    return where


def test_every_customer_of_the_page_is_scored(folder: Path) -> None:
    with (folder / "scores.csv").open(newline="") as file:
        scored = list(csv.DictReader(file))
    assert list(scored[0])[:3] == ["customer_id", "p_churn", "churn_band"]
    assert len(scored) > 100


def test_the_unknown_id_of_the_page_has_a_note(folder: Path) -> None:
    with (folder / "known.csv").open(newline="") as file:
        last = list(csv.DictReader(file))[-1]
    assert last["customer_id"] == "nobody"
    assert "did not score" in last["note"]


def test_the_first_forecast_of_the_page_was_judged(folder: Path) -> None:
    found = json.loads((folder / "ledger.json").read_text(encoding="utf-8"))
    assert found["fits"]
    assert [entry["state"] for entry in found["entries"]] == ["judged", "waiting"]
