"""Every policy says what it did, about how many rows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.contract.mapping import Source, TableMapping
from cip.engine.canonical import canonicalise
from cip.engine.policies import PolicyLine, added_up
from cip.engine.source import clean_source

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

COLUMNS = {
    "customer_id": "who",
    "occurred_at": "when",
    "amount": "money",
    "transaction_id": "bill",
}


@pytest.fixture
def lines(con, tmp_path) -> Any:
    def made(**mapping: Any) -> dict[tuple[str, str], PolicyLine]:
        rows = {
            "who": ["c1", None, "c2", "c2"],
            "when": [
                "2024-01-05 10:00:00",
                "2024-01-05 10:00:00",
                "2024-01-05T10:00:00Z",
                "2024-03-01",
            ],
            "money": ["2.5", "3", "-1", "0"],
            "bill": ["b1", "b2", "b3", "b4"],
            "cur": ["EUR", "EUR", "USD", "CHF"],
            "source_row": pa.array(range(1, 5), pa.int64()),
        }
        pq.write_table(pa.table(rows), tmp_path / "staged.parquet")
        source = clean_source(con, tmp_path / "staged.parquet", Source(path="file.csv"))
        model = TableMapping.model_validate({"source": "bills", "columns": COLUMNS, **mapping})
        checked = canonicalise(
            con,
            source.rows,
            "transactions",
            model,
            now=datetime(2024, 6, 1, tzinfo=UTC),
            as_of=date(2024, 2, 1),
            currency="EUR",
        )
        return {(line.policy, line.choice): line for line in checked.policies}

    return made


def test_policies_count_the_rows_that_they_met(lines: Any) -> None:
    found = lines(
        columns={**COLUMNS, "currency": "cur"},
        rates={"USD": 0.9},
        policy={"guests": "drop", "currency": "drop", "time_zone": "Europe/Berlin"},
    )
    rows = {key: line.rows for key, line in found.items() if line.rows}
    assert rows == {
        ("guests", "drop"): 1,
        ("refunds", "keep"): 1,
        ("time_zone", "Europe/Berlin"): 2,
        ("currency", "EUR"): 2,
        ("currency", "USD"): 1,
        ("currency", "drop"): 1,
        ("late_rows", "load time"): 4,
    }
    assert found["time_zone", "Europe/Berlin"].sentence == (
        "transactions (bills): times without an offset are read as Europe/Berlin; 1 others keep "
        "the offset they state (2 of 4 rows)."
    )
    assert found["late_rows", "load time"].sentence == (
        "transactions (bills): rows without a known_at are known when they happened if the first "
        "load brings them, even where they were booked or mended later, and else from their load "
        "on (4 of 4 rows)."
    )


def test_limits_are_policies_and_count_the_values_beyond_them(lines: Any) -> None:
    found = lines(policy={"guests": "drop"}, limits={"amount": [0.5, 2]})
    line = found["limits", "amount 0.5 to 2"]
    assert line.rows == 2
    assert "values of amount outside 0.5 to 2 are taken as unknown" in line.sentence


def test_the_lines_of_several_files_are_added_up(lines: Any) -> None:
    one = tuple(lines(policy={"guests": "drop"}).values())
    both = added_up([*one, *one])
    assert len(both) == len(one)
    assert [line.rows for line in both] == [2 * line.rows for line in one]
