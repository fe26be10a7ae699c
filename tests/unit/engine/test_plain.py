"""The customer table by itself: numbers, words, labels as they stand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.engine.connect import connect
from cip.engine.plain import plain_table, words_of
from cip.errors import ContractError, NotReadyError
from cip.models.explain import sentence

# Ibis itself calls what DuckDB has deprecated
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


class Store:
    """Customers in one file, as a lake gives them."""

    def __init__(self, folder: Path, rows: pa.Table | None) -> None:
        self._path = folder / "customers.parquet"
        if rows is not None:
            pq.write_table(rows, self._path)

    def has(self, table: str) -> bool:
        return table == "customers" and self._path.exists()

    def files(self, *_asked: object) -> list[str]:
        return [str(self._path)]


ROWS = pa.table(
    {
        "customer_id": ["b", "a", "c"],
        "name": ["Bea", None, "Cy"],
        "Tenure": ["12", "3", None],
        "zip": ["01234", "99999", "01234"],
        "code": ["1", "2", "2"],
        "MonthlyCharges": [20.5, None, 70.0],
        "joined": pa.array([0, 1, 2], pa.timestamp("us", "UTC")),
        "Churn": ["Yes", None, "no"],
        "flag": [1.0, 0.0, None],
    }
)


@pytest.fixture
def con():
    opened = connect(1)
    yield opened
    opened.disconnect()


def read(con, tmp_path: Path, *attributes: str, **more):
    return plain_table(con, Store(tmp_path, ROWS), attributes, ["Churn", "flag"], **more)


def test_customers_come_by_id_with_their_names_and_labels(con, tmp_path: Path) -> None:
    table = read(con, tmp_path, "Tenure")
    assert table.frame.customer_id.tolist() == ["a", "b", "c"]
    assert table.names.tolist() == [None, "Bea", "Cy"]
    assert table.labels["Churn"].tolist() == [None, "Yes", "no"]
    assert table.labels["flag"].tolist() == ["0", "1", None]
    assert np.isnat(table.frame.cutoff).all()


def test_text_that_holds_numbers_only_is_a_number_but_007_and_what_is_declared_text(
    con, tmp_path: Path
) -> None:
    table = read(con, tmp_path, "Tenure", "zip", "code", words=["code"])
    kinds = {info.name: info.kind for info in table.infos}
    assert kinds == {"Tenure": "number", "zip": "category", "code": "category"}
    np.testing.assert_array_equal(table.frame.columns["Tenure"], [3.0, 12.0, np.nan])


def test_a_time_is_no_feature_and_money_carries_the_currency(con, tmp_path: Path) -> None:
    table = read(con, tmp_path, "joined", "MonthlyCharges", money="MonthlyCharges")
    (info,) = table.infos
    assert info.unit == "{currency}"
    assert info.decimals == 2
    with pytest.raises(ContractError, match="C-208"):
        read(con, tmp_path, "zip", money="zip")


def test_a_column_that_is_not_there_is_named(con, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="C-101"):
        read(con, tmp_path, "Tenur")
    with pytest.raises(NotReadyError, match="C-207"):
        plain_table(con, Store(tmp_path / "none", None), [], [])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("MonthlyCharges", "monthly charges"),
        ("StreamingTV", "streaming TV"),
        ("is_active", "is active"),
        ("customerID", "customer ID"),
        ("tenure", "tenure"),
        ("Total.Charges ($)", "total charges"),
    ],
)
def test_a_column_reads_as_words(name: str, words: str) -> None:
    assert words_of(name) == words


def test_a_reason_reads_as_a_sentence(con, tmp_path: Path) -> None:
    table = read(con, tmp_path, "Tenure", "zip", "MonthlyCharges")
    tenure, place, charges = table.infos
    assert sentence(tenure, 3.0, 29.0) == "Tenure is 3 (typical 29)"
    assert sentence(place, "01234", "99999") == "Zip is 01234 (typical 99999)"
    assert sentence(charges, 20.5, 70.0) == "Monthly charges: 20.50 (typical 70.00)"
    assert sentence(tenure, float("nan"), 29.0) == "Tenure is not known (typical 29)"
