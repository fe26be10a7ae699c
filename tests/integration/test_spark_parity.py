"""One definition of features and labels gives the same frame on DuckDB and on Spark."""

from __future__ import annotations

import gc
import importlib.util
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.columns import OCCURRED_AT, SOURCE_ROW
from cip.contract.config import LabelRule
from cip.contract.mapping import Overlap, Source, TableMapping
from cip.engine.bucket import bucket_expr, bucket_of
from cip.engine.canonical import canonicalise
from cip.engine.connect import connect, connect_spark, read_files
from cip.engine.cross_checks import cross_checks
from cip.engine.days import day_numbers
from cip.engine.eligibility import eligible
from cip.engine.events import read_events
from cip.engine.features import CATALOGUE
from cip.engine.histories import consumed, histories, item_texts, ratings
from cip.engine.labels import with_churned
from cip.engine.snapshot import labelled_frame
from cip.engine.source import clean_source
from cip.engine.subscriptions import running_spells
from cip.types import FeatureInfo, Finding, LabelledFrame

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"),
    # pyspark 4.0 speaks to pandas 3 in words that pandas 4 will not know
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
    # py4j leaves its sockets to the garbage collector
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]

START = datetime(2022, 1, 1, tzinfo=UTC)
CUTOFFS = [START + timedelta(days=days) for days in (200, 430, 610)]
TIME = pa.timestamp("us", "UTC")
KINDS = ["play", "play", "rate", "search", "impression", "click", "payment_failed"]
RULES = [
    LabelRule(),
    LabelRule(kind="inactivity", active_kinds=("play", "rate")),
    LabelRule(kind="cancellation"),
    LabelRule(kind="given", column="country", left=("fr",)),
]


@dataclass(frozen=True)
class TwoFileStore:
    """An EventStore with two files a table, one for each of two buckets."""

    folder: Path

    def has(self, table: str) -> bool:
        return bool(self.files(table))

    def files(self, table: str, buckets: Sequence[int] | None = None) -> list[str]:
        numbers = (0, 1) if buckets is None else buckets
        paths = (self.folder / f"{table}-{number}.parquet" for number in numbers)
        return [str(path) for path in paths if path.exists()]

    def rows_by_bucket(self, table: str) -> dict[int, int]:
        return {n: pq.read_metadata(path).num_rows for n, path in enumerate(self.files(table))}


def write(folder: Path, table: str, columns: dict[str, pa.Array]) -> None:
    rows = pa.table(columns)
    middle = len(rows) // 2
    pq.write_table(rows.slice(0, middle), folder / f"{table}-0.parquet")
    pq.write_table(rows.slice(middle), folder / f"{table}-1.parquet")


def spells(rng: np.random.Generator, n: int) -> dict[str, pa.Array]:
    """Spells that begin at n different instants, some without end, price or plan."""
    began = [START + timedelta(days=int(day)) for day in rng.integers(0, 650, n)]
    began = [when + timedelta(microseconds=number) for number, when in enumerate(began)]
    days = rng.choice([0, 30, 200, 900], n)
    late = rng.choice([0, 0, 20], n)
    ended = [b + timedelta(days=int(d)) if d else None for b, d in zip(began, days, strict=True)]
    known = [b + timedelta(days=int(d)) for b, d in zip(began, late, strict=True)]
    return {
        "customer_id": pa.array([f"ü-{number}" for number in rng.integers(0, 80, n)]),
        "started_at": pa.array(began, TIME),
        "ended_at": pa.array(ended, TIME),
        "known_at": pa.array(known, TIME),
        "plan": pa.array([[None, "basic", "full"][code] for code in rng.integers(0, 3, n)]),
        "price": pa.array(rng.choice([np.nan, 7.99, 12.99], n), from_pandas=True),
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> TwoFileStore:
    """80 customers over two years, with late, empty, zero and last-microsecond rows."""
    folder, rng = tmp_path_factory.mktemp("lake"), np.random.default_rng(5)

    def times(n: int) -> dict[str, pa.Array]:
        edges = rng.choice([0, 1, 43_200_123_456, 86_399_999_999], n)
        late = rng.choice([0, 0, 0, 20 * 86_400_000_000, 5_000_000], n)
        occurred = [
            START + timedelta(days=int(day), microseconds=int(edge))
            for day, edge in zip(rng.integers(0, 700, n), edges, strict=True)
        ]
        known = [o + timedelta(microseconds=int(x)) for o, x in zip(occurred, late, strict=True)]
        return {"occurred_at": pa.array(occurred, TIME), "known_at": pa.array(known, TIME)}

    def customers(n: int) -> pa.Array:
        return pa.array([f"ü-{number}" for number in rng.integers(0, 80, n)])

    amounts = np.round(rng.lognormal(3, 1, 1500) * rng.choice([1, 1, 1, -0.5, 0], 1500), 2)
    write(
        folder,
        "transactions",
        {"customer_id": customers(1500), **times(1500), "amount": pa.array(amounts)},
    )
    items = [None if item == 9 else f"item {item}" for item in rng.integers(0, 10, 3000)]
    write(
        folder,
        "interactions",
        {
            "customer_id": customers(3000),
            **times(3000),
            "kind": pa.array(rng.choice(KINDS, 3000)),
            "item_id": pa.array(items),
            "quantity": pa.array(rng.choice([-1.0, 0.1, 2.5], 3000)),
            "value": pa.array(rng.choice([np.nan, 0.1, 3.0, 47.3], 3000), from_pandas=True),
        },
    )
    write(folder, "subscriptions", spells(rng, 200))
    write(
        folder,
        "items",
        {
            "item_id": pa.array([f"item {item}" for item in range(9)]),
            "title": pa.array([f"title {item}" for item in range(9)]),
            "category": pa.array(["x", "y", None] * 3),
        },
    )
    write(
        folder,
        "customers",
        {
            "customer_id": pa.array([f"ü-{number}" for number in range(60)]),
            "country": pa.array(["DE", "FR", None] * 20),
            "age": pa.array([31.5, None] * 30),
        },
    )
    return TwoFileStore(folder)


@pytest.fixture(scope="module")
def spark() -> Iterator[ibis.BaseBackend]:
    if importlib.util.find_spec("pyspark") is None:
        reason = "pyspark is missing: pip install 'customer-intelligence-platform[spark]'"
        if os.environ.get("CIP_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    con = connect_spark("local[2]")
    yield con
    con._session.stop()
    del con
    gc.collect()  # here, where the warning about sockets is expected, not in a later test


def frame_of(
    con: ibis.BaseBackend, store: TwoFileStore
) -> tuple[LabelledFrame, tuple[FeatureInfo, ...]]:
    return labelled_frame(
        con,
        store,
        CUTOFFS,
        horizon_days=60,
        data_end=START + timedelta(days=700),
        active_days=150,
        rows_per_pass=10**6,
        attributes=["country", "age"],
    )


@pytest.fixture(scope="module")
def duck() -> Iterator[ibis.BaseBackend]:
    con = connect(threads=2)
    yield con
    con.disconnect()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.kind)
def test_duckdb_and_spark_give_the_same_labels(spark, duck, store, rule: LabelRule) -> None:
    def labels(con: ibis.BaseBackend) -> list[dict[str, Any]]:
        events = read_events(con, store, [0, 1])
        pairs = eligible(events, rule, day_numbers(CUTOFFS), active_days=150)
        rows = with_churned(pairs, events, rule, horizon_days=60)
        return rows.order_by(["cutoff_day", "customer_id"]).to_pyarrow().to_pylist()

    one, other = labels(duck), labels(spark)
    assert one == other
    assert {row["churned"] for row in one} == {0, 1}
    assert len(one) > 100


def test_duckdb_and_spark_give_the_same_frame(spark, duck, store) -> None:
    one, infos = frame_of(duck, store)
    other, other_infos = frame_of(spark, store)

    assert infos == other_infos
    assert {feature.info for feature in CATALOGUE} <= set(infos)
    assert len(one) > 100  # an empty join would agree about everything
    assert one.features.customer_id.tolist() == other.features.customer_id.tolist()
    np.testing.assert_array_equal(one.features.cutoff, other.features.cutoff)
    np.testing.assert_array_equal(one.churned, other.churned)
    np.testing.assert_allclose(one.future_value, other.future_value, rtol=1e-9, atol=1e-9)
    for info in infos:
        left, right = one.features.columns[info.name], other.features.columns[info.name]
        if info.kind == "category":
            assert left.tolist() == right.tolist()
            continue
        np.testing.assert_array_equal(np.isnan(left), np.isnan(right), err_msg=info.name)
        difference = np.abs(left - right) / np.maximum(np.abs(left), 1)
        assert np.nanmax(difference, initial=0) <= 1e-9, info.name
    assert any(np.isnan(one.features.columns[i.name]).any() for i in infos if i.kind == "number")


def test_duckdb_and_spark_tell_the_same_histories_and_spells(spark, duck, store) -> None:
    cutoff = CUTOFFS[1]
    made = [
        (
            histories(con, store, cutoff, kinds=["play"]).to_pylist(),
            consumed(con, store, cutoff, 30, ["play", "rate"]).to_pylist(),
            ratings(con, store, cutoff).to_pylist(),
            item_texts(con, store).to_pylist(),
        )
        for con in (duck, spark)
    ]
    assert made[0] == made[1]
    assert all(len(rows) > 5 for rows in made[0])
    one, other = (running_spells(con, store, cutoff, rows_per_pass=10**6) for con in (duck, spark))
    assert one.customer_id.tolist() == other.customer_id.tolist()
    np.testing.assert_array_equal(one.price, other.price)
    np.testing.assert_array_equal(one.age_days, other.age_days)
    assert len(one) > 5


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


def test_duckdb_and_spark_find_the_same_contradictions(spark, duck, store) -> None:
    def found(con: ibis.BaseBackend) -> list[Finding]:
        names = ("interactions", "customers", "items", "subscriptions")
        tables = {name: read_files(con, store.files(name)) for name in names}
        number = tables["interactions"][OCCURRED_AT].epoch_seconds().floor().cast("int64")
        tables["interactions"] = tables["interactions"].mutate(number.name(SOURCE_ROW))
        tables["items"] = tables["items"].mutate(duration_minutes=ibis.literal(30.0, "float64"))
        return cross_checks(con, tables)

    counted = [
        [(f.code, f.column, f.rows, f.total_rows, f.first_row) for f in found(con)]
        for con in (duck, spark)
    ]
    assert counted[0] == counted[1]
    assert {code for code, *_ in counted[0]} == {"C-130", "C-131", "C-132"}


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
    assert len(one[1]) == 9
    assert one == other


def test_spark_puts_a_customer_into_the_bucket_that_python_says(spark, tmp_path) -> None:
    ids = [*(str(n) for n in range(500)), "", "Åsa", "客户-7", "👩‍🚀"]
    pq.write_table(pa.table({"customer_id": ids}), tmp_path / "ids.parquet")
    rows = read_files(spark, [str(tmp_path / "ids.parquet")])
    made = rows.select("customer_id", bucket=bucket_expr(rows["customer_id"])).to_pyarrow()
    seen = dict(zip(made["customer_id"].to_pylist(), made["bucket"].to_pylist(), strict=True))
    assert seen == {customer_id: bucket_of(customer_id) for customer_id in ids}
