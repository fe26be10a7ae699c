"""Compact dates, and numbers beside the mark of a currency: read where they are stated."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.contract.mapping import Source, TableMapping
from cip.engine.canonical import canonicalise
from cip.engine.source import clean_source

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
BILLS = {"customer_id": "who", "occurred_at": "when", "amount": "money", "transaction_id": "bill"}


@pytest.fixture
def read(con, tmp_path) -> Any:
    def canonical(name: str, cells: dict[str, Any], currency: str | None = "EUR", **mapping: Any):
        count = len(next(iter(cells.values())))
        table = pa.table({**cells, "source_row": pa.array(range(1, count + 1), pa.int64())})
        pq.write_table(table, tmp_path / "staged.parquet")
        source = clean_source(con, tmp_path / "staged.parquet", Source(path="file.csv"))
        model = TableMapping.model_validate({"source": "file", **mapping})
        return canonicalise(con, source.rows, name, model, now=NOW, currency=currency)

    return canonical


def bills(when: Any = None, money: Any = None) -> dict[str, Any]:
    rows = len(when or money)
    return {
        "who": ["7"] * rows,
        "when": when or ["2024-01-05"] * rows,
        "money": money or ["1"] * rows,
        "bill": [f"b{row}" for row in range(rows)],
    }


def column(checked: Any, name: str) -> list[Any]:
    return checked.rows.order_by("source_row").to_pyarrow()[name].to_pylist()


COMPACT = {**BILLS, "occurred_at": {"column": "when", "time_format": "compact"}}
DAY, MOMENT = datetime(2024, 1, 31, tzinfo=UTC), datetime(2024, 1, 31, 23, 59, 58, tzinfo=UTC)


@pytest.mark.parametrize(
    "when",
    [
        ["20240131", "20240131235958", "2024-01-31", "20240131.0"],
        pa.array([20240131, 20240131235958, 20240131, 20240131], pa.int64()),
    ],
)
def test_compact_times_are_read_from_text_and_from_whole_numbers(read: Any, when: Any) -> None:
    checked = read("transactions", bills(when=when), columns=COMPACT)
    assert column(checked, "occurred_at") == [DAY, MOMENT, DAY, DAY]
    assert not [finding for finding in checked.findings if finding.severity == "error"]


def test_a_compact_time_of_day_is_local_and_a_compact_day_is_not(read: Any) -> None:
    file = bills(when=["20240131", "20240131235958"])
    zone = {"time_zone": "Europe/Berlin"}
    checked = read("transactions", file, columns=COMPACT, policy=zone)
    assert column(checked, "occurred_at") == [DAY, MOMENT.replace(hour=22)]


@pytest.mark.parametrize("when", ["20241331", "20240230", "2024013", "20240131250000"])
def test_digits_that_are_no_date_are_unreadable(read: Any, when: str) -> None:
    (finding,) = [
        finding
        for finding in read(
            "transactions", bills(when=[when, "20240131"]), columns=COMPACT
        ).findings
        if finding.severity == "error"
    ]
    assert (finding.code, finding.rows, finding.example) == ("C-102", 1, when)


def test_a_compact_day_that_is_not_stated_is_refused_with_the_line_that_reads_it(read: Any) -> None:
    checked = read("transactions", bills(when=["20240131"]), columns=BILLS)
    assert 'time_format = "compact"' in checked.findings[0].remedy


@pytest.mark.parametrize(
    ("currency", "decimal", "money", "amounts"),
    [
        ("USD", ".", ["$1,299.00", "-$5", "$-5", "US$ 7", "8 USD", "usd9", "10"],
         [1299, -5, -5, 7, 8, 9, 10]),
        ("EUR", ",", ["1.299,00 €", "€12,5", "12\u00a0€", "-3 EUR", "4"], [1299, 12.5, 12, -3, 4]),
        ("GBP", ".", ["£12", "GBP 1.5"], [12, 1.5]),
        ("CHF", ".", ["Fr. 12", "CHF 1.5"], [12, 1.5]),
    ],
)  # fmt: skip
def test_the_mark_of_the_workspaces_currency_is_read_over(
    read: Any, currency: str, decimal: str, money: list[str], amounts: list[float]
) -> None:
    columns = {**BILLS, "amount": {"column": "money", "decimal": decimal}}
    checked = read("transactions", bills(money=money), currency, columns=columns)
    assert column(checked, "amount") == amounts


@pytest.mark.parametrize("currency", ["EUR", None])
@pytest.mark.parametrize("money", ["$12", "12 USD", "£ 12.50", "kr 3"])
def test_another_mark_is_refused_by_name_and_never_read(
    read: Any, money: str, currency: str | None
) -> None:
    checked = read("transactions", bills(money=["1", money]), currency, columns=BILLS)
    (finding,) = [finding for finding in checked.findings if finding.severity == "error"]
    assert (finding.code, finding.column, finding.rows) == ("C-119", "amount", 1)
    assert finding.example == money
    assert column(checked, "amount") == [1.0]


def test_another_mark_can_be_left_out_and_the_policies_count_it(read: Any) -> None:
    file = bills(money=["€1", "$12", "3"])
    checked = read("transactions", file, columns=BILLS, policy={"currency": "drop"})
    assert column(checked, "amount") == [1.0, 3.0]
    lines = {line.choice: line.rows for line in checked.policies if line.policy == "currency"}
    assert lines == {"not stated": 2, "drop": 1}


@pytest.mark.parametrize("money", ["€", "12 € 13", "€€12", "€ twelve", "12 XYZ"])
def test_what_is_no_number_beside_a_mark_is_unreadable(read: Any, money: str) -> None:
    checked = read("transactions", bills(money=["1", money]), columns=BILLS)
    (finding,) = [finding for finding in checked.findings if finding.severity == "error"]
    assert finding.code == "C-102"


def test_an_attribute_says_how_its_numbers_are_written(read: Any) -> None:
    attributes = {"charge": {"column": "c", "decimal": ","}, "plan": "p"}
    cells = {"who": ["a", "b"], "c": ["1.299,50 €", "7"], "p": ["x", "y"]}
    checked = read("customers", cells, columns={"customer_id": "who"}, attributes=attributes)
    assert column(checked, "charge") == [1299.5, 7.0]
    assert column(checked, "plan") == ["x", "y"]
