from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cip.stores.lake import Lake
from cip.stores.lake_files import write_files


def rows(buckets: list[int], **more) -> pa.Table:
    return pa.table(
        {
            "customer_id": [f"c{place}" for place in range(len(buckets))],
            "row_key": [f"k{place}" for place in range(len(buckets))],
            **more,
            "bucket": pa.array(buckets, pa.int32()),
        }
    )


def test_sorted_rows_make_one_file_a_bucket_without_the_bucket(tmp_path: Path) -> None:
    table = rows([0] * 5 + [3] * 2 + [7] * 4)
    added = write_files(
        tmp_path, pa.RecordBatchReader.from_batches(table.schema, table.to_batches(3))
    )
    assert [(a.partition_values, a.stats) for a in added] == [
        ({"bucket": "0"}, '{"numRecords": 5}'),
        ({"bucket": "3"}, '{"numRecords": 2}'),
        ({"bucket": "7"}, '{"numRecords": 4}'),
    ]
    made = [pq.ParquetFile(tmp_path / a.path).read() for a in added]
    assert made[0].column_names == ["customer_id", "row_key"]
    assert pa.concat_tables(made).equals(table.drop_columns(["bucket"]))
    assert [a.size for a in added] == [(tmp_path / a.path).stat().st_size for a in added]


def test_rows_that_are_not_sorted_are_all_there(tmp_path: Path) -> None:
    table = rows([5, 1, 5, 1, 2])
    added = write_files(tmp_path, table.to_reader())
    found = {
        (a.partition_values["bucket"], key)
        for a in added
        for key in pq.ParquetFile(tmp_path / a.path).read()["row_key"].to_pylist()
    }
    assert found == {("5", "k0"), ("1", "k1"), ("5", "k2"), ("1", "k3"), ("2", "k4")}


def test_no_rows_make_no_file(tmp_path: Path) -> None:
    assert write_files(tmp_path, rows([]).to_reader()) == []
    assert list(tmp_path.iterdir()) == []


def test_a_column_that_is_needed_later_is_null_in_earlier_files(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.append("transactions", rows([0, 1]).to_reader())
    later = rows([1, 2], revision=pa.array([1, 1], pa.int32()))
    lake.append("transactions", later.to_reader())
    lake.append("transactions", rows([2, 3]).to_reader())
    files = lake.pinned(lake.versions()).files("transactions")
    made = pa.concat_tables(
        [pq.ParquetFile(file).read() for file in files], promote_options="default"
    )
    assert sorted(made["revision"].to_pylist(), key=str) == [1, 1, None, None, None, None]
    lake.compact("transactions")
    assert lake.pinned(lake.versions()).rows("transactions") == 6


def test_rewriting_some_buckets_leaves_the_others(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.append("transactions", rows([0, 1, 2]).to_reader())
    moved = rows([2]).append_column("original_id", pa.array(["c9"]))
    version = lake.rewrite("transactions", [1, 2], moved.to_reader())
    snapshot = lake.pinned({"transactions": version})
    assert snapshot.rows_by_bucket("transactions") == {0: 1, 2: 1}
    assert lake.pinned({"transactions": version - 1}).rows("transactions") == 3
