from __future__ import annotations

import duckdb
import ibis
import pyarrow as pa
import pytest

from cip.engine.connect import keep_only, materialise, named, read_files

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


def test_the_session_is_utc_and_draws_no_progress_bar(con: ibis.BaseBackend) -> None:
    assert con.settings["TimeZone"] == "UTC"
    assert con.settings["enable_progress_bar"] in (False, "false")


@pytest.mark.parametrize("setting", ["threads", "autoload_known_extensions", "TimeZone"])
def test_no_setting_can_be_changed_afterwards(con: ibis.BaseBackend, setting: str) -> None:
    with pytest.raises(duckdb.InvalidInputException, match="locked"):
        con.settings[setting] = "1"


def test_files_with_columns_in_another_order_are_read_as_one_table(con, tmp_path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": [1], "b": ["x"]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"b": ["y"], "a": [2]}), tmp_path / "2.parquet")
    files = [str(tmp_path / "1.parquet"), str(tmp_path / "2.parquet")]
    rows = read_files(con, files).order_by("a").to_pyarrow().to_pylist()
    assert rows == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


def test_materialised_rows_outlive_their_file(con, tmp_path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": [1, 2]}), tmp_path / "1.parquet")
    kept = materialise(con, read_files(con, [str(tmp_path / "1.parquet")]))
    (tmp_path / "1.parquet").unlink()
    assert kept.count().to_pyarrow().as_py() == 2


def _two_rows() -> ibis.Table:
    return ibis.memtable(pa.table({"a": [1, 2]}))


def test_what_nobody_needs_any_more_gives_its_memory_back(con) -> None:
    first = materialise(con, _two_rows())
    materialise(con, first.mutate(b=first.a + 1))
    last = materialise(con, first.filter(first.a > 1))
    needed = last.mutate(c=last.a * 2)
    keep_only(con, [needed])
    there = con.raw_sql("SELECT table_name FROM duckdb_tables()").fetchall()
    assert [name for (name,) in there if name.startswith("kept_")] == [last.op().name]
    assert needed.to_pyarrow().to_pylist() == [{"a": 2, "c": 4}]


def test_nothing_is_given_back_under_a_view(con) -> None:
    kept = materialise(con, _two_rows())
    seen = named(con, kept.filter(kept.a > 1))
    keep_only(con, [seen])
    assert seen.to_pyarrow().to_pylist() == [{"a": 2}]
