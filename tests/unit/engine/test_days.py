from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.engine.connect import read_files
from cip.engine.days import as_instants, day_number, day_numbers, day_of, midnight_after
from cip.errors import ContractError

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

MIDNIGHT = datetime(2024, 2, 29, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def test_a_day_begins_at_its_midnight_and_ends_a_microsecond_before_the_next(
    con: ibis.BaseBackend, tmp_path
) -> None:
    midnights = [
        datetime(year, month, 1, tzinfo=UTC)
        for year in (1969, 1990, 2024, 2038, 2058, 2100)
        for month in (1, 3, 7)
    ]
    instants = [m + shift for m in midnights for shift in (-MICROSECOND, 0 * MICROSECOND)]
    pq.write_table(
        pa.table({"t": pa.array(instants, pa.timestamp("us", "UTC"))}), tmp_path / "t.parquet"
    )
    rows = read_files(con, [str(tmp_path / "t.parquet")])
    days = rows.select("t", day=day_of(rows["t"])).to_pyarrow()
    for instant, day in zip(days["t"].to_pylist(), days["day"].to_pylist(), strict=True):
        assert day == (instant - datetime(1970, 1, 1, tzinfo=UTC)).days


@pytest.mark.parametrize(
    "cutoff",
    [
        MIDNIGHT + MICROSECOND,
        MIDNIGHT.replace(tzinfo=None),
        MIDNIGHT.replace(tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_a_cutoff_that_is_not_midnight_utc_is_refused(cutoff: datetime) -> None:
    with pytest.raises(ContractError, match="not 00:00 UTC") as refused:
        day_number(cutoff)
    assert refused.value.code == "C-202"


def test_cutoffs_are_told_once_and_in_order() -> None:
    later = MIDNIGHT + timedelta(days=1)
    assert day_numbers([later, MIDNIGHT, later]) == [19782, 19783]
    assert as_instants(np.array([19782])).tolist() == [MIDNIGHT.replace(tzinfo=None)]


@pytest.mark.parametrize("instant", [MIDNIGHT, MIDNIGHT + timedelta(hours=23, minutes=59)])
def test_data_that_end_at_midnight_hold_that_midnight(instant: datetime) -> None:
    assert midnight_after(instant) == MIDNIGHT + timedelta(days=1)
