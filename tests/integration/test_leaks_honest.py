"""Honest data: a simulated service and a sample of a real shop, from file to features."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from cip.flows.actors import local_owner
from cip.flows.ingest import load
from cip.flows.job import open_job
from cip.flows.leaks import Leaks, keep_out_of
from cip.flows.look import look, open_lake
from cip.flows.simulated import write_streaming
from cip.flows.steps import Silent
from cip.settings import find_workspace

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


def leaks_of(folder: Path) -> Leaks:
    workspace = find_workspace(folder)
    job = open_job(workspace, actor=local_owner(), action="run", progress=Silent())
    loaded = load(job)
    with open_lake(job, loaded) as (con, lake):
        seen = look(job, con, lake)
        kept, leaks = keep_out_of(job, con, lake, seen)
    assert kept is seen
    return leaks


def test_of_a_simulated_service_nothing_is_suspected(tmp_path: Path, cip) -> None:
    write_streaming(tmp_path / "data", customers=1200)
    made = cip("init", tmp_path / "ws", "--preset", "streaming", "--data", tmp_path / "data")
    assert made.returncode == 0, made.stderr
    leaks = leaks_of(tmp_path / "ws")
    assert leaks.tested
    assert leaks.suspects == ()


@pytest.mark.shared_data
def test_of_a_tenth_of_online_retail_nothing_is_suspected(tmp_path: Path, cip) -> None:
    lines = pq.read_table(SHARED / "online-retail-ii" / "online_retail_ii.parquet")
    who = pc.cast(lines["Customer ID"], "int64")
    tenth = pc.equal(pc.subtract(who, pc.multiply(pc.divide(who, 10), 10)), 3)
    pq.write_table(lines.filter(tenth), tmp_path / "lines.parquet")
    made = cip(
        "init", tmp_path / "ws", "--preset", "online-retail", "--data", tmp_path / "lines.parquet"
    )
    assert made.returncode == 0, made.stderr
    leaks = leaks_of(tmp_path / "ws")
    assert leaks.tested == ("country",)
    assert leaks.suspects == ()
    assert any("known_at is not mapped" in note for note in leaks.notes)
