"""Further tables of a run are read by name, one customer or whole; a run may lack them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.stores.run_tables import RunTables


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[RunTables]:
    cutoff = pa.array([np.datetime64("2024-01-01", "us")] * 4).cast(pa.timestamp("us", "UTC"))
    features = {
        "customer_id": ["a", "b", "a'; --", "d"],
        "cutoff": cutoff,
        "days": pa.array([1.0, 2.0, None, 9.0]),
        "country": ["DE", "FR", "DE", None],
    }
    pq.write_table(pa.table(features), tmp_path / "features.parquet")
    opened = RunTables(tmp_path)
    yield opened
    opened.close()


def test_one_customer_s_rows_come_with_their_times(tables: RunTables) -> None:
    (row,) = tables.rows("features", "b")
    assert (row["days"], row["country"], row["cutoff"].year) == (2.0, "FR", 2024)
    assert tables.rows("features", "nobody") == []


def test_an_id_is_a_value_and_never_a_command(tables: RunTables) -> None:
    (row,) = tables.rows("features", "a'; --")
    assert row["days"] is None


def test_typical_is_the_median_of_numbers_and_the_most_frequent_of_the_rest(
    tables: RunTables,
) -> None:
    assert tables.typical("features") == {"days": 2.0, "country": "DE"}


def test_of_what_most_have_no_value_none_is_typical(tmp_path: Path) -> None:
    rare = {"customer_id": ["a", "b", "c"], "failed": [1.0, None, None], "plan": [None, None, "x"]}
    pq.write_table(pa.table(rare), tmp_path / "features.parquet")
    opened = RunTables(tmp_path)
    assert opened.typical("features") == {"failed": None, "plan": None}
    opened.close()


def test_whole_columns_come_as_arrays(tables: RunTables) -> None:
    assert list(tables.columns("features", "customer_id")["customer_id"]) == [
        "a",
        "b",
        "a'; --",
        "d",
    ]


def test_a_table_that_the_run_lacks_is_empty(tables: RunTables) -> None:
    assert tables.names == ["features"]
    assert tables.rows("recommendations", "a") == []
    assert tables.columns("curve_roc") == {}
    assert tables.typical("recommendations") == {}


def test_no_file_outside_the_folder_is_read(tables: RunTables, tmp_path: Path) -> None:
    other = tmp_path.parent / f"{tmp_path.name}-other.parquet"
    pq.write_table(pa.table({"secret": [1]}), other)
    with pytest.raises(duckdb.PermissionException):
        tables._db.cursor().read_parquet(str(other)).fetchall()


def test_texts_are_asked_for_by_key_and_a_key_is_never_a_command(tables: RunTables) -> None:
    asked = {"a", "a'; --", "nobody"}
    found = tables.texts("features", "country", by="customer_id", of=asked)
    assert found == {"a": "DE", "a'; --": "DE"}
    assert tables.texts("features", "country", by="customer_id", of=()) == {}
    assert tables.texts("recommendations", "title", by="item_id", of=asked) == {}
