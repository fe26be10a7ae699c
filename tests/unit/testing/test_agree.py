"""The comparison itself: what it must not let pass."""

from __future__ import annotations

import pyarrow as pa
import pytest

from cip.engine.connect import connect
from cip.testing.agree import disagreements
from cip.testing.engine_answers import TOPICS
from cip.testing.engine_world import write_world

NAN = float("nan")


def table(ids: list[str], **columns: list) -> pa.Table:
    return pa.table({"id": pa.array(ids, pa.string()), **columns})


ONE = table(["a", "b", "c"], x=[1.0, None, 3.0], word=["tea", None, "milk"])


def said(found: pa.Table, expected: pa.Table = ONE) -> str:
    return "; ".join(disagreements(expected, found, ["id"]))


def test_the_same_rows_in_another_order_agree() -> None:
    assert said(ONE.take([2, 0, 1])) == ""
    assert said(ONE.select(["word", "x", "id"])) == ""


def test_an_empty_join_never_agrees() -> None:
    assert "0 rows" in said(ONE.slice(0, 0), ONE.slice(0, 0))
    strangers = table(["x", "y", "z"], x=ONE["x"], word=ONE["word"])
    assert said(strangers) == "0 of 3 rows join by ['id']"


def test_more_or_fewer_rows_do_not_agree() -> None:
    assert said(ONE.slice(0, 2)) == "3 rows were expected and 2 came"
    assert said(ONE, ONE.slice(0, 2)) == "2 rows were expected and 3 came"


def test_keys_that_repeat_tell_no_rows_apart() -> None:
    twice = table(["a", "a", "b"], x=[1.0, 2.0, 3.0], word=["", "", ""])
    assert "do not tell the rows apart" in said(twice, twice)


def test_a_column_on_one_side_only_is_named() -> None:
    assert said(ONE.drop_columns(["x"])) == "the columns ['x'] are on one side only"


@pytest.mark.parametrize(
    ("value", "agrees"),
    [(1.0 + 9e-10, True), (1.0 + 2e-9, False), (None, False), (NAN, False), (0.0, False)],
)
def test_numbers_may_differ_by_a_billionth(value: float | None, agrees: bool) -> None:
    found = table(["a", "b", "c"], x=[value, None, 3.0], word=ONE["word"])
    assert (said(found) == "") == agrees


def test_null_is_no_number_and_nan_is_null() -> None:
    assert said(table(["a", "b", "c"], x=[1.0, NAN, 3.0], word=ONE["word"])) == ""
    wrong = said(table(["a", "b", "c"], x=[1.0, 0.0, 3.0], word=ONE["word"]))
    assert wrong == "x differs in 1 rows; first nan was expected, 0.0 came"


def test_texts_are_equal_or_not() -> None:
    wrong = said(table(["a", "b", "c"], x=ONE["x"], word=["tea", "", "milk"]))
    assert wrong == "word differs in 1 rows; first None was expected, '' came"


@pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")
def test_an_engine_that_loses_a_file_breaks_the_contract(tmp_path) -> None:
    store = write_world(tmp_path / "world", customers=80, events=2_000)
    con = connect(threads=1)
    names = ("labels under the other rules", "last ratings", "totals")
    asked = {name: TOPICS[name] for name in names}
    whole = {name: topic.ask(con, store, 10**6) for name, topic in asked.items()}
    for name, topic in asked.items():
        assert disagreements(whole[name], topic.ask(con, store, 1), topic.keys) == []
    for lost in ("transactions", "interactions"):
        (store.folder / f"{lost}-3.parquet").unlink()
    for name, topic in asked.items():
        assert disagreements(whole[name], topic.ask(con, store, 10**6), topic.keys)
    con.disconnect()
