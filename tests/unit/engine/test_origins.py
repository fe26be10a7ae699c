"""Canonical columns that are renamed, joined, or come from several sources."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.contract.mapping import Source, TableMapping
from cip.engine.canonical import canonicalise
from cip.engine.connect import together
from cip.engine.source import clean_source

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

NOW = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture
def read(con, tmp_path):
    def canonical(name: str, rows: dict[str, Any], **mapping: Any):
        count = len(next(iter(rows.values())))
        table = pa.table({**rows, "source_row": pa.array(range(1, count + 1), pa.int64())})
        pq.write_table(table, tmp_path / f"{name}.parquet")
        source = clean_source(con, tmp_path / f"{name}.parquet", Source(path="file.csv"))
        model = TableMapping.model_validate({"source": "file", **mapping})
        return canonicalise(con, source.rows, name, model, now=NOW).rows

    return canonical


def test_values_are_said_in_other_words_and_the_rest_stay(read) -> None:
    rows = read(
        "interactions",
        {"who": ["a", "b", "c"], "when": ["2024-01-01"] * 3, "clicked": [True, False, None]},
        columns={
            "customer_id": "who",
            "occurred_at": "when",
            "kind": {"column": "clicked", "values": {"True": "click", "False": "impression"}},
        },
    )
    kinds = rows.order_by("customer_id").to_pyarrow()["kind"].to_pylist()
    assert kinds[:2] == ["click", "impression"]


def test_a_name_is_joined_and_empty_parts_are_stepped_over(read) -> None:
    rows = read(
        "customers",
        {"id": ["1", "2", "3"], "first": ["Ann", None, None], "last": ["Lee", "Poe", None]},
        columns={"customer_id": "id", "name": {"join": ["first", "last"]}},
    )
    assert rows.order_by("customer_id").to_pyarrow()["name"].to_pylist() == ["Ann Lee", "Poe", None]


def test_parts_of_one_table_stand_together_and_what_one_lacks_is_empty(read) -> None:
    shared = {"customer_id": "who", "occurred_at": "when"}
    plays = read(
        "interactions",
        {"who": ["a"], "when": ["2024-01-01"], "minutes": [12.5]},
        columns={**shared, "kind": {"constant": "play"}, "value": "minutes"},
    )
    searches = read(
        "interactions",
        {"who": ["b"], "when": ["2024-01-02"]},
        columns={**shared, "kind": {"constant": "search"}},
    )
    rows = together([plays, searches]).order_by("customer_id").to_pyarrow().to_pylist()
    assert [(r["kind"], r["value"]) for r in rows] == [("play", 12.5), ("search", None)]
