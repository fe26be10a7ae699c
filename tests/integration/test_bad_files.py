"""Forty bad files: each gives its one clear finding or the right rows, and no row gets lost."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.access.roles import local_owner
from cip.errors import CipError
from cip.flows.check import CheckReport, _report, check
from cip.flows.job import open_job
from cip.flows.read import read_all
from cip.flows.run import run
from cip.flows.steps import Silent
from cip.settings import Workspace

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

HEAD = """
format = 1
[workspace]
name = "Bad files"
currency = "EUR"
[sources.pay]
path = "pay.csv"
{source}
[tables.transactions]
source = "pay"
columns.customer_id = "who"
columns.transaction_id = "bill"
columns.occurred_at = {when}
columns.amount = {money}
{more}
"""
SPELLS = """
format = 1
[workspace]
name = "Bad files"
currency = "EUR"
[sources.spells]
path = "spells.csv"
[sources.plays]
path = "plays.csv"
[sources.people]
path = "people.csv"
[tables.subscriptions]
source = "spells"
columns.customer_id = "who"
columns.started_at = "start"
columns.ended_at = "end"
columns.price = "price"
[tables.interactions]
source = "plays"
columns.customer_id = "who"
columns.occurred_at = "when"
columns.kind = { constant = "play" }
[tables.customers]
source = "people"
columns.customer_id = "who"
columns.name = "name"
attributes.country = "country"
[churn.label]
kind = "cancellation"
"""
PLAIN = """
format = 1
[workspace]
name = "Bad files"
currency = "EUR"
[sources.people]
path = "people.csv"
[tables.customers]
source = "people"
columns.customer_id = "who"
attributes.country = "country"
attributes.age = "age"
attributes.gone = "gone"
attribute_types.age = "number"
[churn.label]
kind = "given"
column = "gone"
left = ["yes"]
[churn]
candidates = ["logistic_regression"]
[run]
draws = 50
"""
SPELL_ROWS = ["c1,2023-01-01,2023-06-01,9.5", "c2,2023-02-01,,9.5"]
PLAY_ROWS = ["c1,2023-03-01 20:00:00", "c2,2023-03-02 21:00:00"]
PEOPLE = ["c1,Ann,DE", "c2,Bob,FR"]


def pay(*rows: str, head: str = "who,bill,when,money") -> bytes:
    return ("\n".join((head, *rows)) + "\n").encode()


def payments(count: int = 4, **columns: Sequence[str]) -> bytes:
    """`count` good payments, with some columns replaced."""
    good: dict[str, Sequence[str]] = {
        "who": [f"c{n % 3}" for n in range(count)],
        "bill": [f"b{n}" for n in range(count)],
        "when": [f"2023-0{n % 8 + 1}-15 10:00:00" for n in range(count)],
        "money": ["2.50"] * count,
    }
    made = {**good, **columns}
    rows = [",".join(cells) for cells in zip(*made.values(), strict=True)]
    return pay(*rows, head=",".join(made))


def toml(source: str = "", when: str = '"when"', money: str = '"money"', more: str = "") -> str:
    return HEAD.format(source=source, when=when, money=money, more=more)


def spells(
    spells: Sequence[str] = SPELL_ROWS,
    plays: Sequence[str] = PLAY_ROWS,
    people: Sequence[str] = PEOPLE,
) -> dict[str, bytes]:
    return {
        "spells.csv": pay(*spells, head="who,start,end,price"),
        "plays.csv": pay(*plays, head="who,when"),
        "people.csv": pay(*people, head="who,name,country"),
    }


@dataclass(frozen=True)
class Bad:
    """A bad file, and the finding that it must give.

    `row`, `value`, `rows`: what the finding names; `said`: words of its remedy; `left`: rows that
    the table must have all the same; `severity` of the finding.
    """

    code: str
    files: Mapping[str, bytes]
    config: str
    said: str
    column: str = ""
    row: int | None = None
    value: str | None = None
    rows: int = 0
    severity: str = "error"
    left: int = 0
    table: str = "transactions"
    beside: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Good:
    """A strange file that must load: the exact values, and what is told beside them."""

    files: Mapping[str, bytes]
    config: str
    values: Mapping[str, Sequence[Any]]
    told: frozenset[str] = field(default_factory=frozenset)
    table: str = "transactions"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def swapped_days() -> bytes:
    """A file in order of time; a spreadsheet read days up to the 12th as months."""
    days = [datetime(2023, 1, 1, 9, tzinfo=UTC) + timedelta(days=n) for n in range(200)]
    written = [
        f"{d:%Y}-{d:%d}-{d:%m} 09:00:00" if d.day <= 12 else f"{d:%Y-%m-%d} 09:00:00" for d in days
    ]
    return payments(200, when=written)


def in_pounds(money: Sequence[str], codes: Sequence[str]) -> bytes:
    return payments(len(money), money=money, cur=codes)


def truncated_parquet() -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.table({"who": ["c1"] * 999, "bill": [str(n) for n in range(999)]})
    pq.write_table(table, sink)
    whole: bytes = sink.getvalue().to_pybytes()
    return whole[: len(whole) // 2]


CSV = "pay.csv"
TIMES = ["2023-01-15 10:00:00"]
FAR = (datetime.now(UTC) + timedelta(days=400)).strftime("%Y-%m-%d %H:%M:%S")
LONG = "x" * 1_000_000
BERLIN = 'policy.time_zone = "Europe/Berlin"'

BAD: dict[str, Bad] = {
    "01 empty": Bad("C-004", {CSV: b""}, toml(), "export it again"),
    "02 header only": Bad("C-007", {CSV: pay()}, toml(), "export it again"),
    "04 UTF-16": Bad(
        "C-005", {CSV: payments().decode().encode("utf-16")}, toml(), 'encoding = "utf-16"'
    ),
    "05 latin-1": Bad(
        "C-009",
        {CSV: payments(2, who=["Zoë", "c2"]).decode().encode("latin-1")},
        toml(),
        '"cp1252"',
    ),
    "06 NUL bytes": Bad(
        "C-005", {CSV: payments().replace(b"2.50", b"2.\x000", 1)}, toml(), "damaged"
    ),
    "07 ragged rows": Bad(
        "C-011",
        {CSV: payments(3) + b"c9,b9,2023-01-15\n" + b"c9,b10,2023-01-15,1,2,3\n"},
        toml(),
        "missing quote",
        row=4,
        value="c9,b9,2023-01-15",
        rows=2,
        left=3,
        table="pay.csv",
    ),
    "08 duplicate columns": Bad(
        "C-006", {CSV: pay("c1,b1,x,1", head="who,bill,bill,money")}, toml(), "rename"
    ),
    "09 wrong delimiter": Bad(
        "C-010", {CSV: payments().replace(b",", b";")}, toml(), 'delimiter = ";"'
    ),
    "12b thousands out of place": Bad(
        "C-102",
        {CSV: payments(2, money=["2.50", '"12,34.50"'])},
        toml(),
        "policy.bad_values",
        column="amount",
        row=2,
        value="12,34.50",
        rows=1,
        left=1,
    ),
    "13 decimal comma": Bad(
        "C-102",
        {CSV: payments(3, money=["2.50", '"12,50"', '"9,99"'])},
        toml(),
        'set decimal = ","',
        column="amount",
        row=2,
        value="12,50",
        rows=2,
        left=1,
    ),
    "14 mixed date formats": Bad(
        "C-102",
        {CSV: payments(3, when=["2023-01-15", "31/12/2022", "30/12/2022"])},
        toml(),
        'time_format = "day_first"',
        column="occurred_at",
        row=2,
        value="31/12/2022",
        rows=2,
        left=1,
    ),
    "15 day and month swapped": Bad(
        "C-136",
        {CSV: swapped_days()},
        toml(),
        "time_format",
        column="occurred_at",
        row=32,
        value="2023-01-02 09:00:00",
        rows=66,
        severity="warning",
        left=200,
    ),
    "16 years of two digits": Bad(
        "C-104",
        {CSV: payments(2, when=["2023-01-15", "10-12-31"])},
        toml(),
        "year of two digits",
        column="occurred_at",
        row=2,
        value="10-12-31",
        rows=1,
        left=1,
    ),
    "16b years of two digits, day first": Bad(
        "C-104",
        {CSV: payments(2, when=["15/01/2023", "31/12/22"])},
        toml(when='{ column = "when", time_format = "day_first" }'),
        "year of two digits",
        column="occurred_at",
        row=2,
        value="31/12/22",
        rows=1,
        left=1,
    ),
    "17 the year 1900": Bad(
        "C-104",
        {CSV: payments(2, when=["1900-01-01", "2023-01-15"])},
        toml(),
        "1900-01-01",
        column="occurred_at",
        row=1,
        value="1900-01-01",
        rows=1,
        left=1,
    ),
    "17b the year 9999": Bad(
        "C-103",
        {CSV: payments(2, when=["2023-01-15", "9999-12-31"])},
        toml(),
        "policy.bad_values",
        column="occurred_at",
        row=2,
        value="9999-12-31",
        rows=1,
        left=1,
    ),
    "18 an hour that never was": Bad(
        "C-124",
        {CSV: payments(2, when=["2023-03-26 02:30:00", "2023-03-26 03:30:00"])},
        toml(more=BERLIN),
        "policy.time_zone",
        column="occurred_at",
        row=1,
        value="2023-03-26 02:30:00",
        rows=1,
        severity="warning",
        left=2,
    ),
    "19b times with and without an offset": Bad(
        "C-135",
        {CSV: payments(2, when=["2023-01-15 10:00:00+02:00", "2023-01-15 10:00:00"])},
        toml(),
        "policy.time_zone",
        column="occurred_at",
        rows=1,
        severity="warning",
        left=2,
    ),
    "20 milliseconds read as seconds": Bad(
        "C-103",
        {CSV: payments(3, when=["1673776800", "1673776800000", "1673776801000"])},
        toml(when='{ column = "when", time_format = "epoch_s" }'),
        'time_format = "epoch_ms"',
        column="occurred_at",
        row=2,
        value="1673776800000",
        rows=2,
        left=1,
    ),
    "20b seconds read as milliseconds": Bad(
        "C-104",
        {CSV: payments(2, when=["1673776800", "1673776800000"])},
        toml(when='{ column = "when", time_format = "epoch_ms" }'),
        'time_format = "epoch_s"',
        column="occurred_at",
        row=1,
        value="1673776800",
        rows=1,
        left=1,
    ),
    "20c seconds that nobody announced": Bad(
        "C-102",
        {CSV: payments(2, when=["1673776800", "2023-01-15"])},
        toml(),
        'time_format = "epoch_s"',
        column="occurred_at",
        row=1,
        value="1673776800",
        rows=1,
        left=1,
    ),
    "21 future events": Bad(
        "C-103",
        {CSV: payments(2, when=["2023-01-15", FAR])},
        toml(),
        "policy.bad_values",
        column="occurred_at",
        row=2,
        value=FAR,
        rows=1,
        left=1,
    ),
    "22 events before the sign-up": Bad(
        "C-130",
        spells(plays=["c1,2022-03-01 20:00:00", *PLAY_ROWS]),
        SPELLS,
        "change of plan",
        column="occurred_at",
        row=1,
        value="2022-03-01",
        rows=1,
        severity="info",
        left=3,
        table="interactions",
    ),
    "23 the end before the start": Bad(
        "C-125",
        spells(spells=["c1,2023-06-01,2023-01-01,9.5", *SPELL_ROWS[1:]]),
        SPELLS,
        "swapped",
        column="ended_at",
        row=1,
        value="2023-01-01",
        rows=1,
        left=1,
        table="subscriptions",
    ),
    "24 overlapping subscriptions": Bad(
        "C-133",
        spells(spells=[*SPELL_ROWS, "c1,2023-03-01,,9.5"]),
        SPELLS,
        "end the old one",
        column="started_at",
        row=3,
        value="2023-03-01",
        rows=1,
        severity="warning",
        left=3,
        table="subscriptions",
    ),
    "25 a negative price": Bad(
        "C-127",
        spells(spells=["c1,2023-01-01,2023-06-01,-9.5", *SPELL_ROWS[1:]]),
        SPELLS,
        "refunds belong into transactions",
        column="price",
        row=1,
        value="-9.5",
        rows=1,
        left=1,
        table="subscriptions",
    ),
    "26 a price of zero": Bad(
        "C-139",
        spells(spells=["c1,2023-01-01,2023-06-01,0", *SPELL_ROWS[1:]]),
        SPELLS,
        "policy.zero_amounts",
        column="price",
        row=1,
        value="0",
        rows=1,
        severity="info",
        left=2,
        table="subscriptions",
    ),
    "27 mixed currencies": Bad(
        "C-137",
        {CSV: in_pounds(["1", "2", "3"], ["EUR", "GBP", "EUR"])},
        toml(),
        'columns.currency = "cur"',
        column="amount",
        value="GBP",
        rows=1,
        left=3,
    ),
    "27b a currency without a rate": Bad(
        "C-119",
        {CSV: in_pounds(["1", "2", "3"], ["EUR", "GBP", ""])},
        toml(more='columns.currency = "cur"'),
        "rates = {",
        column="currency",
        row=2,
        value="GBP",
        rows=2,
        left=1,
    ),
    "28 NaN": Bad(
        "C-110",
        {CSV: payments(3, money=["2.50", "NaN", "inf"])},
        toml(),
        "policy.bad_values",
        column="amount",
        row=2,
        value="NaN",
        rows=2,
        left=1,
    ),
    "29 the word null as an id": Bad(
        "C-106",
        {CSV: payments(3, who=["c1", "NULL", "nan"])},
        toml(),
        "policy.guests",
        column="customer_id",
        row=2,
        value="NULL",
        rows=2,
        left=1,
    ),
    "29b the word null as a number": Bad(
        "C-105",
        {CSV: payments(2, money=["2.50", "N/A"])},
        toml(),
        "fill it",
        column="amount",
        row=2,
        value="N/A",
        rows=1,
        left=1,
    ),
    "30 duplicate ids": Bad(
        "C-112",
        {CSV: payments(3, who=["c1"] * 3, bill=["b1", "b2", "b1"])},
        toml(),
        "add_up",
        column="transaction_id",
        row=3,
        value="b1",
        rows=1,
        left=2,
    ),
    "30b duplicate customers": Bad(
        "C-113",
        spells(people=[*PEOPLE, "c1,Eve,DE"]),
        SPELLS,
        "map a column that does not change",
        column="name",
        row=1,
        value="c1",
        rows=1,
        severity="info",
        left=2,
        table="customers",
        beside=frozenset({"C-128"}),
    ),
    "31 the ids 7 and 07": Bad(
        "C-134",
        {CSV: payments(3, who=["7", "07", "8"])},
        toml(),
        "write each id in one way",
        column="customer_id",
        row=2,
        value="07",
        rows=1,
        severity="warning",
        left=3,
    ),
    "33 orphan events": Bad(
        "C-131",
        spells(plays=[*PLAY_ROWS, "c9,2023-03-01 20:00:00"]),
        SPELLS,
        "complete the customers",
        column="customer_id",
        row=3,
        value="c9",
        rows=1,
        severity="info",
        left=3,
        table="interactions",
    ),
    "37 a constant feature": Bad(
        "C-138",
        spells(people=["c1,Ann,DE", "c2,Bob,DE"]),
        SPELLS,
        "leave it out",
        column="country",
        value="DE",
        rows=2,
        severity="info",
        left=2,
        table="customers",
    ),
    "39 truncated Parquet": Bad(
        "C-008",
        {"pay.parquet": truncated_parquet()},
        toml().replace("pay.csv", "pay.parquet"),
        "download it again",
    ),
    "40 formula cells": Bad(
        "C-102",
        {CSV: payments(2, money=["2.50", "=SUM(A1:A3)"])},
        toml(),
        "a formula",
        column="amount",
        row=2,
        value="=SUM(A1:A3)",
        rows=1,
        left=1,
    ),
}

GOOD: dict[str, Good] = {
    "03 byte order mark": Good(
        {CSV: b"\xef\xbb\xbf" + payments(2)}, toml(), {"customer_id": ["c0", "c1"]}
    ),
    "04b UTF-16 as stated": Good(
        {CSV: payments(2, who=["Zoë", "c2"]).decode().encode("utf-16")},
        toml('encoding = "utf-16"'),
        {"customer_id": ["Zoë", "c2"]},
    ),
    "05b latin-1 as stated": Good(
        {CSV: payments(2, who=["Zoë", "c2"]).decode().encode("latin-1")},
        toml('encoding = "latin-1"'),
        {"customer_id": ["Zoë", "c2"]},
    ),
    "10 quoted newlines": Good(
        {CSV: payments(2, who=['"An\nna"', '"B, ""b"""'])},
        toml(),
        {"customer_id": ["An\nna", 'B, "b"'], "amount": [2.5, 2.5]},
    ),
    "11 a cell of a million letters": Good(
        {CSV: payments(2, bill=[LONG, "b2"])}, toml(), {"transaction_id": [LONG, "b2"]}
    ),
    "12 thousands separators": Good(
        {CSV: payments(3, money=['"1,234.50"', '"1,234,567"', "9"])},
        toml(),
        {"amount": [1234.5, 1234567.0, 9.0]},
        frozenset({"C-122"}),
    ),
    "13b decimal comma as stated": Good(
        {CSV: payments(3, money=['"12,50"', '"1.234,50"', "7"])},
        toml(money='{ column = "money", decimal = "," }'),
        {"amount": [12.5, 1234.5, 7.0]},
    ),
    "14b days first as stated": Good(
        {CSV: payments(3, when=["31/12/2022 08:26", "2023-01-15 10:00", "3.4.2023 1:05 PM"])},
        toml(when='{ column = "when", time_format = "day_first" }'),
        {"occurred_at": [at("2022-12-31 08:26"), at("2023-01-15 10:00"), at("2023-04-03 13:05")]},
    ),
    "14c months first as stated": Good(
        {CSV: payments(2, when=["12/31/2022", "4/3/2023 12:30 AM"])},
        toml(when='{ column = "when", time_format = "month_first" }'),
        {"occurred_at": [at("2022-12-31"), at("2023-04-03 00:30")]},
    ),
    "17c an end in the year 9999": Good(
        spells(spells=["c1,2023-01-01,9999-12-31,9.5", *SPELL_ROWS[1:]]),
        SPELLS,
        {"ended_at": [None, None]},
        frozenset({"C-126"}),
        "subscriptions",
    ),
    "18b the clocks change": Good(
        {
            CSV: payments(
                4,
                when=[
                    "2023-03-26 02:30:00",
                    "2023-10-29 02:30:00",
                    "2023-07-01 12:00:00",
                    "2023-07-01 12:00:00Z",
                ],
            )
        },
        toml(more=BERLIN),
        {
            "occurred_at": [
                at("2023-03-26 01:30"),
                at("2023-10-29 00:30"),
                at("2023-07-01 10:00"),
                at("2023-07-01 12:00"),
            ]
        },
        frozenset({"C-123", "C-124", "C-135"}),
    ),
    "19 mixed time zones": Good(
        {
            CSV: payments(
                3,
                when=[
                    "2023-01-15T10:00:00+02:00",
                    "2023-01-15 10:00:00-0530",
                    "2023-01-15T10:00:00Z",
                ],
            )
        },
        toml(),
        {
            "occurred_at": [
                at("2023-01-15 08:00"),
                at("2023-01-15 15:30"),
                at("2023-01-15 10:00"),
            ]
        },
    ),
    "20d milliseconds as stated": Good(
        {CSV: payments(2, when=["1673776800123", "1673776800000"])},
        toml(when='{ column = "when", time_format = "epoch_ms" }'),
        {"occurred_at": [at("2023-01-15 10:00:00.123"), at("2023-01-15 10:00")]},
    ),
    "27c currencies at stated rates": Good(
        {CSV: in_pounds(["1", "2", "3"], ["EUR", "gbp", ""])},
        toml(more='columns.currency = "cur"\nrates = { GBP = 1.15, "" = 1.0 }'),
        {"amount": [1.0, 2.3, 3.0]},
    ),
    "32 emoji ids": Good(
        {CSV: payments(2, who=["🦊", "👩‍👩‍👧"])}, toml(), {"customer_id": ["🦊", "👩‍👩‍👧"]}
    ),
    "40b formula cells in text": Good(
        {CSV: payments(2, who=["=1+1", "@SUM(A1)"])},
        toml(),
        {"customer_id": ["=1+1", "@SUM(A1)"]},
    ),
}

Cip = Callable[..., subprocess.CompletedProcess[str]]
Checked = Callable[[Mapping[str, bytes], str], CheckReport]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def put(workspace: Workspace, files: Mapping[str, bytes], config: str) -> None:
    for name, content in files.items():
        (workspace.root / name).write_bytes(content)
    workspace.config_path.write_text(config, encoding="utf-8")


@pytest.fixture
def checked(workspace: Workspace) -> Checked:
    """`cip check` of these files under this `cip.toml`."""

    def run(files: Mapping[str, bytes], config: str) -> CheckReport:
        put(workspace, files, config)
        return check(workspace, actor=local_owner(), progress=Silent())

    return run


def assert_nothing_is_lost(report: CheckReport) -> None:
    """Every row of a source is loaded, or stands in a finding that left it out."""
    sources = {line.table: line.source for line in report.policies}
    for table, rows in report.rows.items():
        left_out = sum(f.left_out for f in report.findings if f.table == table)
        assert report.sources[sources[table]] == rows + left_out, table


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gives_its_one_clear_finding(name: str, checked: Checked) -> None:
    bad = BAD[name]
    report = checked(bad.files, bad.config)
    (finding,) = [f for f in report.findings if f.code == bad.code]
    others = {f.code for f in report.findings} - {bad.code}
    assert others <= bad.beside | {"C-121"}, others
    assert finding.severity == bad.severity
    assert bad.said in finding.remedy, finding.remedy
    assert (finding.column, finding.first_row, finding.rows) == (bad.column, bad.row, bad.rows)
    assert bad.value is None or finding.example == bad.value
    assert bad.value is None or repr(bad.value)[1:-1] in finding.message or bad.code == "C-011"
    assert report.rows.get("transactions" if bad.table == CSV else bad.table, 0) == bad.left
    assert_nothing_is_lost(report)
    assert any(finding.message in line for line in report.lines())


@pytest.mark.parametrize("name", GOOD)
def test_a_strange_file_loads_with_the_right_values(name: str, workspace: Workspace) -> None:
    good = GOOD[name]
    put(workspace, good.files, good.config)
    job = open_job(workspace, actor=local_owner(), action="read", progress=Silent())
    with read_all(job) as read:  # as `check` does, and once for both
        report = _report(job, read)
        (rows,) = [table.rows for table in read.tables if table.name == good.table]
        found = rows.order_by("source_row").to_pyarrow()
    assert {finding.code for finding in report.findings} == good.told
    assert not report.errors
    assert_nothing_is_lost(report)
    assert {column: found[column].to_pylist() for column in good.values} == dict(good.values)


def test_ragged_rows_are_counted_beside_those_that_were_read(checked: Checked) -> None:
    bad = BAD["07 ragged rows"]
    report = checked(bad.files, bad.config)
    (finding,) = report.findings
    lines = bad.files[CSV].count(b"\n") - 1
    assert lines == report.sources["pay"] + finding.left_out
    assert finding.rows_seen == (4, 5)


def shop(
    customers: int,
    *,
    stays: Callable[[int, int], bool],
    months: int = 20,
) -> dict[str, bytes]:
    """One payment a customer and month while `stays(customer, month)`."""
    rows = []
    for customer in range(customers):
        for month in range(months):
            if stays(customer, month):
                day = datetime(2022, 1, 1, tzinfo=UTC) + timedelta(days=30 * month + customer % 28)
                money = f"{5 + customer % 7 + month % 3}.50"
                rows.append(f"c{customer},b{customer}-{month},{day:%Y-%m-%d} 10:00:00,{money}")
    return {CSV: pay(*rows)}


RUN = toml(
    more="""
[snapshot]
horizon_days = 60
active_days = 120
[churn]
candidates = ["logistic_regression"]
[run]
draws = 50
"""
)


def verdict(report: CheckReport, use_case: str) -> tuple[str, str]:
    (found,) = [each for each in report.verdicts if each.use_case == use_case]
    return found.word, f"{found.sentence} {found.what_to_do}"


def run_it(workspace: Workspace) -> dict[str, Any]:
    return run(workspace, actor=local_owner(), progress=Silent())


def plain(gone: Callable[[int], str], country: Callable[[int], str], rows: int) -> dict[str, bytes]:
    made = [f"p{n},{country(n)},{20 + n % 50},{gone(n)}" for n in range(rows)]
    return {"people.csv": pay(*made, head="who,country,age,gone")}


def test_34_a_label_with_one_class_is_no_churn_problem(
    checked: Checked, workspace: Workspace
) -> None:
    files = plain(lambda _: "no", lambda n: "DE" if n % 2 else "FR", 300)
    word, said = verdict(checked(files, PLAIN), "churn")
    assert word == "no"
    assert "0 leavers (at least 100 advised), 300 stayers" in said
    with pytest.raises(CipError) as refused:
        run_it(workspace)
    assert refused.value.hint


def test_35_nobody_left(checked: Checked, workspace: Workspace) -> None:
    report = checked(shop(60, stays=lambda *_: True), RUN)
    word, said = verdict(report, "churn")
    assert word == "no"
    assert "0 leavers" in said
    assert "Nobody left" in said
    assert_a_run_says_so(workspace)


def test_36_everybody_left(checked: Checked, workspace: Workspace) -> None:
    ended = RUN.replace("[snapshot]", "[snapshot]\nas_of = 2023-08-20")
    report = checked(shop(60, stays=lambda _, month: month < 17), ended)
    word, said = verdict(report, "churn")
    assert word == "no"
    assert "0 stayers" in said
    assert "Everybody left" in said
    assert_a_run_says_so(workspace)


def assert_a_run_says_so(workspace: Workspace) -> None:
    """A published run without a signal, or one error with a hint; never anything else."""
    refused, summary = "", {}
    try:
        summary = run_it(workspace)
    except CipError as error:
        refused = error.hint
    assert refused or not summary["churn"]["promoted"]
    assert refused or summary["churn"]["verdicts"]["signal"]["word"] != "useful"


def test_37b_a_run_goes_on_with_a_constant_feature(checked: Checked, workspace: Workspace) -> None:
    files = plain(lambda n: "yes" if n % 3 == 0 else "no", lambda _: "DE", 300)
    report = checked(files, PLAIN)
    assert [f.column for f in report.findings if f.code == "C-138"] == ["country"]
    assert run_it(workspace)["totals"]["customers"]


def test_38_one_customer(checked: Checked, workspace: Workspace) -> None:
    report = checked(shop(1, stays=lambda *_: True), RUN)
    assert not report.errors
    assert {each.word for each in report.verdicts} == {"no"}
    assert "1 eligible customers" in verdict(report, "churn")[1]
    assert_a_run_says_so(workspace)


def test_the_command_writes_the_report_and_one_json_object(tmp_path: Path, cip: Cip) -> None:
    hostile = "<script>alert(1)</script>"
    (tmp_path / CSV).write_bytes(payments(2, who=[hostile, "c2"], money=[hostile, "1"]))
    (tmp_path / "cip.toml").write_text(toml().replace("Bad files", hostile), encoding="utf-8")
    ended = cip("check", "-w", tmp_path, "--json", "--html", tmp_path / "report.html")
    assert ended.returncode == 1, ended.stderr
    said = json.loads(ended.stdout)
    assert [finding["code"] for finding in said["findings"]] == ["C-102"]
    assert said["findings"][0]["values_seen"] == [hostile]
    assert said["findings"][0]["rows_seen"] == [1]
    assert [entry["use_case"] for entry in said["readiness"]]
    assert all(line["sentence"] for line in said["policies"])
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert hostile not in page
    assert "&lt;script&gt;" in page
    assert not re.findall(r"(?:https?:)?//[a-z]|url\(|<script|<link|<img|@import", page)
    assert "light-dark(" in page
