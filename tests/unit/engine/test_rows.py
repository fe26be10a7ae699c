from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.engine.rows import Arrival, new_rows, span, with_known_at
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


def test_only_rows_whose_key_is_not_there_yet_are_new(con, table) -> None:
    _, there = table("there", row_key=["a", "b", "c"], amount=[1.0, None, 3.0])
    rows, _ = table("rows", row_key=["a", "b", "c", "d"], amount=[1.0, None, 4.0, 5.0])
    fresh, arrival = new_rows(con, rows, [there])
    assert keys(fresh) == ["d"]
    assert arrival == Arrival(new=1, same=2, changed=1)


def test_where_a_row_stood_and_when_it_was_known_are_not_its_content(con, table) -> None:
    _, there = table(
        "there", row_key=["a"], source_row=[1], known_at=pa.array([START], TIME), amount=[1.0]
    )
    rows, _ = table("rows", row_key=["a"], source_row=[9], bucket=[3], amount=[1.0])
    assert new_rows(con, rows, [there])[1] == Arrival(new=0, same=1, changed=0)


def test_at_the_first_load_every_row_is_new(con, table) -> None:
    rows, _ = table("rows", row_key=["a", "b"])
    fresh, arrival = new_rows(con, rows, [])
    assert keys(fresh) == ["a", "b"]
    assert arrival == Arrival(new=2, same=0, changed=0)


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
