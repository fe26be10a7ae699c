from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from cip.contract.mapping import Source
from cip.errors import CipError
from cip.sources.database import tables_of
from cip.sources.files import Staged, stage
from cip.sources.opening import open_source

FIFTY_THOUSAND = """
insert into orders with recursive numbers (n) as (
    select 1 union all select n + 1 from numbers where n < 50000
) select n, 'x' from numbers
"""
HOSTILE = 'a"; drop table "x'


def database(folder: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(folder / "shop.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return folder / "shop.db"


def staged(folder: Path, table: str = "orders") -> Staged:
    source = Source(database="sqlite:///shop.db", table=table)
    return stage(source, folder, folder / "out" / "copy.parquet")


def column(folder: Path, declared: str, values: Sequence[Any]) -> tuple[str, list[Any]]:
    with closing(sqlite3.connect(folder / "shop.db")) as connection:
        connection.execute(f"create table orders (id {declared})")
        connection.executemany("insert into orders values (?)", [(value,) for value in values])
        connection.commit()
    copy = staged(folder)
    return copy.schema["id"], pq.read_table(copy.path)["id"].to_pylist()


@pytest.mark.parametrize(
    ("declared", "values", "kind", "expected"),
    [
        ("integer", [1, None, 2**62], "int64", [1, None, 2**62]),
        ("real", [1.0, 2.5], "double", [1.0, 2.5]),
        ("text", ["007", None], "string", ["007", None]),
        ("timestamp", ["2024-01-01 10:00:00"], "string", ["2024-01-01 10:00:00"]),
        ("", ["a", 7, 0.1, None, b"\xff"], "string", ["a", "7", "0.1", None, "ff"]),
        ("", [1, 2.5], "string", ["1", "2.5"]),
        ("blob", [b"\x00\x01"], "string", ["0001"]),
        ("text", [None, None], "null", [None, None]),
    ],
)
def test_a_column_has_the_type_of_its_values_and_mixed_ones_are_text(
    tmp_path: Path, declared: str, values: list[Any], kind: str, expected: list[Any]
):
    assert column(tmp_path, declared, values) == (kind, expected)


def test_rows_are_numbered_and_the_checksum_is_that_of_the_content(tmp_path: Path):
    path = database(tmp_path, "create table orders (id, n)", FIFTY_THOUSAND)
    copy, again = staged(tmp_path), staged(tmp_path)
    table = pq.read_table(copy.path)
    assert table["id"].equals(table["source_row"])
    assert (copy.rows, copy.files, copy.sha256) == (50_000, (), again.sha256)
    database(tmp_path, "update orders set n = 'y' where id = 7")
    assert staged(tmp_path).sha256 != copy.sha256
    assert path.is_file()


def test_hostile_names_are_names(tmp_path: Path):
    quoted = HOSTILE.replace('"', '""')
    database(
        tmp_path,
        "create table x (id)",
        f'create table "{quoted}" ("né""; --" integer, "select" text)',
        f"insert into \"{quoted}\" values (1, 'a')",  # noqa: S608 (quoted above)
    )
    copy = staged(tmp_path, HOSTILE)
    assert copy.columns == ('né"; --', "select")
    assert tables_of("sqlite:///shop.db", tmp_path) == [HOSTILE, "x"]


def test_a_view_is_a_table_and_main_may_stand_before_a_name(tmp_path: Path):
    database(
        tmp_path,
        "create table orders (id)",
        "insert into orders values (1)",
        "create view big as select id from orders",
    )
    assert staged(tmp_path, "big").rows == staged(tmp_path, "main.orders").rows == 1


def test_the_database_is_read_in_one_state_and_never_written(tmp_path: Path):
    path = database(
        tmp_path,
        "pragma journal_mode = wal",
        "create table orders (id integer)",
        "insert into orders values (1), (2)",
    )
    rows = open_source(Source(database="sqlite:///shop.db", table="orders"), tmp_path)
    with rows.closing:
        with closing(sqlite3.connect(path)) as other:
            other.execute("insert into orders values ('text now')")
            other.commit()
        assert [batch.num_rows for batch in rows.batches] == [2]
    assert staged(tmp_path).rows == 3


@pytest.mark.parametrize(
    ("code", "statements", "said"),
    [
        ("C-045", ["create table customers (id)"], "there are: customers"),
        ("C-007", ["create table orders (id)"], "no rows"),
        ("C-006", ["create table orders (id, source_row)", "insert into orders values (1, 1)"], ""),
        ("C-046", ["create table orders (id)", "insert into orders values (cast(x'ff' as text))"],
         "before the first row"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_table_is_said_and_nothing_is_left_behind(
    tmp_path: Path, code: str, statements: list[str], said: str
):
    database(tmp_path, *statements)
    with pytest.raises(CipError) as caught:
        staged(tmp_path)
    assert caught.value.code == code
    assert said in str(caught.value)
    assert not list(tmp_path.glob("out/*"))


def test_a_file_that_is_no_database_is_said(tmp_path: Path):
    (tmp_path / "shop.db").write_bytes(b"id,n\n" * 200)
    with pytest.raises(CipError, match=r"shop\.db cannot be opened: file is not a database"):
        staged(tmp_path)
    (tmp_path / "shop.db").unlink()
    with pytest.raises(CipError, match=r"shop\.db does not exist"):
        tables_of("sqlite:///shop.db", tmp_path)
    assert not (tmp_path / "shop.db").exists()
