"""A list that knows who has left: they come last in every order, and can be left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from cip.stores.customer_list import ORDERS, CustomerList
from cip.stores.customers import CUSTOMER_COLUMNS, HAS_LEFT, attribute_names, write_customers


def table(**more: list[Any]) -> pa.Table:
    columns: dict[str, Any] = {name: [None] * 4 for name in CUSTOMER_COLUMNS}
    columns |= {
        "rank": [1, 2, 3, 4],
        "customer_id": ["d", "b", "a", "c"],
        "p_churn": [0.2, 0.1, 0.9, 0.8],
        "clv": [5.0, 6.0, 0.0, 0.0],
        "expected_value_loss": [1.0, 0.6, 0.0, 0.0],
        "last_purchase_days": pa.nulls(4, pa.float64()),
        "reasons": ["[]"] * 4,
    }
    return pa.table(columns | more)


@pytest.mark.parametrize("order", list(ORDERS))
def test_who_has_left_leads_no_list(tmp_path: Path, order: str) -> None:
    write_customers(tmp_path, table(has_left=[False, False, True, True]))
    rows = CustomerList(tmp_path / "customers.parquet").page({}, order, limit=4)
    assert [row[HAS_LEFT] for row in rows] == [False, False, True, True]


def test_who_has_left_is_in_no_total_that_leaves_them_out(tmp_path: Path) -> None:
    write_customers(tmp_path, table(has_left=[False, False, True, True]))
    customers = CustomerList(tmp_path / "customers.parquet")
    assert customers.totals({"p_churn_from": 0.15}).customers == 3
    assert customers.totals({"p_churn_from": 0.15, HAS_LEFT: False}).customers == 1
    assert attribute_names([*customers.columns, "plan"]) == ["plan"]


def test_a_list_that_does_not_know_counts_everybody(tmp_path: Path) -> None:
    write_customers(tmp_path, table())
    customers = CustomerList(tmp_path / "customers.parquet")
    assert customers.totals({HAS_LEFT: False}).customers == 4
