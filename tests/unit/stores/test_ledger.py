"""The chain: a past that was changed, taken out, put in or moved does not fit any more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cip.stores.ledger import NOTHING, add_line, all_lines, misfits
from cip.stores.records import Records, open_records
from cip.types import Principal

ADA = Principal("Ada", "owner")


@pytest.fixture
def records(tmp_path: Path):
    with open_records(f"sqlite:///{tmp_path / 'records.sqlite'}") as opened:
        yield opened


def filled(records: Records) -> None:
    for number in range(4):
        run_id = records.start_run(
            ADA, data_versions={}, config_fingerprint="f", code_version="0", seed=1
        )
        with records.writing(ADA) as writing:
            add_line(writing, run_id, "forecast", {"p": number / 3, "name": "Köln"})


def change(records: Records, statement: str) -> None:
    with records.writing(ADA) as writing:
        writing.connection.exec_driver_sql(statement)


def test_each_line_carries_the_hash_of_the_one_before(records: Records) -> None:
    filled(records)
    lines = all_lines(records)
    assert lines[0].previous == NOTHING
    assert [line.previous for line in lines[1:]] == [line.sha256 for line in lines[:-1]]
    assert lines[1].said == {"p": 1 / 3, "name": "Köln"}
    assert misfits(lines) == {}
    assert misfits([]) == {}


@pytest.mark.parametrize(
    ("statement", "line", "why"),
    [
        ("""update ledger set content = '{"p": 0.9}' where line = 2""", 2, "changed"),
        ("update ledger set written_at = '2020-01-01 00:00:00' where line = 3", 3, "changed"),
        ("update ledger set kind = 'outcome' where line = 1", 1, "changed"),
        ("delete from ledger where line = 2", 3, "taken out"),
        ("delete from ledger where line = 1", 2, "taken out"),
        ("update ledger set line = 9 where line = 4", 9, "does not follow"),
    ],
)
def test_a_changed_past_is_noticed_where_it_was_changed(
    records: Records, statement: str, line: int, why: str
) -> None:
    filled(records)
    change(records, statement)
    found = misfits(all_lines(records))
    assert list(found) == [line]
    assert why in found[line]


def test_a_line_that_was_hashed_anew_breaks_the_one_after(records: Records, tmp_path: Path) -> None:
    filled(records)
    change(records, "delete from ledger where line > 1")
    with records.writing(ADA) as writing:
        forged = add_line(writing, all_lines(records)[0].run_id, "forecast", {"p": 0.0})
    lines = all_lines(records)
    assert lines[-1].sha256 == forged
    filled_again = open_records(f"sqlite:///{tmp_path / 'other.sqlite'}")
    filled(filled_again)
    theirs = all_lines(filled_again)
    assert list(misfits([*lines, *theirs[2:]])) == [3]
    filled_again.close()


def test_what_is_no_json_is_not_written(records: Records) -> None:
    filled(records)
    with records.writing(ADA) as writing, pytest.raises(ValueError, match="JSON"):
        add_line(writing, all_lines(records)[0].run_id, "forecast", {"p": float("nan")})
    assert len(all_lines(records)) == 4


def test_a_line_of_a_transaction_that_fails_was_never_there(records: Records) -> None:
    filled(records)
    run_id = all_lines(records)[0].run_id

    def fail() -> None:
        with records.writing(ADA) as writing:
            add_line(writing, run_id, "outcome", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert len(all_lines(records)) == 4


def test_the_content_is_the_same_text_for_the_same_facts(records: Records) -> None:
    filled(records)
    run_id = all_lines(records)[0].run_id
    with records.writing(ADA) as writing:
        add_line(writing, run_id, "outcome", {"b": 1, "a": 2})
    assert all_lines(records)[-1].content == json.dumps({"a": 2, "b": 1})
