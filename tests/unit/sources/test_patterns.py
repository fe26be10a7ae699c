from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.contract.mapping import Source
from cip.errors import CipError, ContractError
from cip.sources.files import Staged, stage
from cip.sources.opening import open_source
from cip.types import Finding


def drop(folder: Path, **files: str) -> None:
    (folder / "drops").mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / "drops" / f"{name}.csv").write_text(text, encoding="utf-8")


def staged(folder: Path, pattern: str = "drops/*.csv", **source: Any) -> Staged:
    return stage(Source(path=pattern, **source), folder, folder / "out" / "copy.parquet")


def test_files_of_a_pattern_are_read_in_name_order_with_numbers_that_run_on(tmp_path: Path):
    drop(tmp_path, b="id,n\n3,c\n", a="id,n\n1,a\n2,b\n", c="n,id\nd,4\n")
    copy = staged(tmp_path)
    assert pq.read_table(copy.path).to_pylist() == [
        {"id": str(n), "n": "abcd"[n - 1], "source_row": n} for n in range(1, 5)
    ]
    assert [(each.path.name, each.rows, each.before) for each in copy.files] == [
        ("a.csv", 2, 0),
        ("b.csv", 1, 2),
        ("c.csv", 1, 3),
    ]


def test_every_file_has_its_checksum_and_the_whole_has_one_of_them_all(tmp_path: Path):
    drop(tmp_path, a="id,n\n1,a\n", b="id,n\n2,b\n")
    copy = staged(tmp_path)
    each = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(tmp_path.glob("*/*"))]
    assert [file.sha256 for file in copy.files] == each[:2]
    drop(tmp_path, b="id,n\n2,c\n")
    assert staged(tmp_path).sha256 != copy.sha256


def test_a_row_that_was_left_out_is_reported_for_its_file(tmp_path: Path):
    drop(tmp_path, a="id,n\n1,a\n2,b\n", b="id,n\n3,c\n4\n5,e\n")
    copy = staged(tmp_path)
    (finding,) = copy.findings
    assert (finding.table, finding.first_row) == ("b.csv", 2)
    numbers = pq.read_table(copy.path)["source_row"].to_pylist()
    assert numbers == [1, 2, 3, 5]
    assert copy.place_of(5) == (tmp_path / "drops" / "b.csv", 3)


def test_a_finding_about_rows_of_several_files_says_in_which_one_the_first_is(tmp_path: Path):
    drop(tmp_path, a="id,n\n1,a\n", b="id,n\n2,b\n3,c\n")
    finding = Finding("C-103", "error", "customers", "n", 1, 3, "one is bad.", "mend", first_row=3)
    assert staged(tmp_path).placed(finding).message == "one is bad. Row 3 is row 2 of b.csv."
    assert staged(tmp_path, "drops/a.csv").placed(finding) == finding


def test_a_day_without_rows_is_no_error_but_a_source_without_rows_is_one(tmp_path: Path):
    drop(tmp_path, a="id,n\n1,a\n", b="id,n\n")
    assert [each.rows for each in staged(tmp_path).files] == [1, 0]
    drop(tmp_path, a="id,n\n")
    with pytest.raises(ContractError, match="no rows"):
        staged(tmp_path)


@pytest.mark.parametrize(
    ("code", "second", "said"),
    [
        ("C-041", "id,m\n2,b\n", r"b\.csv has not the columns of a\.csv: it lacks 'n' and adds"),
        ("C-041", "id\n2\n", r"it lacks 'n'\."),
        ("C-004", "", r"b\.csv is empty"),
        ("C-005", "id,n\n2,\0\n", r"b\.csv has a NUL byte"),
        ("C-010", "id;n\n2;b\n", r"b\.csv has one column"),
    ],
)
def test_a_file_unlike_the_others_is_named_and_nothing_is_left_behind(
    tmp_path: Path, code: str, second: str, said: str
):
    drop(tmp_path, a="id,n\n1,a\n", b=second)
    with pytest.raises(CipError, match=said) as caught:
        staged(tmp_path)
    assert caught.value.code == code
    assert not list(tmp_path.glob("out/*"))


def test_parquet_files_of_a_pattern_take_the_widest_type_or_say_which_cannot_be(tmp_path: Path):
    pq.write_table(pa.table({"id": [1], "v": [1]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"id": [2], "v": [1.5]}), tmp_path / "b.parquet")
    copy = staged(tmp_path, "*.parquet")
    assert pq.read_table(copy.path)["v"].to_pylist() == [1.0, 1.5]
    assert copy.schema == {"id": "int64", "v": "double"}
    pq.write_table(pa.table({"id": ["x"], "v": [1.5]}), tmp_path / "c.parquet")
    with pytest.raises(ContractError, match=r"c\.parquet .* 'id' \(string, not int64\)"):
        staged(tmp_path, "*.parquet")


def test_a_pattern_that_matches_nothing_is_said(tmp_path: Path):
    (tmp_path / "drops.csv").mkdir()
    with pytest.raises(CipError, match=r"no file matches '\*\.csv'") as caught:
        staged(tmp_path, "*.csv")
    assert caught.value.code == "C-040"


def test_a_file_whose_own_name_looks_like_a_pattern_is_that_file(tmp_path: Path):
    drop(tmp_path, **{"a[1]": "id,n\n1,a\n", "a1": "id,n\n2,b\n"})
    assert staged(tmp_path, "drops/a[1].csv").files[0].path.name == "a[1].csv"


def test_looking_at_the_first_rows_reads_no_more_and_can_be_closed(tmp_path: Path):
    drop(tmp_path, a="id,n\n1,a\n", b="id,n\n2,b\n" + "3,c\n4\n")
    rows = open_source(Source(path="drops/*.csv"), tmp_path)
    with rows.closing:
        first = next(rows.batches)
    assert (rows.columns, first.to_pylist()) == (
        ("id", "n"),
        [{"id": "1", "n": "a", "source_row": 1}],
    )
    assert [part.path.name for part in rows.parts()] == []


def test_whole_numbers_too_large_for_the_fractions_of_another_file_are_refused(tmp_path: Path):
    pq.write_table(pa.table({"id": [2**60 + 1]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"id": [1.5]}), tmp_path / "b.parquet")
    with pytest.raises(ContractError, match=r"a\.parquet has values that do not fit"):
        staged(tmp_path, "*.parquet")
