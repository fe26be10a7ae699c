"""`cip run` on Spark from the first file to the published run, beside the same on DuckDB."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.integration.invoices import write_lines

pytestmark = pytest.mark.spark

QUICK = """
[churn]
candidates = ["logistic_regression"]
also = [{ kind = "inactivity", active_kinds = ["purchase"] }]
"""


def workspace(shop: Path, folder: Path, engine: str) -> Path:
    """A third of the shop's customers, and one candidate."""
    folder.mkdir()
    write_lines(folder, customers=300, days=600, seed=3)
    config = (shop / "cip.toml").read_text(encoding="utf-8")
    config = config.replace("draws = 100", f'draws = 50\nengine = "{engine}"')
    (folder / "cip.toml").write_text(config + QUICK, encoding="utf-8")
    return folder


def ran(cip, folder: Path) -> tuple[dict[str, Any], str]:
    ended = cip("run", "-w", folder, "--json")
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout), ended.stderr


def test_a_run_on_spark_publishes_what_a_run_on_duckdb_does(
    shop: Path, cip, tmp_path, monkeypatch
) -> None:
    # Java's second compiler does not pay for itself in a minute
    monkeypatch.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    one, _ = ran(cip, workspace(shop, tmp_path / "duckdb", "duckdb"))
    other, said = ran(cip, workspace(shop, tmp_path / "spark", "spark"))
    assert other["config"]["run"]["engine"] == "spark"
    assert other["data"]["rows"] == one["data"]["rows"]
    for part in ("calendar", "sensitivity"):
        assert other[part] == one[part]
    assert len(other["sensitivity"]) > 4
    assert other["totals"]["customers"] == one["totals"]["customers"] > 100
    for name in ("clv", "expected_value_loss"):
        told = [run["totals"][name]["value"] for run in (one, other)]
        assert told[1] == pytest.approx(told[0], rel=1e-6)
    assert features(tmp_path / "spark") == pytest.approx(features(tmp_path / "duckdb"), rel=1e-9)
    # Spark's chatter stays out of the terminal
    assert "WARN" not in said
    assert "log4j" not in said


def features(folder: Path) -> list[float]:
    (file,) = folder.glob("published/*/features.parquet")
    rows = pq.read_table(file).sort_by("customer_id")
    numbers = [name for name in rows.column_names if pa.types.is_floating(rows[name].type)]
    assert len(numbers) > 40
    return [value or 0.0 for name in numbers for value in rows[name].to_pylist()]


def test_without_java_a_run_stops_before_it_reads_anything(
    shop: Path, cip, tmp_path, monkeypatch
) -> None:
    folder = tmp_path / "ws"
    folder.mkdir()
    for name in ("lines.csv", "cip.toml"):  # other tests have run in the shop's own folder
        shutil.copy(shop / name, folder)
    config = (folder / "cip.toml").read_text(encoding="utf-8")
    config = config.replace("draws = 100", 'draws = 100\nengine = "spark"')
    (folder / "cip.toml").write_text(config, encoding="utf-8")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    ended = cip("run", "-w", folder)
    assert ended.returncode != 0
    assert "S-131" in ended.stderr
    assert "openjdk-17" in ended.stderr
    assert not (folder / "lake" / "transactions").exists()
