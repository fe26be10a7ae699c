from __future__ import annotations

import hashlib
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from cip.contract.mapping import Source
from cip.errors import CipError
from cip.sources.files import Staged, stage
from cip.sources.opening import open_source
from cip.sources.xlsx_rows import sheets_of
from cip.sources.xlsx_size import MOST_BYTES, check_size

NOON = datetime.fromisoformat("2023-03-15T12:00:00")  # a workbook knows no zones


def staged(folder: Path, **source: Any) -> Staged:
    return stage(Source(path="book.xlsx", **source), folder, folder / "out" / "copy.parquet")


def rows(copy: Staged) -> list[dict[str, Any]]:
    return pq.read_table(copy.path).to_pylist()


def test_numbers_are_fractions_days_are_timestamps_and_formulas_are_their_values(
    tmp_path: Path, write_book
):
    path = write_book(
        {"Orders": [
            ["id", "when", "amount", "paid"],
            [13085, ("day", 45000.5), ("formula", 2), True],
            [13086, ("day", 45001), 2.5, None],
        ]}
    )  # fmt: skip
    copy = staged(tmp_path)
    assert rows(copy) == [
        {"id": 13085.0, "when": NOON, "amount": 2.0, "paid": True,
         "source_row": 1},
        {"id": 13086.0, "when": NOON + timedelta(hours=12), "amount": 2.5, "paid": None,
         "source_row": 2},
    ]  # fmt: skip
    assert copy.schema == {
        "id": "double", "when": "timestamp[us]", "amount": "double", "paid": "bool",
    }  # fmt: skip
    assert copy.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_in_a_mixed_column_whole_numbers_have_no_decimals(tmp_path: Path, write_book):
    cells = [536365, "C536379", 2.5, ("day", 45000.5), True, None, "007"]
    write_book({"Orders": [["id", "n"], *([cell, 1] for cell in cells)]})
    assert [row["id"] for row in rows(staged(tmp_path))] == [
        "536365", "C536379", "2.5", "2023-03-15T12:00:00", "true", None, "007",
    ]  # fmt: skip


def test_a_row_has_the_number_by_which_it_is_found_and_blank_ones_are_left_out(
    tmp_path: Path, write_book
):
    write_book({"Orders": [[], [None, "id", "n"], [None, "a", 1], [], [None, "b", None]]})
    assert rows(staged(tmp_path)) == [
        {"id": "a", "n": 1.0, "source_row": 1},
        {"id": "b", "n": None, "source_row": 3},
    ]


def test_error_cells_are_empty_and_counted_but_a_text_that_looks_like_one_is_text(
    tmp_path: Path, write_book
):
    bad = ("error", "#N/A")
    write_book(
        {
            "Other": [["a", "b"], [bad, bad]],
            "Orders": [["id", "n", "m"], ["a", 1, 1], ["#N/A", bad, ("error", "#DIV/0!")],
                       ["c", bad, 3]],
        }
    )  # fmt: skip
    copy = staged(tmp_path, sheet="Orders")
    assert [row["n"] for row in rows(copy)] == [1.0, None, None]
    assert rows(copy)[1]["id"] == "#N/A"
    found = [(each.code, each.column, each.rows, each.first_row) for each in copy.findings]
    assert found == [("C-051", "n", 2, 2), ("C-051", "m", 1, 2)]
    assert copy.findings[0].total_rows == 3


@pytest.mark.parametrize("name", ["Bestellungen (März) & Co", 'a"; drop table x', "<x>", "表"])
def test_a_sheet_is_found_by_its_name_whatever_it_is(tmp_path: Path, write_book, name: str):
    path = write_book({"First": [["id"], ["a"]], name: [["id"], ["b"], [("error", "#REF!")]]})
    assert rows(staged(tmp_path))[0]["id"] == "a"
    copy = staged(tmp_path, sheet=name)
    assert rows(copy)[0]["id"] == "b"
    assert len(copy.findings) == 1
    assert sheets_of(path) == ["First", name]


@pytest.mark.parametrize(
    ("code", "sheets", "said"),
    [
        ("C-049", {"A": [["id"], [1]]}, "no worksheet called 'B'"),
        ("C-050", {"A": [["id", None, "n"], [1, 2, 3]]}, "(row 1) B is empty"),
        ("C-050", {"A": [["id", " ", "n"], [1, 2, 3]]}, "(row 1) B is empty"),
        ("C-050", {"A": [["id", "n"], [1, 2, 3]]}, "(row 1) C is empty"),
        ("C-050", {"A": [[], [], ["Sales 2024"], ["id", "n"]]}, "(row 3) B is empty"),
        ("C-006", {"A": [["id", "id"], [1, 2]]}, "two columns called 'id'"),
        ("C-007", {"A": [["id", "n"]]}, "no rows"),
        ("C-007", {"A": []}, "no rows"),
    ],
)
def test_what_is_wrong_with_a_sheet_is_said_and_nothing_is_left_behind(
    tmp_path: Path, write_book, code: str, sheets: dict, said: str
):
    write_book(sheets)
    with pytest.raises(CipError) as caught:
        staged(tmp_path, sheet="B" if code == "C-049" else "")
    assert caught.value.code == code
    assert said in str(caught.value)
    assert not list(tmp_path.glob("out/*"))


def test_a_merged_header_is_refused_and_merged_cells_below_are_not(tmp_path: Path, write_book):
    cells = [["id", "n", "m"], [1, 2, 3], [4, 5, 6]]
    write_book({"A": cells}, merged="B1:C1")
    with pytest.raises(CipError, match=r"\(row 1\) B to C are merged"):
        staged(tmp_path)
    write_book({"A": cells}, merged="B2:C2")
    assert staged(tmp_path).rows == 2


@pytest.mark.parametrize("content", [b"id,n\n1,2\n", b"PK\x03\x04 and nothing more"])
def test_what_is_no_workbook_is_said(tmp_path: Path, content: bytes):
    (tmp_path / "book.xlsx").write_bytes(content)
    with pytest.raises(CipError, match=r"book\.xlsx is no Excel workbook") as caught:
        staged(tmp_path)
    assert caught.value.code == "C-048"


def test_half_a_workbook_is_refused(tmp_path: Path, write_book):
    path = write_book({"A": [["id", "n"], *([i, i] for i in range(2000))]})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CipError) as caught:
        staged(tmp_path)
    assert caught.value.code == "C-048"


def test_a_workbook_of_a_hundred_thousand_rows_is_read_in_batches(tmp_path: Path, write_book):
    cells = ([f"C{i}", ("day", 45000), i] for i in range(100_000))
    write_book({"A": [["id", "when", "n"], *cells]})
    table = pq.read_table(staged(tmp_path).path)
    assert table["n"].to_numpy().tolist() == list(range(100_000))
    opened = open_source(Source(path="book.xlsx"), tmp_path)
    with opened.closing:
        assert len(next(opened.batches)) < 100_000


def test_the_format_may_be_said_for_a_workbook_of_another_name(tmp_path: Path, write_book):
    write_book({"A": [["id", "n"], [1, 2]]}).rename(tmp_path / "book")
    source = Source(path="book", format="xlsx")
    assert stage(source, tmp_path, tmp_path / "copy.parquet").rows == 1


def test_a_column_that_is_empty_in_one_file_of_several_takes_the_type_of_the_others(
    tmp_path: Path, write_book
):
    write_book({"A": [["id", "ended"], ["a", None]]}).rename(tmp_path / "1.xlsx")
    write_book({"A": [["id", "ended"], ["b", ("day", 45000)]]}).rename(tmp_path / "2.xlsx")
    write_book({"A": [["id", "ended"]]}).rename(tmp_path / "3.xlsx")
    copy = stage(Source(path="?.xlsx"), tmp_path, tmp_path / "copy.parquet")
    assert [row["ended"] for row in rows(copy)] == [None, NOON - timedelta(hours=12)]
    alone = stage(Source(path="1.xlsx"), tmp_path, tmp_path / "copy.parquet")
    assert alone.schema["ended"] == "null"
    assert pq.read_schema(alone.path).field("ended").type == "string"


def test_a_small_file_that_unpacks_to_more_than_the_bound_is_refused_unread(
    tmp_path: Path, write_book
):
    path = write_book({"Orders": [["id"], ["a"]]})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/media/zeros.bin", bytes(1 << 20))
        book.getinfo("xl/media/zeros.bin").file_size = MOST_BYTES  # stands in the list at its end
    assert path.stat().st_size < 1 << 13
    with pytest.raises(CipError, match=r"unpacks to 2,048 MiB.*2,048 MiB") as caught:
        sheets_of(path)
    assert caught.value.code == "C-055"


def test_the_bound_itself_is_allowed(tmp_path: Path, write_book):
    path = write_book({"Orders": [["id"], ["a"]]})
    with zipfile.ZipFile(path) as book:
        unpacked = sum(part.file_size for part in book.infolist())
    check_size(path, most=unpacked)
    with pytest.raises(CipError, match="C-055"):
        check_size(path, most=unpacked - 1)
