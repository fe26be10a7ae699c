from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cip.contract.mapping import Source
from cip.errors import CipError, ContractError, SettingsError
from cip.sources.csv_rows import row_numbers
from cip.sources.files import Staged, stage


def staged(folder: Path, content: bytes, name: str = "data.csv", **source: Any) -> Staged:
    (folder / name).write_bytes(content)
    return stage(Source(path=name, **source), folder, folder / "out" / "copy.parquet")


def rows(copy: Staged) -> list[dict]:
    return pq.read_table(copy.path).to_pylist()


def test_every_csv_cell_stays_text_and_an_empty_one_is_null(tmp_path: Path):
    copy = staged(tmp_path, b'id,when,amount\n007,2024-01-01,1e3\nNA,,""\n')
    assert rows(copy) == [
        {"id": "007", "when": "2024-01-01", "amount": "1e3", "source_row": 1},
        {"id": "NA", "when": None, "amount": None, "source_row": 2},
    ]
    assert (copy.rows, copy.columns, copy.findings) == (2, ("id", "when", "amount"), ())


def test_the_checksum_is_that_of_the_users_file(tmp_path: Path):
    content = b"a,b\n1,2\n"
    assert staged(tmp_path, content).sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("content", "source"),
    [
        ("a,b\nx,é\n".encode(), {}),
        ("\ufeffa,b\nx,é\n".encode(), {}),
        ("a,b\r\nx,é\r\n".encode(), {}),
        ("a,b\nx,é".encode(), {}),
        ("a;b\nx;é\n".encode(), {"delimiter": ";"}),
        ("a\tb\nx\té\n".encode("cp1252"), {"delimiter": "\t", "encoding": "cp1252"}),
        ("a,b\nx,é\n".encode("utf-16"), {"encoding": "utf-16"}),
        ("\ufeffa,b\nx,é\n".encode(), {"encoding": "utf-8-sig"}),
    ],
)
def test_delimiters_encodings_and_line_ends_come_from_the_mapping_or_are_dropped(
    tmp_path: Path, content: bytes, source: dict
):
    assert rows(staged(tmp_path, content, **source)) == [{"a": "x", "b": "é", "source_row": 1}]


def test_a_quoted_cell_may_hold_line_ends_delimiters_and_quotes(tmp_path: Path):
    copy = staged(tmp_path, b'a,b\n"one\ntwo, ""three""",2\n3,4\n')
    assert [row["a"] for row in rows(copy)] == ['one\ntwo, "three"', "3"]
    assert [row["source_row"] for row in rows(copy)] == [1, 2]


def test_ragged_rows_are_left_out_reported_and_do_not_shift_the_row_numbers(tmp_path: Path):
    copy = staged(tmp_path, b"a,b\n1,1\n2\n\n3,3\n4,4,4\n5,5\n")
    assert [(row["a"], row["source_row"]) for row in rows(copy)] == [("1", 1), ("3", 3), ("5", 5)]
    (finding,) = copy.findings
    assert (finding.code, finding.severity) == ("C-011", "error")
    assert (finding.rows, finding.total_rows, finding.first_row) == (2, 5, 2)
    assert "header's 2 cells (data rows 2, 4; the first has 1)" in finding.message
    assert finding.example == "2"


def test_row_numbers_hold_over_many_blocks(tmp_path: Path):
    count = 300_000
    lines = (f"{i},{'x,y' if i % 1000 == 0 else 'some filling text'}" for i in range(1, count + 1))
    copy = staged(tmp_path, ("a,b\n" + "\n".join(lines)).encode())
    table = pq.read_table(copy.path)
    assert table["a"].cast(pa.int64()).equals(table["source_row"])
    assert copy.rows == count - 300
    assert copy.findings[0].rows == 300
    groups = pq.ParquetFile(copy.path).metadata
    sizes = [groups.row_group(i).num_rows for i in range(groups.num_row_groups)]
    assert max(sizes) <= 131_072


@given(
    left_out=st.sets(st.integers(1, 60)).map(sorted),
    first=st.integers(1, 40),
    count=st.integers(1, 40),
)
def test_row_numbers_are_the_next_ones_that_were_not_left_out(left_out, first, count):
    expected = [n for n in range(first, 200) if n not in left_out][:count]
    assert row_numbers(first, count, left_out).tolist() == expected


def test_a_parquet_file_keeps_its_types_and_gets_row_numbers(tmp_path: Path):
    table = pa.table({"id": ["a", "b"], "amount": [1.5, None], "n": pa.array([1, 2], pa.int8())})
    pq.write_table(table, tmp_path / "data.parquet")
    copy = stage(Source(path="data.parquet"), tmp_path, tmp_path / "copy.parquet")
    stored = pq.read_table(copy.path)
    assert stored.drop_columns(["source_row"]).equals(table)
    assert stored["source_row"].to_pylist() == [1, 2]


def test_the_format_may_be_said_when_the_name_does_not_say_it(tmp_path: Path):
    assert staged(tmp_path, b"a,b\n1,2\n", "data.txt", format="csv").rows == 1


def test_a_relative_path_starts_at_the_folder_of_the_configuration(tmp_path: Path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert staged(tmp_path, b"a,b\n1,2\n").rows == 1
    absolute = Source(path=str(tmp_path / "data.csv"))
    assert stage(absolute, Path("/nowhere"), tmp_path / "copy.parquet").rows == 1


def test_progress_is_told_in_rows(tmp_path: Path):
    (tmp_path / "data.csv").write_bytes(b"a,b\n" + b"1,2\n" * 200_000)
    heard: list[int] = []
    stage(Source(path="data.csv"), tmp_path, tmp_path / "copy.parquet", heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == 200_000


def parquet_bytes(folder: Path) -> bytes:
    pq.write_table(pa.table({"a": list(range(5000))}), folder / "whole.parquet")
    return (folder / "whole.parquet").read_bytes()


@pytest.mark.parametrize(
    ("code", "content", "source", "said"),
    [
        ("C-002", b"a,b\n1,2\n", {"path": "data.ods"}, "ends in .ods"),
        ("C-002", b"a,b\n1,2\n", {"path": "data"}, "ends in nothing"),
        ("C-003", b"a,b\n1,2\n", {"encoding": "klingon"}, "'klingon' is no text encoding"),
        ("C-003", b"a,b\n1,2\n", {"encoding": "hex"}, "'hex' is no text encoding"),
        ("C-003", b"a,b\n1,2\n", {"delimiter": "§"}, "'§' cannot be a delimiter"),
        ("C-003", b"a,b\n1,2\n", {"delimiter": '"'}, "cannot be a delimiter"),
        ("C-004", b"", {}, "is empty"),
        ("C-007", b"\n\n\n", {}, "no rows"),
        ("C-005", b"a,b\n1,\x00\n", {}, "NUL byte at position 6"),
        ("C-005", "a,b\n1,2\n".encode("utf-16"), {}, "NUL byte"),
        ("C-006", b"a,b,a\n1,2,3\n", {}, "two columns called 'a'"),
        ("C-006", b"a,source_row\n1,2\n", {}, "'source_row'"),
        ("C-007", b"a,b\n", {}, "no rows below its header"),
        ("C-007", b"a,b", {}, "no rows below its header"),
        ("C-007", b"a,b\n1\n2\n", {}, "2 rows do not have the header's 2 cells"),
        ("C-008", b"no parquet at all", {"path": "data.parquet"}, "no Parquet file"),
        ("C-009", b"a,b\n1,\xff\n", {}, "not in the encoding utf-8"),
        ("C-009", b"a,\xff\n1,2\n", {}, "not in the encoding utf-8"),
        ("C-009", b"a,b\n1,\x81\n", {"encoding": "cp1252"}, "not in the encoding cp1252"),
        ("C-010", b"a;b\n1;2\n", {}, "one column called 'a;b'"),
        ("C-010", b"a\tb\n1\t2\n", {}, r"one column called 'a\\tb'"),
        ("C-010", b"a,b\n1,2\n", {"delimiter": ";"}, "one column called 'a,b'"),
        ("C-013", b"a,b\n" + b"x" * (5 << 20) + b",1\n", {}, "cannot be read as CSV"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_and_nothing_is_left_behind(
    tmp_path: Path, code: str, content: bytes, source: dict, said: str
):
    path = source.get("path", "data.csv")
    (tmp_path / path).write_bytes(content)
    with pytest.raises(CipError, match=said) as caught:
        stage(Source(**{"path": path, **source}), tmp_path, tmp_path / "out" / "copy.parquet")
    assert caught.value.code == code
    assert caught.value.hint
    assert not list(tmp_path.glob("out/*"))


def test_a_wrong_delimiter_is_named_in_the_hint(tmp_path: Path):
    with pytest.raises(ContractError) as caught:
        staged(tmp_path, b"a\tb\n1\t2\n")
    assert r'delimiter = "\t"' in caught.value.hint


@pytest.mark.parametrize("keep", [0.5, 0.99])
def test_part_of_a_parquet_file_is_refused(tmp_path: Path, keep: float):
    whole = parquet_bytes(tmp_path)
    with pytest.raises(ContractError, match="only part of one"):
        staged(tmp_path, whole[: int(len(whole) * keep)], "part.parquet")


def test_a_parquet_file_with_damage_inside_is_refused(tmp_path: Path):
    whole = parquet_bytes(tmp_path)
    with pytest.raises(ContractError, match="only part of one"):
        staged(tmp_path, whole[:4] + b"\xff" * 2000 + whole[2004:], "damaged.parquet")


def test_a_parquet_file_without_rows_is_refused(tmp_path: Path):
    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), tmp_path / "none.parquet")
    with pytest.raises(ContractError, match="no rows"):
        stage(Source(path="none.parquet"), tmp_path, tmp_path / "copy.parquet")


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path):
    (tmp_path / "folder.csv").mkdir()
    out = tmp_path / "copy.parquet"
    with pytest.raises(SettingsError, match=r"missing\.csv does not exist"):
        stage(Source(path="missing.csv"), tmp_path, out)
    with pytest.raises(SettingsError, match=r"folder\.csv is no file"):
        stage(Source(path="folder.csv"), tmp_path, out)


def test_a_file_that_changes_while_it_is_read_is_refused_and_the_old_copy_stays(tmp_path: Path):
    copy = staged(tmp_path, b"a,b\n1,2\n")
    path = tmp_path / "data.csv"

    def append(_rows: int) -> None:
        with path.open("ab") as file:
            file.write(b"3,4\n")
        os.utime(path, ns=(0, 0))

    with pytest.raises(ContractError, match="changed while it was read"):
        stage(Source(path="data.csv"), tmp_path, copy.path, append)
    assert len(rows(copy)) == 1
    assert [entry.name for entry in copy.path.parent.iterdir()] == [copy.path.name]


def test_text_in_a_parquet_file_that_is_no_utf_8_is_refused(tmp_path: Path):
    bytes_as_text = pa.array([b"a", b"\xff"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"a": bytes_as_text}), tmp_path / "data.parquet")
    with pytest.raises(ContractError, match=r"UTF-?8"):
        stage(Source(path="data.parquet"), tmp_path, tmp_path / "copy.parquet")
