"""A user's rows are read, checked and given their buckets on Spark as on DuckDB.

No flow does so today.  What flows ask of Spark is in `tests/contract/test_engines.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.spark_session import QUIET, spark_at

from cip.columns import OCCURRED_AT, SOURCE_ROW, STARTED_AT
from cip.contract.mapping import Overlap, Source, TableMapping
from cip.engine.bucket import bucket_expr, bucket_of
from cip.engine.canonical import canonicalise
from cip.engine.connect import connect, read_files
from cip.engine.cross_checks import cross_checks
from cip.engine.source import clean_source
from cip.testing.engine_world import write_world
from cip.types import Finding

pytestmark = [pytest.mark.spark, *QUIET]

START = datetime(2022, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def spark() -> Iterator[ibis.BaseBackend]:
    yield from spark_at("local[2]")


@pytest.fixture(scope="module")
def duck() -> Iterator[ibis.BaseBackend]:
    con = connect(threads=2)
    yield con
    con.disconnect()


def canonical_of(con: ibis.BaseBackend, staged: Path) -> tuple[list[dict[str, Any]], list[Finding]]:
    source = clean_source(con, staged, Source(path="book", overlap=Overlap(part="sheet")))
    mapping = TableMapping.model_validate(
        {
            "source": "book",
            "columns": {
                "customer_id": "who",
                "occurred_at": "when",
                "kind": {"constant": "buy"},
                "item_id": "what",
                "value": {"product": ["pieces", "price"]},
            },
            "limits": {"value": [-4, 100]},
            "policy": {"guests": "drop", "bad_values": "drop"},
        }
    )
    as_of = date(2021, 12, 31)
    made = canonicalise(con, source.rows, "interactions", mapping, now=START, as_of=as_of)
    rows = made.rows.order_by(SOURCE_ROW).to_pyarrow().to_pylist()
    for row in rows:  # Spark gives UTC times without saying so
        row["occurred_at"] = row["occurred_at"].replace(tzinfo=UTC)
    return rows, [*source.findings, *made.findings]


def test_duckdb_and_spark_find_the_same_contradictions(spark, duck, tmp_path) -> None:
    store = write_world(tmp_path / "world", customers=80, events=3_000)

    def found(con: ibis.BaseBackend) -> list[Finding]:
        names = ("interactions", "customers", "items", "subscriptions")
        tables = {name: read_files(con, store.files(name)) for name in names}
        for name, time in (("interactions", OCCURRED_AT), ("subscriptions", STARTED_AT)):
            number = tables[name][time].epoch_seconds().floor().cast("int64")
            tables[name] = tables[name].mutate(number.name(SOURCE_ROW))
        tables["items"] = tables["items"].mutate(duration_minutes=ibis.literal(30.0, "float64"))
        return cross_checks(con, tables)

    counted = [
        [(f.code, f.column, f.rows, f.total_rows, f.first_row) for f in found(con)]
        for con in (duck, spark)
    ]
    assert counted[0] == counted[1]
    assert {code for code, *_ in counted[0]} >= {"C-130", "C-131", "C-132"}


def test_duckdb_and_spark_read_a_users_file_alike(spark, duck, tmp_path) -> None:
    lines = [
        # sheet, who, when, what, pieces, price
        ("1", "7.0", "2021-01-05 10:00", " tea ", "2", "0.1"),
        ("1", "7", "2021-01-05T10:00:00.123456+02:00", "", "1", "2.50"),
        ("1", "", "2021-01-05", "tea", "1", "1"),
        ("1", "8", "soon", "tea", "1", "1"),
        ("2", "8", "2021-01-05", "tea", "x", "1"),
        ("2", "8", "2021-01-05", "tea", "inf", "1"),
        ("2", "8", "1980-01-05", "tea", "1", "1"),
        ("2", "8", "2023-01-05", "tea", "1", "1"),
        ("2", "é", "2021-01-06", None, "-3", "1.5"),
        ("2", "é", "2021-01-06", None, "-3", "1.5"),
        ("2", "7.0", "2021-01-05 10:00", " tea ", "2", "0.1"),
    ]
    names = ("sheet", "who", "when", "what", "pieces", "price")
    columns = {
        n: pa.array(v, pa.string()) for n, v in zip(names, zip(*lines, strict=True), strict=True)
    }
    columns["source_row"] = pa.array(range(1, len(lines) + 1), pa.int64())
    pq.write_table(pa.table(columns), tmp_path / "staged.parquet")
    one, other = (canonical_of(con, tmp_path / "staged.parquet") for con in (duck, spark))
    assert [row["source_row"] for row in one[0]] == [1, 2, 9, 10]
    assert len(one[1]) >= 9
    assert one == other


def test_spark_puts_a_customer_into_the_bucket_that_python_says(spark, tmp_path) -> None:
    ids = [*(str(n) for n in range(500)), "", "Åsa", "客户-7", "👩‍🚀"]
    pq.write_table(pa.table({"customer_id": ids}), tmp_path / "ids.parquet")
    rows = read_files(spark, [str(tmp_path / "ids.parquet")])
    made = rows.select("customer_id", bucket=bucket_expr(rows["customer_id"])).to_pyarrow()
    seen = dict(zip(made["customer_id"].to_pylist(), made["bucket"].to_pylist(), strict=True))
    assert seen == {customer_id: bucket_of(customer_id) for customer_id in ids}
