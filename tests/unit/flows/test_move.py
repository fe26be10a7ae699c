from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from ibis.expr.operations import DatabaseTable

from cip.engine.bucket import bucket_of
from cip.engine.connect import connect
from cip.flows.move import rows_in
from cip.stores.lake import Lake

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

CUSTOMERS = [f"c{number}" for number in range(500)]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    buckets = [bucket_of(who) for who in CUSTOMERS]
    rows = pa.table(
        {
            "customer_id": CUSTOMERS,
            "row_key": CUSTOMERS,
            "bucket": pa.array(buckets, pa.int32()),
        }
    )
    made = Lake(tmp_path)
    made.append("customers", rows.sort_by("bucket").to_reader())
    return made


def test_every_row_says_the_bucket_whose_folder_it_lies_in(lake) -> None:
    rows = rows_in(lake, connect(1), "customers").to_pyarrow()
    assert rows["bucket"].type == pa.int32()
    found = dict(zip(*(rows[name].to_pylist() for name in ("customer_id", "bucket")), strict=True))
    assert found == {who: bucket_of(who) for who in CUSTOMERS}


def test_some_buckets_give_their_rows_alone(lake) -> None:
    rows = rows_in(lake, connect(1), "customers", [3, 9]).to_pyarrow()
    assert set(rows["bucket"].to_pylist()) == {3, 9}


def test_buckets_are_read_in_one_go_however_many_there_are(lake) -> None:
    """Each would ask for memory of its own: 64 of them once asked for more than a load has."""
    rows = rows_in(lake, connect(1), "customers")
    assert len(rows.op().find(DatabaseTable)) == 1


def test_no_rows_are_none(lake) -> None:
    assert rows_in(lake, connect(1), "interactions") is None
    assert rows_in(lake, connect(1), "customers", []) is None
