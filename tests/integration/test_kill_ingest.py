"""SIGKILL at any moment of a load: no acknowledged row is lost or doubled."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.forked import Cip

from cip.settings import Workspace
from cip.stores.lake import Lake
from cip.stores.records import open_records

ROWS = 30_000
TABLES = ("customers", "interactions", "transactions")
CONFIG = """
format = 1
[workspace]
name = "Kill"
currency = "EUR"
[sources.plays]
path = "plays-*.csv"
[sources.paid]
path = "paid.csv"
[tables.interactions]
source = "plays"
columns.customer_id = "who"
columns.occurred_at = "at"
columns.kind = "what"
columns.value = "n"
[tables.transactions]
source = "paid"
columns.customer_id = "who"
columns.occurred_at = "at"
columns.transaction_id = "n"
columns.amount = "n"
[tables.customers]
source = "paid"
columns.customer_id = "who"
"""


def deliver(folder: Path, number: int) -> None:
    """One more file of plays, and the payments so far with as many more."""
    lines = [
        f"c{row % 997},2024-01-{1 + row % 28:02},play,{number * ROWS + row}" for row in range(ROWS)
    ]
    (folder / f"plays-{number:03}.csv").write_text("who,at,what,n\n" + "\n".join(lines) + "\n")
    paid = [f"c{row % 997},2024-02-{1 + row % 28:02},{row}" for row in range(1 + number * 1000)]
    (folder / "paid.csv").write_text("who,at,n\n" + "\n".join(paid) + "\n")


def acknowledged(workspace: Workspace) -> dict[str, int]:
    """Rows of each table at the version that its last recorded load says."""
    lake = Lake(workspace.lake)
    with open_records(workspace.records_url) as records:
        loads = {table: records.last_load(table) for table in TABLES}
    versions = {table: load.version for table, load in loads.items() if load is not None}
    snapshot = lake.pinned(versions)
    return {table: snapshot.rows(table) for table in versions}


def keys(workspace: Workspace, table: str) -> list[str]:
    lake = Lake(workspace.lake)
    files = lake.pinned(lake.versions()).files(table)
    return [key for file in files for key in pq.ParquetFile(file).read()["row_key"].to_pylist()]


@pytest.mark.timeout(1200)
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.proof)])
def test_a_killed_load_loses_and_doubles_no_acknowledged_row(
    tmp_path: Path,
    cip: Cip,
    killed_at: Callable[..., bool],
    kills: int,
    record_property: Callable[[str, object], None],
) -> None:
    (tmp_path / "cip.toml").write_text(CONFIG, encoding="utf-8")
    workspace = Workspace(tmp_path)
    deliveries, done, tried = 1, 0, 0
    deliver(tmp_path, deliveries)
    known: dict[str, int] = {}
    plan = [("store", 0.0), ("store", 0.06), ("read", 0.1), ("store", 0.2), ("check", 0.1)]
    plan += [("store", 0.12), ("store", 0.02), ("store", 0.35), ("check", 0.5), ("store", 0.6)]
    while done < kills:
        assert tried < 4 * kills
        step, seconds = plan[tried % len(plan)]
        tried += 1
        if killed_at("ingest", tmp_path, step, seconds):
            done += 1
        now = acknowledged(workspace)
        for table, rows in known.items():
            assert now[table] >= rows, f"{table} lost rows"
        known = now
        for table in now:
            found = keys(workspace, table)
            assert len(found) == len(set(found)), f"{table} has rows twice"
        if tried % 4 == 0:
            deliveries += 1
            deliver(tmp_path, deliveries)
    assert cip("ingest", "-w", tmp_path).returncode == 0
    assert len(keys(workspace, "interactions")) == deliveries * ROWS
    assert len(keys(workspace, "transactions")) == 1 + deliveries * 1000
    assert len(keys(workspace, "customers")) == min(997, 1 + deliveries * 1000)
    again = cip("ingest", "-w", tmp_path, "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout)["changes"] == 0
    assert not (tmp_path / ".staging").exists()
    record_property("proof", f"{kills} loads killed by SIGKILL: no row lost, none doubled")
