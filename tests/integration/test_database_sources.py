"""A real PostgreSQL server as a source."""

from __future__ import annotations

import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest

from cip.contract.mapping import Source
from cip.errors import CipError, ContractError, SettingsError
from cip.sources.database import tables_of
from cip.sources.files import Staged, stage
from cip.sources.opening import open_source

SECRET = "hunter2"  # noqa: S105 (of a role in a throw-away server)
HOSTILE = 'a"; drop table x'
Sql = Callable[..., list[Any]]


@pytest.fixture
def sql(postgres: str) -> Iterator[Sql]:
    """Statements in a schema `shop` that is new for each test."""
    with psycopg.connect(postgres, autocommit=True) as connection:

        def run(*statements: str) -> list[Any]:
            for statement in statements[:-1]:
                connection.execute(statement)
            cursor = connection.execute(statements[-1])
            return cursor.fetchall() if cursor.description else []

        run("drop schema if exists shop cascade", "create schema shop")
        yield run
        run("drop schema shop cascade")


@pytest.fixture
def staged(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Staged]:
    monkeypatch.setenv("SHOP_URL", postgres)

    def run(table: str = "shop.orders", on_rows: Callable[[int], None] | None = None) -> Staged:
        source = Source(database="env:SHOP_URL", table=table)
        return stage(source, tmp_path, tmp_path / "out" / "copy.parquet", on_rows)

    return run


def rows(copy: Staged) -> list[dict[str, Any]]:
    return pq.read_table(copy.path).to_pylist()


def test_types_of_the_server_are_kept_or_are_text_without_loss(sql: Sql, staged):
    sql(
        """create table shop.orders (id bigint, small smallint, paid boolean, part real,
        share float8, name text, short varchar(5), code char(5), day date, local timestamp,
        instant timestamptz, amount numeric(30, 4), uid uuid, more jsonb, tags text[],
        price money, raw bytea)""",
        """insert into shop.orders values (9007199254740993, 1, true, 0.5, 0.1, 'é', 'a', 'b',
        '2024-02-29', '2024-02-29 10:00', '2024-02-29 10:00+02', 12345678901234567890.1200,
        '00000000-0000-0000-0000-000000000007', '{"a": 1}', '{a,b}', 12.5, '\\xff')""",
        "insert into shop.orders (id) values (null)",
    )
    copy = staged()
    assert rows(copy)[0] == {
        "id": 9007199254740993, "small": 1, "paid": True, "part": 0.5, "share": 0.1, "name": "é",
        "short": "a", "code": "b", "day": date(2024, 2, 29),
        "local": datetime.fromisoformat("2024-02-29T10:00"),
        "instant": datetime(2024, 2, 29, 8, tzinfo=UTC), "amount": "12345678901234567890.1200",
        "uid": "00000000-0000-0000-0000-000000000007", "more": '{"a": 1}', "tags": "{a,b}",
        "price": "$12.50", "raw": "\\xff", "source_row": 1,
    }  # fmt: skip
    assert set(rows(copy)[1].values()) == {None, 2}
    kinds = copy.schema
    assert (kinds["instant"], kinds["amount"]) == ("timestamp[us, tz=UTC]", "string")


def test_times_beyond_the_calendar_are_empty_and_counted(sql: Sql, staged):
    sql(
        "create table shop.orders (id int, ended timestamptz, day date)",
        "insert into shop.orders values (1, '2024-01-01+00', '9999-12-31'), "
        "(2, 'infinity', '-infinity'), (3, '9999-12-31 23:59:59.999999+00', '0001-01-01'), "
        "(4, '20000-01-01', null)",
    )
    copy = staged()
    assert [row["ended"] is None for row in rows(copy)] == [False, True, False, True]
    assert [row["day"] is None for row in rows(copy)] == [False, True, False, True]
    found = [(each.code, each.column, each.rows, each.first_row) for each in copy.findings]
    assert found == [("C-047", "ended", 2, 2), ("C-047", "day", 1, 2)]


def test_hostile_names_are_names(sql: Sql, staged, postgres: str, tmp_path: Path):
    quoted = HOSTILE.replace('"', '""')
    sql(
        "create table shop.x (id int)",
        f'create table shop."{quoted}" ("né""; --" int, "select" text)',
        f"insert into shop.\"{quoted}\" values (1, 'a')",  # noqa: S608 (quoted above)
        'create table shop."with.dot" (id int)',
        'insert into shop."with.dot" values (1)',
    )
    assert staged(f"shop.{HOSTILE}").columns == ('né"; --', "select")
    assert staged("shop.with.dot").rows == 1
    assert tables_of(postgres, tmp_path) == [f"shop.{HOSTILE}", "shop.with.dot", "shop.x"]


def test_a_domain_a_view_and_a_partitioned_table_are_read(sql: Sql, staged):
    sql(
        "create domain shop.moment as timestamptz not null",
        "create table shop.orders (id int, at shop.moment) partition by range (id)",
        "create table shop.one partition of shop.orders for values from (0) to (10)",
        "insert into shop.orders values (1, '2024-01-01+00')",
        "create view shop.recent as select * from shop.orders",
    )
    for table in ("shop.orders", "shop.recent"):
        assert rows(staged(table))[0]["at"] == datetime(2024, 1, 1, tzinfo=UTC)


def test_a_partitioned_table_is_offered_once(sql: Sql, postgres: str, tmp_path: Path):
    sql(
        "create table shop.orders (id int) partition by range (id)",
        "create table shop.one partition of shop.orders for values from (0) to (10)",
    )
    assert tables_of(postgres, tmp_path) == ["shop.orders"]


def test_text_of_a_server_without_an_encoding_is_refused_when_it_is_no_utf_8(
    sql: Sql, postgres: str, tmp_path: Path
):
    sql("create database anything encoding sql_ascii template template0 locale 'C'")
    url = postgres.replace("/postgres?", "/anything?")
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(b"create table orders (id text)")
            connection.execute(b"insert into orders values (E'a\\xff')")
        source = Source(database=url, table="public.orders")
        with pytest.raises(ContractError, match=r"C-046: .*UTF-?8"):
            stage(source, tmp_path, tmp_path / "copy.parquet")
    finally:
        sql("drop database anything")


def test_all_batches_are_of_one_instant_and_the_transaction_cannot_write(
    sql: Sql, postgres: str, tmp_path: Path
):
    sql(
        "create table shop.orders (id int, pad text)",
        "insert into shop.orders select n, repeat('x', 500) from generate_series(1, 30000) n",
    )
    opened = open_source(Source(database=postgres, table="shop.orders"), tmp_path)
    with opened.closing:
        count = next(opened.batches).num_rows
        sql("insert into shop.orders select n, 'late' from generate_series(1, 30000) n")
        (state,) = sql(
            "select count(*) from pg_stat_activity where state <> 'idle' and query like '%pad%' "
            "and pid <> pg_backend_pid()"
        )
        count += sum(batch.num_rows for batch in opened.batches)
    assert (count, state) == (30_000, (1,))


def test_a_look_at_the_first_rows_leaves_no_query_running(sql: Sql, postgres: str, tmp_path: Path):
    endless = "select generate_series(1, 1000000000) n, repeat('x', 1000) pad"
    sql(f"create view shop.orders as {endless}")
    opened = open_source(Source(database=postgres, table="shop.orders"), tmp_path)
    with opened.closing:
        assert next(opened.batches).num_rows > 0
    ended = "select count(*) from pg_stat_activity where query like '%pad%' and state = 'active'"
    running = sql(f"{ended} and pid <> pg_backend_pid()")
    for _ in range(100):
        if running == [(0,)]:
            break
        time.sleep(0.1)
        running = sql(f"{ended} and pid <> pg_backend_pid()")
    assert running == [(0,)]


def test_the_checksum_is_that_of_the_content(sql: Sql, staged):
    sql(
        "create table shop.orders (id int, n text)",
        "insert into shop.orders select n, 'a' from generate_series(1, 200000) n",
    )
    heard: list[int] = []
    first, again = staged(on_rows=heard.append), staged()
    assert (first.sha256, first.files) == (again.sha256, ())
    assert (heard[-1], heard) == (200_000, sorted(heard))
    sql("update shop.orders set n = 'b' where id = 7")
    assert staged().sha256 != first.sha256


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("create table shop.customers (id int)", "C-045: .*there are: shop.customers"),
        ("create table shop.orders (id int)", "C-007: .*no rows"),
        ("create table shop.orders ()", "C-007: .*no rows"),
        ("create table shop.orders (id int, source_row int)", "C-006: .*'source_row'"),
        ("create view shop.orders as select 1 / (n - n) as id from (values (1)) v (n)",
         "C-046: .*division by zero"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_table_is_said_and_nothing_is_left_behind(
    sql: Sql, staged, tmp_path: Path, statement: str, said: str
):
    sql(statement)
    with pytest.raises(CipError, match=said):
        staged()
    assert not list(tmp_path.glob("out/*"))


def test_a_server_that_ends_mid_read_gives_one_clear_error_and_no_copy(
    sql: Sql, staged, tmp_path: Path
):
    sql(
        "create table shop.orders (id int, pad text)",
        "insert into shop.orders select n, repeat('x', 300) from generate_series(1, 400000) n",
    )

    def end_it(_rows: int) -> None:
        sql(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where pid <> pg_backend_pid() and backend_type = 'client backend'"
        )

    with pytest.raises(ContractError, match=r"any further after row \d+") as caught:
        staged(on_rows=end_it)
    assert caught.value.code == "C-046"
    assert "shop.orders in env:SHOP_URL" in caught.value.message
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("out/*"))


def test_a_table_that_may_not_be_read_is_said_without_the_password(
    sql: Sql, postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    sql("create table shop.orders (id int)", f"create role reader login password '{SECRET}'")
    url = postgres.replace("postgres@", f"reader:{SECRET}@")
    monkeypatch.setenv("SHOP_URL", url)
    source = Source(database="env:SHOP_URL", table="shop.orders")
    try:
        with pytest.raises(ContractError, match="permission denied") as caught:
            stage(source, tmp_path, tmp_path / "copy.parquet")
        assert SECRET not in "".join(traceback.format_exception(caught.value))
        monkeypatch.setenv("SHOP_URL", url.replace("reader", "nobody"))
        with pytest.raises(SettingsError, match="cannot be reached") as unknown:
            stage(source, tmp_path, tmp_path / "copy.parquet")
        assert SECRET not in "".join(traceback.format_exception(unknown.value))
    finally:
        sql("drop role reader")


def test_staging_a_table_loads_no_second_driver_and_no_frame_library(
    sql: Sql, postgres: str, tmp_path: Path
):
    sql("create table shop.orders (id int)", "insert into shop.orders values (1)")
    code = (
        "import sys; from pathlib import Path; from cip.contract.mapping import Source; "
        "from cip.sources.files import stage; "
        f"stage(Source(database={postgres!r}, table='shop.orders'), Path(), Path('copy.parquet')); "
        "print(sorted({'pandas', 'psycopg', 'duckdb', 'polars'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
