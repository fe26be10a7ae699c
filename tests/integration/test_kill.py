"""SIGKILL at every step of a run: the run published before stays current, whole and readable."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.forked import Cip
from tests.integration.invoices import write_lines

from cip.flows.actors import local_owner
from cip.flows.results import Wanted, find_customer, list_customers, open_results
from cip.settings import Workspace
from cip.stores.published import damage


def _announced(workspace: Path, cip: Cip) -> dict[str, float]:
    """Every step of a run and how long it takes."""
    ended = cip("run", "-w", workspace, "--json")
    assert ended.returncode == 0, ended.stderr
    entries = [json.loads(line) for line in ended.stderr.splitlines()]
    return {entry["step"]: entry["seconds"] for entry in entries if entry["event"] == "end"}


@pytest.fixture
def quick(tmp_path: Path, shop: Path) -> Path:
    """A workspace whose runs take a second or two."""
    write_lines(tmp_path, customers=400, days=500, seed=3)
    quick = "draws = 50\n[segments]\nk = 3\n[churn]\ncandidates = ['logistic_regression']\n"
    settings = (shop / "cip.toml").read_text(encoding="utf-8").replace("draws = 100\n", quick)
    (tmp_path / "cip.toml").write_text(settings, encoding="utf-8")
    return tmp_path


@pytest.mark.timeout(1200)
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.proof)])
def test_a_killed_run_leaves_the_published_one_whole(
    quick: Path,
    cip: Cip,
    killed_at: Callable[..., bool],
    kills: int,
    record_property: Callable[[str, object], None],
) -> None:
    steps = _announced(quick, cip)
    workspace, actor = Workspace(quick), local_owner()
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
        if not killed_at("run", quick, step, seconds):
            before = open_results(workspace, actor=actor)  # it was quicker than the kill
            continue
        after = open_results(workspace, actor=actor)
        assert damage(quick / "published" / after.run_id) == [], step
        assert find_customer(after, first.customer_id, actor=actor).p_churn == first.p_churn
        if after.run_id != before.run_id:  # quicker than planned, it had committed when it died
            before = after
            continue
        killed += 1
    assert killed == kills
    assert set(_announced(quick, cip)) == set(steps)
    assert not list((quick / "published").glob(".making-*"))
    record_property("proof", f"{kills} runs killed by SIGKILL: what was published stayed whole")
