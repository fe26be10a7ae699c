"""Attributes that differ between two versions of the customers table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.engine.changes import changed_attributes

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


def write(path: Path, **columns: Any) -> list[str]:
    pq.write_table(pa.table(columns), path)
    return [str(path)]


def test_values_that_come_go_or_differ_have_changed(con, tmp_path: Path) -> None:
    old = write(
        tmp_path / "old.parquet",
        customer_id=["a", "b", "c", "d", "gone"],
        reason=[None, None, "x", "y", "z"],
        age=pa.array([1.0, 2.0, 3.0, None, 5.0]),
    )
    new = write(
        tmp_path / "new.parquet",
        customer_id=["d", "new", "c", "b", "a"],
        reason=["y", "q", None, "moved", None],
        age=pa.array([None, 9.0, 3.5, 2.0, 1.0]),
        fresh=[1, 2, 3, 4, 5],
    )
    changes = changed_attributes(con, old, new, ["reason", "age", "fresh", "absent"])
    assert changes.customer_id.tolist() == ["a", "b", "c", "d"]
    assert set(changes.changed) == {"reason", "age"}
    assert changes.changed["reason"].tolist() == [False, True, True, False]
    assert changes.changed["age"].tolist() == [False, False, True, False]


def test_rows_find_their_customer_and_strangers_have_changed_nothing(con, tmp_path: Path) -> None:
    old = write(tmp_path / "o.parquet", customer_id=["a", "b"], plan=["x", "x"])
    new = write(tmp_path / "n.parquet", customer_id=["a", "b"], plan=["x", "y"])
    changes = changed_attributes(con, old, new, ["plan"])
    rows = np.array(["b", "zz", "a", "b", ""], dtype=object)
    assert changes.of(rows)["plan"].tolist() == [True, False, False, True, False]


def test_a_number_that_was_read_as_text_before_is_compared_as_text(con, tmp_path: Path) -> None:
    old = write(tmp_path / "o.parquet", customer_id=["a", "b"], n=["1", "2"])
    new = write(tmp_path / "n.parquet", customer_id=["a", "b"], n=[1, 3])
    assert changed_attributes(con, old, new, ["n"]).changed["n"].tolist() == [False, True]
