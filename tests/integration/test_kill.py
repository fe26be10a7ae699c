"""SIGKILL at every step of a run: the run published before stays current, whole and readable."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest

from cip.flows.actors import local_owner
from cip.flows.results import Wanted, find_customer, list_customers, open_results
from cip.settings import Workspace
from cip.stores.published import damage
from cip.worlds.shop import ShopConfig, invoice_lines, simulate_shop


def _killed_at(workspace: Path, step: str, seconds: float) -> bool:
    """Start a run, kill it so long after `step` was announced; False when it ended before."""
    command = [sys.executable, "-m", "cip", "run", "-w", str(workspace), "--json"]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
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


def _announced(workspace: Path) -> dict[str, float]:
    """Every step of a run and how long it takes."""
    command = [sys.executable, "-m", "cip", "run", "-w", str(workspace), "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    entries = [json.loads(line) for line in ended.stderr.splitlines()]
    return {entry["step"]: entry["seconds"] for entry in entries if entry["event"] == "end"}


@pytest.mark.timeout(1200)
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.proof)])
def test_a_killed_run_leaves_the_published_one_whole(
    tmp_path: Path, shop: Path, kills: int, record_property: Callable[[str, object], None]
) -> None:
    world = simulate_shop(ShopConfig(customers=400, days=500, seed=3))
    pacsv.write_csv(pa.table(dict(invoice_lines(world))), tmp_path / "lines.csv")
    quick = "draws = 50\n[segments]\nk = 3\n[churn]\ncandidates = ['logistic_regression']\n"
    settings = (shop / "cip.toml").read_text(encoding="utf-8").replace("draws = 100\n", quick)
    (tmp_path / "cip.toml").write_text(settings, encoding="utf-8")
    steps = _announced(tmp_path)
    workspace, actor = Workspace(tmp_path), local_owner()
    before = open_results(workspace, actor=actor)
    first = list_customers(before, Wanted(), actor=actor).customers[0]
    assert {"read", "store", "look", "churn", "value", "decide", "publish"} <= set(steps)

    plan = [("publish", 0.5 * steps["publish"]), *((step, 0.0) for step in reversed(steps))]
    depths = (0.5, 0.8, 0.25, 0.95)
    plan += [(step, depth * steps[step]) for depth in depths for step in reversed(steps)]
    killed = 0
    for step, seconds in plan:
        if killed == kills:
            break
        if not _killed_at(tmp_path, step, seconds):
            before = open_results(workspace, actor=actor)  # it was quicker than the kill
            continue
        after = open_results(workspace, actor=actor)
        assert damage(tmp_path / "published" / after.run_id) == [], step
        assert find_customer(after, first.customer_id, actor=actor).p_churn == first.p_churn
        if after.run_id != before.run_id:  # quicker than planned, it had committed when it died
            before = after
            continue
        killed += 1
    assert killed == kills
    assert set(_announced(tmp_path)) == set(steps)
    assert not list((tmp_path / "published").glob(".making-*"))
    record_property("proof", f"{kills} runs killed by SIGKILL: what was published stayed whole")
