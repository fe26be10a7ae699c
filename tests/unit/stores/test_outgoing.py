"""A file that leaves the house is whole or not there, and runs nothing in a spreadsheet."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.errors import SettingsError
from cip.stores.outgoing import as_it_was, made_safe, whole_file

TABLE = pa.table({"who": ["=1+1", "Bo", None], "p": [0.1, None, 1 / 3]})


@pytest.mark.parametrize("name", ["out.csv", "out.PARQUET"])
def test_rows_of_all_batches_are_there_in_their_order(tmp_path: Path, name: str) -> None:
    with whole_file(tmp_path / name) as write:
        write(TABLE)
        write(TABLE.slice(0, 1))
        assert not (tmp_path / name).exists()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    if name.endswith("csv"):
        text = (tmp_path / name).read_text()
        assert text.splitlines() == [
            '"who","p"',
            '"\'=1+1",0.1',
            '"Bo",',
            ",0.3333333333333333",
            '"\'=1+1",0.1',
        ]
    else:
        assert pq.read_table(tmp_path / name).equals(pa.concat_tables([TABLE, TABLE.slice(0, 1)]))


def test_an_error_leaves_the_earlier_file_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("before")

    def fail() -> None:
        with whole_file(out) as write:
            write(TABLE)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert out.read_text() == "before"
    assert list(tmp_path.iterdir()) == [out]


def test_another_ending_and_a_folder_that_is_not_there_are_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"P-140.*\.xls"), whole_file(tmp_path / "out.xls"):
        pass
    with (
        pytest.raises(SettingsError, match="P-141"),
        whole_file(tmp_path / "no" / "o.csv") as write,
    ):
        write(TABLE)


@pytest.mark.parametrize("text", ["=a", "+1", "-1", "@a", "\ta", "\ra", "a=b", "'", "", None])
def test_text_that_was_made_safe_comes_back(text: str | None) -> None:
    column = pa.chunked_array([pa.array([text], pa.string())])
    assert as_it_was(made_safe(column)).to_pylist() == [text]
