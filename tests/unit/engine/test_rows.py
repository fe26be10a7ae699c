from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.engine.rows import new_rows, new_versions, span, timing, with_known_at
from cip.errors import NotReadyError

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

START = datetime(2024, 1, 1, tzinfo=UTC)
TIME = pa.timestamp("us", "UTC")


@pytest.fixture
def table(con, tmp_path):
    """`table("name", row_key=[...])`: a file with these columns, and its path."""

    def make(name: str, **columns):
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table(columns), path)
        return con.read_parquet(path), str(path)

    return make


def keys(rows) -> list[str]:
    return sorted(rows.to_pyarrow()["row_key"].to_pylist())


def test_only_rows_whose_key_is_not_there_yet_are_new(table) -> None:
    there, _ = table("there", row_key=["a", "b", "c"])
    rows, _ = table("rows", row_key=["a", "b", "c", "d"])
    assert keys(new_rows(rows, there)) == ["d"]
    assert keys(new_rows(rows, None)) == ["a", "b", "c", "d"]


def spells(table, name: str, *rows: tuple, mapped: bool = True, revision: bool = False):
    """Rows (key, ended day or None, known day[, revision]) of a table with a key."""
    columns = {
        "row_key": [row[0] for row in rows],
        "started_at": pa.array([START] * len(rows), TIME),
        "ended_at": pa.array([None if r[1] is None else day(r[1]) for r in rows], TIME),
        "source_row": list(range(len(rows))),
    }
    if mapped:
        columns["known_at"] = pa.array([None if r[2] is None else day(r[2]) for r in rows], TIME)
    if revision:
        columns["revision"] = pa.array([r[3] for r in rows], pa.int32())
    return table(name, **columns)[0]


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def news(rows) -> list[tuple]:
    """(key, ended day, known day, revision) of what is new, sorted."""
    found = rows.to_pyarrow().to_pylist()
    since = lambda at: None if at is None else (at - START) / timedelta(days=1)  # noqa: E731
    made = [
        (r["row_key"], since(r["ended_at"]), since(r["known_at"]), r["revision"]) for r in found
    ]
    return sorted(made, key=str)


def test_a_row_with_other_content_is_a_new_version_known_from_the_load(table) -> None:
    there = spells(table, "there", ("a", None, 0), ("b", None, 0), ("c", 5, 0))
    rows = spells(
        table, "rows", ("a", 40, 0), ("b", None, 0), ("c", 5, 0), ("d", None, 0), mapped=False
    )
    made = new_versions(rows, there, "started_at", day(50))
    assert news(made) == [("a", 40, 50, 1), ("d", None, 50, None)]


def test_the_first_load_makes_every_row_known_when_it_happened(table) -> None:
    rows = spells(table, "rows", ("a", 40, 0), ("b", None, 0), mapped=False)
    made = new_versions(rows, None, "started_at", None)
    assert news(made) == [("a", 40, 0, None), ("b", None, 0, None)]


def test_a_version_that_says_what_was_in_force_already_is_none(table) -> None:
    """A daily export states every row again, each time with a later export date."""
    there = spells(table, "there", ("a", None, 1), ("b", 9, 1))
    rows = spells(table, "rows", ("a", None, 7), ("b", 9, 3))
    assert news(new_versions(rows, there, "started_at", day(50))) == []


def test_versions_that_arrive_together_are_told_by_when_they_were_known(table) -> None:
    rows = spells(table, "rows", ("a", None, 1), ("a", None, 2), ("a", 40, 3), ("b", None, 1))
    made = new_versions(rows, None, "started_at", None)
    assert news(made) == [("a", 40, 3, 2), ("a", None, 1, None), ("b", None, 1, None)]
    again = spells(
        table, "lake", ("a", None, 1, None), ("a", 40, 3, 2), ("b", None, 1, None), revision=True
    )
    assert news(new_versions(rows, again, "started_at", day(50))) == []


def test_an_older_version_that_arrives_late_takes_its_place_in_time(table) -> None:
    there = spells(table, "there", ("a", None, 1, None), ("a", 40, 9, 1), revision=True)
    rows = spells(table, "rows", ("a", 60, 5))
    assert news(new_versions(rows, there, "started_at", day(50))) == [("a", 60, 5, 1)]


def test_a_change_that_claims_to_be_known_before_is_known_from_the_load(table) -> None:
    """A creation date mapped as known_at does not move when the row changes."""
    there = spells(table, "there", ("a", None, 1))
    rows = spells(table, "rows", ("a", 40, 1))
    made = new_versions(rows, there, "started_at", day(50))
    assert news(made) == [("a", 40, 50, 1)]
    lake = spells(table, "lake", ("a", None, 1, None), ("a", 40, 50, 1), revision=True)
    assert news(new_versions(rows, lake, "started_at", day(60))) == []


def test_a_cancellation_that_is_withdrawn_is_another_version(table) -> None:
    lake = spells(table, "lake", ("a", None, 1, None), ("a", 40, 30, 1), revision=True)
    rows = spells(table, "rows", ("a", None, 0), mapped=False)
    assert news(new_versions(rows, lake, "started_at", day(50))) == [("a", None, 50, 2)]


def test_late_and_early_rows_are_counted(table) -> None:
    happened = pa.array([day(1), day(8), day(9)], TIME)
    known_days = pa.array([day(20), day(20), day(3)], TIME)
    rows, _ = table("rows", occurred_at=happened, known_at=known_days)
    seen = timing(rows, "occurred_at", day(5))
    assert (seen.rows, seen.late, seen.late_first) == (3, 1, day(1))
    assert (seen.early, seen.early_first, seen.newest) == (1, day(9), day(9))
    assert timing(rows, "occurred_at", None).late == 0


def known(rows) -> list[datetime]:
    return rows.order_by("occurred_at").to_pyarrow()["known_at"].to_pylist()


def test_known_is_the_mapped_time_else_the_own_time_else_the_time_of_the_load(table) -> None:
    happened = [START, START + timedelta(hours=1)]
    written = [START + timedelta(days=5), None]
    load = START + timedelta(days=9, microseconds=7)
    plain, _ = table("plain", occurred_at=pa.array(happened, TIME))
    mapped, _ = table(
        "mapped", occurred_at=pa.array(happened, TIME), known_at=pa.array(written, TIME)
    )
    assert known(with_known_at(plain, "occurred_at", None)) == happened
    assert known(with_known_at(plain, "occurred_at", load)) == [load, load]
    assert known(with_known_at(mapped, "occurred_at", None)) == [written[0], happened[1]]
    filled = with_known_at(mapped, "occurred_at", load)
    assert known(filled) == [written[0], load]
    assert filled.to_pyarrow().schema.field("known_at").type == TIME


def test_the_span_ends_at_the_midnight_after_the_last_instant(con, table) -> None:
    last = START + timedelta(days=3)
    _, one = table("one", occurred_at=pa.array([START + timedelta(hours=5)], TIME))
    _, two = table("two", occurred_at=pa.array([last], TIME))
    found = span(con, [one, two], "occurred_at")
    assert (found.first, found.last) == (START + timedelta(hours=5), last)
    assert found.end == START + timedelta(days=4)  # an event at midnight lies before the end


def test_no_rows_have_no_span(con, table) -> None:
    _, empty = table("empty", occurred_at=pa.array([], TIME))
    for files in ([], [empty]):
        with pytest.raises(NotReadyError) as refused:
            span(con, files, "occurred_at")
        assert refused.value.code == "C-203"
