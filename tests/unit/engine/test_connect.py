from __future__ import annotations

import duckdb
import ibis
import pytest

from cip.engine.connect import materialise, read_files

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


def test_the_session_is_utc_and_draws_no_progress_bar(con: ibis.BaseBackend) -> None:
    assert con.settings["TimeZone"] == "UTC"
    assert con.settings["enable_progress_bar"] in (False, "false")


@pytest.mark.parametrize("setting", ["threads", "autoload_known_extensions", "TimeZone"])
def test_no_setting_can_be_changed_afterwards(con: ibis.BaseBackend, setting: str) -> None:
    with pytest.raises(duckdb.InvalidInputException, match="locked"):
        con.settings[setting] = "1"


def test_files_with_columns_in_another_order_are_read_as_one_table(con, tmp_path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": [1], "b": ["x"]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"b": ["y"], "a": [2]}), tmp_path / "2.parquet")
    files = [str(tmp_path / "1.parquet"), str(tmp_path / "2.parquet")]
    rows = read_files(con, files).order_by("a").to_pyarrow().to_pylist()
    assert rows == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


def test_materialised_rows_outlive_their_file(con, tmp_path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": [1, 2]}), tmp_path / "1.parquet")
    kept = materialise(con, read_files(con, [str(tmp_path / "1.parquet")]))
    (tmp_path / "1.parquet").unlink()
    assert kept.count().to_pyarrow().as_py() == 2
