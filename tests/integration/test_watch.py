"""`cip sync` and `cip customers` as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def workspace(tmp_path: Path, players) -> Path:
    (tmp_path / "cip.toml").write_text(players(), encoding="utf-8")
    (tmp_path / "plays.csv").write_text("who,at,what\na,2024-01-01,play\nb,2024-01-02,play\n")
    return tmp_path


@pytest.mark.timeout(180)
def _can_be_interrupted() -> None:
    """Also where the tests themselves run in the background, which ignores SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
def test_a_watch_loads_and_ends_cleanly_when_it_is_interrupted(workspace: Path) -> None:
    command = [sys.executable, "-m", "cip", "sync", "-w", str(workspace), "--json"]
    with subprocess.Popen(
        [*command, "--every", "0.2", "--settle", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_can_be_interrupted,  # noqa: PLW1509 (it sets a signal, nothing else)
    ) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert (first["source"], first["did"]) == ("plays", "loaded")
        assert first["result"]["tables"]["interactions"]["new"] == 2
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "The watch has ended" in said
    assert "Traceback" not in said


def test_customers_are_merged_listed_and_taken_apart_again(workspace: Path, cip) -> None:
    where = ("-w", str(workspace))
    cip("ingest", *where)
    merged = cip("customers", "merge", "a", "b", "--why", "same card", *where)
    assert "a counts as b" in merged.stdout
    (made,) = json.loads(cip("customers", "merges", "--json", *where).stdout)["merges"]
    assert (made["old_id"], made["into_id"], made["state"]) == ("a", "b", "merged")
    cip("customers", "unmerge", "a", *where)
    (made,) = json.loads(cip("customers", "merges", "--json", *where).stdout)["merges"]
    assert made["state"] == "undone"


def test_suppressing_without_a_key_says_which_variable_is_missing(
    workspace: Path, cip, monkeypatch
) -> None:
    monkeypatch.delenv("CIP_SUPPRESSION_KEY", raising=False)
    refused = cip("customers", "suppress", "a", "-w", str(workspace))
    assert refused.returncode == 2
    assert "CIP_SUPPRESSION_KEY" in refused.stderr
    monkeypatch.setenv("CIP_SUPPRESSION_KEY", "0123456789abcdef0123456789abcdef")
    done = cip("customers", "suppress", "a", "-w", str(workspace), "--json")
    assert json.loads(done.stdout) == {"asked": 1, "new": 1, "removed": None}
