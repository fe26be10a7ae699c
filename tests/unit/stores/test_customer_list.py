"""The list is filtered and ordered by names from a fixed list, and by values as values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.errors import NotFoundError
from cip.stores.customer_list import FILTERS, ORDERS, CustomerList, Totals

P = [0.9, 0.2, 0.7, 0.9, 0.1]
BANDS = ["high", "low", "high", "high", "low"]


@pytest.fixture
def customers(tmp_path: Path) -> Iterator[CustomerList]:
    path = tmp_path / "customers.parquet"
    table = {
        "rank": [1, 2, 3, 4, 5],
        "customer_id": ["e", "d", "c", "b", "a"],
        "p_churn": P,
        "clv": [10.0, 50.0, None, 8.0, 30.0],
        "expected_value_loss": [9.0, 7.0, 5.0, 3.0, 1.0],
        "churn_band": BANDS,
        "clv_band": ["low", "low", "low", "high", "high"],
        "priority_segment": ["Save now", "it's", "it's", "Watch", "Watch"],
        "last_purchase_days": [1, 2, 3, 4, 5],
        "segment": pa.array([0, 0, 1, None, 0], pa.int64()),
        "reasons": ["[]"] * 5,
    }
    pq.write_table(pa.table(table), path)
    pq.write_table(pa.table({"secret": [1]}), tmp_path.parent / f"{tmp_path.name}-other.parquet")
    found = CustomerList(path)
    yield found
    found.close()


def ids(rows: list[dict[str, object]]) -> str:
    return "".join(str(row["customer_id"]) for row in rows)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("expected_value_loss", "edcba"),
        ("p_churn", "ebcda"),
        ("clv", "daebc"),
        ("last_purchase_days", "abcde"),
        ("customer_id", "abcde"),
    ],
)
def test_every_order_puts_the_greatest_first(
    customers: CustomerList, order: str, expected: str
) -> None:
    assert ids(customers.page({}, order, limit=10)) == expected
    assert "".join(row["customer_id"] for row in customers.every({}, order)) == expected


def test_pages_cut_the_list_without_gap_or_repeat(customers: CustomerList) -> None:
    pages = [customers.page({}, "p_churn", limit=2, offset=at) for at in (0, 2, 4, 6)]
    assert [ids(rows) for rows in pages] == ["eb", "cd", "a", ""]


def test_filters_are_joined_by_and(customers: CustomerList) -> None:
    where = {"churn_band": "high", "clv_band": "low"}
    assert ids(customers.page(where, "expected_value_loss", limit=10)) == "ec"
    assert customers.totals(where) == Totals(2, 14.0)
    assert customers.totals({"p_churn_above": 0.7}) == Totals(2, 12.0)
    assert customers.totals({"churn_band": "medium"}) == Totals(0, 0.0)


def test_a_value_with_a_quote_is_only_a_value(customers: CustomerList) -> None:
    assert customers.totals({"priority_segment": "it's"}).customers == 2
    assert customers.totals({"priority_segment": "x' or '1'='1"}).customers == 0


@pytest.mark.parametrize("name", ["customer_id; drop table x", "reasons", "clv desc", ""])
def test_names_off_the_list_are_refused(customers: CustomerList, name: str) -> None:
    with pytest.raises(NotFoundError, match="no order"):
        customers.page({}, name, limit=1)
    with pytest.raises(NotFoundError, match="no filter"):
        customers.totals({name: 1})


def test_reasons_stay_out_of_the_list(customers: CustomerList) -> None:
    assert "reasons" not in customers.columns
    assert all("reasons" not in row for row in customers.every({}, "clv"))


VALUES = {"p_churn_above": 0.5, "p_churn_from": 0.5, "segment": 1}


def test_every_name_on_the_lists_can_be_asked_for(customers: CustomerList) -> None:
    for name in FILTERS:
        customers.totals({name: VALUES.get(name, "x")})
    assert set(ORDERS) <= {*customers.columns}


def test_the_database_reads_this_folder_and_nothing_else(
    customers: CustomerList, tmp_path: Path
) -> None:
    other = tmp_path.parent / f"{tmp_path.name}-other.parquet"
    with pytest.raises(duckdb.PermissionException):
        customers._db.cursor().read_parquet(str(other)).fetchall()
    with pytest.raises(duckdb.InvalidInputException, match="locked"):
        customers._db.execute("set enable_external_access = true")


def test_cells_sum_up_each_segment_and_leave_out_customers_without_one(
    customers: CustomerList,
) -> None:
    cells = customers.cells()
    assert [(c["segment"], c["clv_band"], c["churn_band"], c["customers"]) for c in cells] == [
        (0, "high", "low", 1),
        (0, "low", "high", 1),
        (0, "low", "low", 1),
        (1, "low", "high", 1),
    ]
    assert cells[1]["expected_value_loss"] == 9.0
    assert cells[3]["clv"] is None
    assert [cell["valued"] for cell in cells] == [1, 1, 1, 0]


def test_a_list_without_segments_has_no_cells(tmp_path: Path) -> None:
    pq.write_table(pa.table({"rank": [1], "reasons": ["[]"]}), tmp_path / "customers.parquet")
    assert CustomerList(tmp_path / "customers.parquet").cells() == []
