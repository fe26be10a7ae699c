"""The defects of the public streaming data set are found, each with the count that was measured."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import ibis
import pytest

from cip.contract.mapping import Source, TableMapping
from cip.engine.canonical import canonicalise
from cip.engine.connect import together
from cip.engine.cross_checks import cross_checks
from cip.engine.rule import Checked
from cip.engine.source import clean_source
from cip.sources.files import stage

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"),
]

NOW = datetime(2026, 6, 1, tzinfo=UTC)  # later than every date: only the stated end counts
AS_OF = date(2025, 6, 30)
WHO = {"customer_id": "user_id"}
TABLES: dict[str, tuple[str, dict[str, Any]]] = {
    "users": (
        "customers",
        {
            "columns": WHO,
            "attributes": {"age": "age", "is_active": "is_active"},
            "limits": {"age": [0, 120]},
        },
    ),
    "movies": (
        "items",
        {
            "columns": {"item_id": "movie_id", "title": "title", "category": "genre_primary"},
            "attributes": {"duration_minutes": "duration_minutes"},
            "attribute_types": {"duration_minutes": "number"},
        },
    ),
    "watch_history": (
        "interactions",
        {
            "columns": WHO
            | {
                "item_id": "movie_id",
                "occurred_at": "watch_date",
                "kind": {"constant": "play"},
                "value": "watch_duration_minutes",
            }
        },
    ),
    "reviews": (
        "interactions",
        {
            "columns": WHO
            | {
                "item_id": "movie_id",
                "occurred_at": "review_date",
                "kind": {"constant": "rate"},
                "value": "rating",
            }
        },
    ),
    "recommendation_logs": (
        "interactions",
        {
            "columns": WHO
            | {
                "item_id": "movie_id",
                "occurred_at": "recommendation_date",
                "kind": {"constant": "impression"},
            }
        },
    ),
    "search_logs": (
        "interactions",
        {"columns": WHO | {"occurred_at": "search_date", "kind": {"constant": "search"}}},
    ),
}
SUBSCRIPTIONS = {
    "columns": WHO
    | {
        "started_at": "subscription_start_date",
        "plan": "subscription_plan",
        "price": "monthly_spend",
    }
}
Read = Callable[..., Checked]


@pytest.fixture(scope="module")
def read(con, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Read:
    """`read("users", "customers", mapping)`: the canonical rows of one file."""
    folder = tmp_path_factory.mktemp("staged")
    cleaned: dict[str, ibis.Table] = {}

    def canonical(file: str, table: str, mapping: dict, as_of: date | None = None) -> Checked:
        if file not in cleaned:
            source = Source(path=f"{file}.csv")
            copy = stage(source, shared_data / "netflix-2025", folder / f"{file}.parquet")
            cleaned[file] = clean_source(con, copy.path, source).rows
        policy = {"duplicates": "drop"}
        model = TableMapping.model_validate({"source": file, "policy": policy, **mapping})
        return canonicalise(con, cleaned[file], table, model, now=NOW, as_of=as_of)

    return canonical


def count(checked: Checked) -> int:
    return checked.rows.count().to_pyarrow().as_py()


@pytest.mark.parametrize(
    ("file", "repeated", "late", "kept"),
    [
        ("users", 300, None, 10_000),
        ("movies", 40, None, 1_000),
        ("watch_history", 5_000, 25_040, 74_960),
        ("reviews", 450, 3_798, 11_202),
        ("recommendation_logs", 2_000, 12_731, 37_269),
        ("search_logs", 1_500, 6_179, 18_821),
    ],
)
def test_repeated_rows_and_dates_after_the_snapshot_are_counted_and_left_out(
    read: Read, file: str, repeated: int, late: int | None, kept: int
) -> None:
    checked = read(file, *TABLES[file], as_of=AS_OF)
    rows = {finding.code: finding.rows for finding in checked.findings}
    assert (rows.get("C-111"), rows.get("C-117"), count(checked)) == (repeated, late, kept)


@pytest.mark.parametrize(("file", "late"), [("watch_history", 26_275), ("reviews", 3_906)])
def test_before_repeated_rows_are_left_out_the_late_ones_are_as_many_as_published(
    read: Read, file: str, late: int
) -> None:
    table, mapping = TABLES[file]
    checked = read(file, table, {**mapping, "policy": {"duplicates": "keep"}}, as_of=AS_OF)
    assert {f.code: f.rows for f in checked.findings}["C-117"] == late


def test_impossible_ages_are_emptied_and_counted(read: Read) -> None:
    checked = read("users", *TABLES["users"])
    (ages,) = (finding for finding in checked.findings if finding.code == "C-118")
    assert "below 0" in ages.message
    assert (ages.rows, ages.column, ages.first_row) == (19, "age", 528)
    assert checked.rows["age"].min().to_pyarrow().as_py() == 0.0


def test_sessions_before_sign_up_and_longer_than_the_title_are_counted(con, read: Read) -> None:
    plays = read("watch_history", *TABLES["watch_history"]).rows
    tables = {
        "interactions": together([plays, read("reviews", *TABLES["reviews"]).rows]),
        "customers": read("users", *TABLES["users"]).rows,
        "items": read("movies", *TABLES["movies"]).rows,
        "subscriptions": read("users", "subscriptions", SUBSCRIPTIONS).rows,
    }
    found = {
        finding.code: finding.rows / finding.total_rows
        for finding in cross_checks(con, tables)
        if "'play'" in finding.message
    }
    assert set(found) == {"C-130", "C-132"}  # every customer and title is listed
    assert found["C-130"] == pytest.approx(0.209, abs=0.0005)
    # 28 % of all sessions, a third of those whose length and title's length are known
    assert found["C-132"] == pytest.approx(0.327, abs=0.001)
