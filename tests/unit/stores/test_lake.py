from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.errors import ContractError, NotReadyError, SettingsError
from cip.ports import EventStore
from cip.stores.lake import Lake, LakeSnapshot

START = datetime(2024, 1, 1, tzinfo=UTC)


def payments(n: int = 40, buckets: int = 4, amount: float = 1.0) -> pa.Table:
    return pa.table(
        {
            "customer_id": [f"c{i}" for i in range(n)],
            "occurred_at": pa.array(
                [START + timedelta(days=i) for i in range(n)], pa.timestamp("us", "UTC")
            ),
            "amount": pa.array([amount] * n, pa.float64()),
            "bucket": pa.array([i % buckets for i in range(n)], pa.int32()),
        }
    )


def items(n: int = 5) -> pa.Table:
    return pa.table({"item_id": [f"i{i}" for i in range(n)]})


def now(lake: Lake) -> LakeSnapshot:
    return lake.pinned(lake.versions())


def read(files: list[str]) -> list[dict]:
    return [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def test_a_lake_without_loads_has_no_versions(lake: Lake):
    assert lake.version("transactions") is None
    assert lake.versions() == {}
    assert not now(lake).has("transactions")
    with pytest.raises(NotReadyError, match="transactions holds no data"):
        now(lake).files("transactions")
    with pytest.raises(NotReadyError):
        lake.compact("transactions")


def test_appended_rows_come_back_whole_and_each_load_is_a_version(lake: Lake):
    table = payments()
    assert lake.append("transactions", table.to_reader(max_chunksize=7)) == 0
    assert lake.append("transactions", payments(3).to_reader()) == 1
    first, both = lake.pinned({"transactions": 0}), now(lake)
    expected = table.drop_columns(["bucket"]).to_pylist()
    assert sorted(read(first.files("transactions")), key=lambda r: r["occurred_at"]) == expected
    assert (first.rows("transactions"), both.rows("transactions")) == (40, 43)


def test_a_snapshot_serves_as_the_event_store(lake: Lake):
    lake.append("transactions", payments().to_reader())
    store: EventStore = now(lake)
    assert store.has("transactions")
    assert store.rows_by_bucket("transactions") == {0: 10, 1: 10, 2: 10, 3: 10}
    two = read(store.files("transactions", [1, 3]))
    assert {row["customer_id"] for row in two} == {f"c{i}" for i in range(40) if i % 4 in {1, 3}}
    assert store.files("transactions", [63]) == []


def test_counts_need_the_log_only(lake: Lake):
    lake.append("transactions", payments().to_reader())
    snapshot = now(lake)
    for file in snapshot.files("transactions"):
        Path(file).unlink()
    assert sum(now(lake).rows_by_bucket("transactions").values()) == 40


def test_items_have_no_buckets_and_are_always_read_whole(lake: Lake):
    lake.append("items", items().to_reader())
    snapshot = now(lake)
    assert snapshot.rows_by_bucket("items") == {}
    assert snapshot.rows("items") == 5
    assert len(read(snapshot.files("items", [7]))) == 5


def test_a_pinned_reader_sees_nothing_of_later_commits(lake: Lake):
    lake.append("transactions", payments(4).to_reader())
    lake.append("transactions", payments(4, amount=2.0).to_reader())
    versions = lake.versions()
    snapshot = lake.pinned(versions)
    before = read(snapshot.files("transactions"))
    lake.append("transactions", payments(9).to_reader())
    lake.compact("transactions")
    lake.replace("transactions", payments(1).to_reader())
    again = lake.pinned(versions)
    assert read(snapshot.files("transactions")) == before
    assert again == snapshot
    assert now(lake).rows("transactions") == 1


def test_replace_may_bring_other_columns(lake: Lake):
    lake.append("transactions", payments().to_reader())
    table = payments(2).append_column("transaction_id", pa.array(["a", "b"]))
    assert lake.replace("transactions", table.to_reader()) == 1
    rows = read(now(lake).files("transactions"))
    assert {row["transaction_id"] for row in rows} == {"a", "b"}


def test_compaction_joins_files_and_changes_no_row(lake: Lake):
    for amount in (1.0, 2.0, 3.0):
        lake.append("transactions", payments(amount=amount).to_reader())
    many = now(lake)
    assert lake.compact("transactions") == 3
    few = now(lake)
    assert len(few.files("transactions")) == 4 < len(many.files("transactions"))
    assert few.rows_by_bucket("transactions") == many.rows_by_bucket("transactions")

    def key(row: dict) -> tuple:
        return row["customer_id"], row["amount"]

    assert sorted(read(few.files("transactions")), key=key) == sorted(
        read(many.files("transactions")), key=key
    )
    assert lake.compact("transactions") == 3


@pytest.mark.parametrize(
    ("seen", "type_"),
    [
        (1_704_067_200_000_000_999, pa.timestamp("ns")),
        (1_704_067_200, pa.timestamp("s", "UTC")),
        (1_704_067_200_000, pa.timestamp("ms", "America/New_York")),
    ],
)
def test_every_time_is_stored_as_utc_microseconds(lake: Lake, seen: int, type_: pa.DataType):
    table = payments(1).set_column(1, "occurred_at", pa.array([seen], type_))
    lake.append("transactions", table.to_reader())
    stored = pq.ParquetFile(now(lake).files("transactions")[0]).read()["occurred_at"]
    assert stored.type == pa.timestamp("us", "UTC")
    assert stored.to_pylist() == [START]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.append_column("extra", t["amount"]), "extra was absent .* is double now"),
        (lambda t: t.drop_columns(["amount"]), "amount was double .* is absent now"),
        (lambda t: t.set_column(2, "amount", t["customer_id"]), "was double .* is string now"),
        (lambda t: t.drop_columns(["bucket"]), "needs an int32 column bucket, not None"),
        (lambda t: t.set_column(3, "bucket", t["bucket"].cast("int64")), "int32 .* not int64"),
    ],
)
def test_an_append_of_other_columns_is_refused_and_stores_nothing(lake: Lake, change, said):
    lake.append("transactions", payments().to_reader())
    with pytest.raises(ContractError, match=said):
        lake.append("transactions", change(payments()).to_reader())
    assert lake.version("transactions") == 0


def test_an_unknown_table_and_an_unknown_version_are_said(lake: Lake):
    with pytest.raises(ContractError, match="there is no table"):
        lake.append("../elsewhere", items().to_reader())
    lake.append("items", items().to_reader())
    with pytest.raises(NotReadyError, match="version 9 of items"):
        lake.pinned({"items": 9})
    with pytest.raises(NotReadyError, match="version 0 of customers"):
        lake.pinned({"customers": 0})


def test_the_metadata_of_the_newest_load_outlive_a_compaction(lake: Lake):
    assert lake.last_metadata("items") is None
    lake.append("items", items().to_reader(), {"sha256": "aa"})
    lake.append("items", items().to_reader(), {"sha256": "bb", "rows": 5})
    lake.compact("items")
    assert lake.last_metadata("items") == {"sha256": "bb", "rows": 5}


@pytest.mark.parametrize("name", ["two words", "Größe", "a#b", "q?", "a+b & c"])
def test_a_folder_with_an_unusual_name_gives_paths_that_exist(tmp_path: Path, name: str):
    lake = Lake(tmp_path / name / "lake")
    lake.append("transactions", payments().to_reader())
    assert all(Path(file).is_file() for file in now(lake).files("transactions"))


@pytest.mark.parametrize("name", ["100%41", "a[1]", "a|b"])
def test_a_folder_that_the_library_cannot_take_is_refused_in_words(tmp_path: Path, name: str):
    with pytest.raises(SettingsError, match="cannot live in"):
        Lake(tmp_path / name)


def test_a_load_that_fails_half_way_stores_nothing(lake: Lake):
    def broken() -> Iterator[pa.RecordBatch]:
        yield from payments().to_batches()
        raise RuntimeError("the source broke")

    lake.append("transactions", payments().to_reader())
    with pytest.raises(Exception, match="the source broke"):
        lake.append("transactions", pa.RecordBatchReader.from_batches(payments().schema, broken()))
    assert lake.version("transactions") == 0
    assert now(lake).rows("transactions") == 40


WRITER = """
import sys
from pathlib import Path
import pyarrow as pa
from cip.stores.lake import Lake

def batches():
    for number in range(12):
        print(number, flush=True)
        n = 20_000
        yield pa.record_batch({
            "customer_id": [str(i) for i in range(n)],
            "amount": pa.array([1.0] * n),
            "bucket": pa.array([number % 4] * n, pa.int32()),
        })
    print("end", flush=True)

rows = batches()
first = next(rows)
def again():
    yield first
    yield from rows
reader = pa.RecordBatchReader.from_batches(first.schema, again())
Lake(Path(sys.argv[1])).append("transactions", reader)
"""
ALL_ROWS = 12 * 20_000


def kill_when_it_says(folder: Path, word: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert any(line.strip() == word for line in child.stdout)
        child.send_signal(signal.SIGKILL)
    assert child.returncode in {0, -signal.SIGKILL}


def test_a_writer_killed_at_any_moment_leaves_the_earlier_version_readable(tmp_path: Path):
    lake = Lake(tmp_path / "lake")
    kill_when_it_says(lake.path, "6")
    assert lake.version("transactions") is None

    small = payments(8).drop_columns(["occurred_at"])
    lake.append("transactions", small.to_reader())
    for word in ("1", "9", "end"):
        before = now(lake).rows("transactions")
        kill_when_it_says(lake.path, word)
        after = now(lake)
        gained = after.rows("transactions") - before
        assert gained in ({0, ALL_ROWS} if word == "end" else {0})
        assert len(read(after.files("transactions"))) == after.rows("transactions")

    version = lake.version("transactions")
    assert version is not None
    assert lake.append("transactions", small.to_reader()) == version + 1
