"""Days of a business elsewhere are on Spark what they are on DuckDB, which has other functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.spark_session import QUIET, spark_at

from cip.engine.connect import connect, read_files
from cip.engine.days import day_known, day_of
from cip.engine.zones import as_wall, changes, days_later
from cip.testing.agree import disagreements
from cip.testing.engine_answers import TOPICS
from cip.testing.engine_world import FolderStore, write_world

pytestmark = [pytest.mark.spark, *QUIET]

ZONES = ("Europe/Berlin", "Asia/Beirut", "Australia/Lord_Howe")
TICK = timedelta(microseconds=1)


@pytest.fixture(scope="module")
def spark() -> Iterator[ibis.BaseBackend]:
    yield from spark_at("local[2]")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    folder = tmp_path_factory.mktemp("zone") / "world"
    return write_world(folder, customers=100, events=8_000)


@pytest.mark.parametrize("zone", ZONES)
def test_days_and_times_of_a_zone_are_those_of_its_clocks(
    spark: ibis.BaseBackend, tmp_path: Path, zone: str
) -> None:
    shifts = (-TICK, timedelta(0), timedelta(minutes=59), timedelta(hours=-3), timedelta(hours=3))
    instants = [change.at + shift for change in changes(zone) for shift in shifts]
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"t": pa.array(instants, pa.timestamp("us", "UTC"))}), path)
    rows = read_files(spark, [str(path)])
    asked = rows.select(
        "t",
        day=day_of(rows["t"], zone).cast("int64"),
        known=day_known(rows["t"], zone).cast("int64"),
        wall=as_wall(rows["t"], zone),
        later=days_later(rows["t"], -30, zone),
    )
    info = ZoneInfo(zone)
    for row in asked.to_pyarrow().to_pylist():
        local = row["t"].replace(tzinfo=UTC).astimezone(info)
        assert row["day"] == row["known"] == (local.date() - date(1970, 1, 1)).days
        assert row["wall"].replace(tzinfo=None) == local.replace(tzinfo=None)
        earlier = (local.replace(fold=0) - timedelta(days=30)).astimezone(UTC)
        assert row["later"].replace(tzinfo=UTC) == earlier


@pytest.mark.parametrize(
    "topic",
    [
        "labels under the other rules",
        "cohort triangles",
        "lengths of spells",
        "last ratings",
    ],
)
def test_a_business_in_a_zone_is_told_the_same_by_spark(
    spark: ibis.BaseBackend, world: FolderStore, topic: str
) -> None:
    store, duck = replace(world, zone="Asia/Beirut"), connect(threads=2)
    try:
        expected = TOPICS[topic].ask(duck, store, 10**9)
    finally:
        duck.disconnect()
    found = TOPICS[topic].ask(spark, store, 10**9)
    assert disagreements(expected, found, TOPICS[topic].keys) == []
