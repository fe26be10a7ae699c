"""What canonical tables say against each other is counted, by kind, and told with an example."""

from __future__ import annotations

from datetime import UTC, datetime

import ibis
import pyarrow as pa
import pytest

from cip.engine.connect import materialise
from cip.engine.cross_checks import cross_checks

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

TIME = pa.timestamp("us", "UTC")


@pytest.fixture
def tables(con) -> dict[str, ibis.Table]:
    columns = {
        "interactions": {
            "customer_id": ["a", "a", "b", "x", "a"],
            "occurred_at": pa.array(
                [datetime(2024, 1, day, tzinfo=UTC) for day in (4, 5, 3, 1, 2)], TIME
            ),
            "kind": ["play", "play", "play", "play", "search"],
            "item_id": ["tea", "lost", "tea", "tea", None],
            "value": [61.0, 99.0, 60.0, None, None],
            "source_row": [7, 3, 9, 2, 4],
        },
        "customers": {"customer_id": ["a", "b"]},
        "items": {"item_id": ["tea", "milk"], "duration_minutes": [60.0, None]},
        "subscriptions": {
            "customer_id": ["a", "a", "b"],
            "started_at": pa.array(
                [datetime(2024, 1, day, tzinfo=UTC) for day in (5, 20, 3)], TIME
            ),
            "source_row": [1, 2, 3],
        },
    }
    return {
        name: materialise(con, ibis.memtable(pa.table(given))) for name, given in columns.items()
    }


def test_contradictions_are_counted_by_kind_with_their_first_row(con, tables) -> None:
    seen = [
        (f.code, f.column, f.rows, f.total_rows, f.first_row, f.example)
        for f in cross_checks(con, tables)
    ]
    assert seen == [
        ("C-130", "occurred_at", 1, 3, 7, "2024-01-04"),
        ("C-130", "occurred_at", 1, 1, 4, "2024-01-02"),
        ("C-131", "customer_id", 1, 4, 2, "x"),
        ("C-131", "item_id", 1, 4, 3, "lost"),
        ("C-132", "value", 1, 2, 7, "61.0"),
    ]


def test_a_contradiction_is_told_in_words_and_all_rows_stay(con, tables) -> None:
    first = cross_checks(con, tables)[0]
    assert first.severity == "info"
    assert first.message == (
        "interactions.occurred_at has 1 of 3 rows of kind 'play' before the customer's first "
        "subscription began (first: row 7, '2024-01-04'): kept. Rows that lack one of the two: 1."
    )


@pytest.mark.parametrize(
    ("missing", "codes"),
    [
        ("subscriptions", {"C-131", "C-132"}),
        ("items", {"C-130", "C-131"}),
        ("interactions", set()),
    ],
)
def test_a_check_without_its_table_is_left_out(con, tables, missing: str, codes: set) -> None:
    left = {name: rows for name, rows in tables.items() if name != missing}
    assert {finding.code for finding in cross_checks(con, left)} == codes


def test_tables_that_agree_have_no_findings(con, tables) -> None:
    agreeing = tables["interactions"].filter(tables["interactions"]["source_row"] == 9)
    assert cross_checks(con, {**tables, "interactions": agreeing}) == []
