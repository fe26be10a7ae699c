"""A business elsewhere gets, from files to published run, what its clocks shifted by hand give."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from cip.flows.actors import local_owner
from cip.flows.check import check
from cip.flows.run import run
from cip.flows.steps import Silent
from cip.settings import Workspace
from cip.worlds.shop import ShopConfig, invoice_lines, simulate_shop

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

QUICK = """
[churn]
candidates = ["logistic_regression"]
also = [{ kind = "inactivity", active_kinds = ["purchase"] }]
"""
WHEN = "InvoiceDate"


def lines() -> pa.Table:
    """Of a shop that sells around the clock: a third of its sales lie about midnight."""
    made = pa.table(dict(invoice_lines(simulate_shop(ShopConfig(customers=260, days=560, seed=3)))))
    when = made[WHEN].to_numpy().astype("datetime64[us]")
    place = np.unique(made["Invoice"].to_numpy(zero_copy_only=False), return_inverse=True)[1]
    day, edges = when.astype("datetime64[D]"), (np.timedelta64(0, "us"), np.timedelta64(1439, "m"))
    moved = np.where(place % 3 == 0, day + edges[0], np.where(place % 3 == 1, day + edges[1], when))
    return made.set_column(made.column_names.index(WHEN), WHEN, pa.array(moved))


def workspace(shop: Path, folder: Path, rows: pa.Table, zone: str = "", files: str = "") -> Path:
    """The shop's settings with the business's zone, and that of the times in its files."""
    folder.mkdir()
    pacsv.write_csv(rows, folder / "lines.csv")
    config = (shop / "cip.toml").read_text(encoding="utf-8").replace("draws = 100", "draws = 50")
    if zone:
        config = config.replace('currency = "EUR"', f'currency = "EUR"\ntime_zone = "{zone}"')
    if files:
        for table in ("transactions", "interactions"):
            head = f"[tables.{table}]\n"
            config = config.replace(head, f'{head}policy.time_zone = "{files}"\n')
    (folder / "cip.toml").write_text(config + QUICK, encoding="utf-8")
    return folder


def ran(folder: Path) -> tuple[dict[str, Any], pa.Table]:
    summary = run(Workspace(folder), actor=local_owner(), progress=Silent())
    (file,) = folder.glob("published/*/features.parquet")
    return json.loads(json.dumps(summary, default=str)), pq.read_table(file).sort_by("customer_id")


@pytest.fixture(scope="module")
def by_hand(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, pa.Table]:
    """Wall times that stand as if they were UTC."""
    return ran(workspace(shop, tmp_path_factory.mktemp("zone") / "utc", lines()))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_a_run_in_a_zone_is_the_run_of_times_shifted_by_hand(
    shop: Path, tmp_path: Path, by_hand: tuple[dict, pa.Table], zone: str
) -> None:
    wanted, expected = by_hand
    summary, features = ran(workspace(shop, tmp_path / "local", lines(), zone, zone))
    assert features.drop_columns(["cutoff"]).equals(expected.drop_columns(["cutoff"]))
    assert features.num_columns > 40
    for key in ("train", "validation", "test", "score"):
        days = [np.atleast_1d(said["calendar"][key]) for said in (summary, wanted)]
        assert [day[:10] for day in days[0]] == [day[:10] for day in days[1]]
    score = datetime.fromisoformat(summary["calendar"]["score"])
    assert score == score.replace(tzinfo=ZoneInfo(zone))
    assert set(features["cutoff"].to_pylist()) == {score}
    assert summary["data"]["first"][:10] == wanted["data"]["first"][:10]
    for part in ("totals", "sensitivity", "cells"):
        assert summary[part] == wanted[part]
    assert summary["workspace"]["time_zone"] == zone


def test_a_date_without_a_time_of_day_is_that_day_of_the_business(
    shop: Path, tmp_path: Path, by_hand: tuple[dict, pa.Table]
) -> None:
    """Midnight in UTC would be the evening before in New York."""
    rows = lines()
    days = rows[WHEN].cast(pa.date32())
    dated = rows.set_column(rows.column_names.index(WHEN), WHEN, days)
    _, features = ran(workspace(shop, tmp_path / "dated", dated, "America/New_York"))
    expected = by_hand[1].drop_columns(["cutoff"])
    assert features.drop_columns(["cutoff"]).equals(expected)


def test_rows_after_as_of_are_those_after_its_last_local_hour(players, tmp_path: Path) -> None:
    late = datetime(2024, 3, 31, 22, 30, tzinfo=UTC)  # 00:30 on the first of April in Berlin
    shown = [late.replace(day=30), late.replace(hour=21), late, late.replace(hour=23)]
    pacsv.write_csv(
        pa.table({"who": ["a"] * 4, "at": shown, "what": ["play"] * 4}), tmp_path / "plays.csv"
    )
    for zone, gone in (("Europe/Berlin", 2), ("UTC", 0)):
        config = players("[snapshot]\nas_of = 2024-03-31\n")
        config = config.replace('currency = "EUR"', f'currency = "EUR"\ntime_zone = "{zone}"')
        (tmp_path / "cip.toml").write_text(config, encoding="utf-8")
        report = check(Workspace(tmp_path), actor=local_owner(), progress=Silent())
        assert sum(f.rows for f in report.findings if f.code == "C-117") == gone
