"""Local times become the instants that the zone's own rules give, in every hour of the year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import ibis
import pyarrow as pa
import pytest

from cip.engine.zones import as_utc, changes, hour_of

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")


def walls(zone: str) -> list[datetime]:
    """Naive times around every change of the clocks, and one in each month between."""
    near = [
        change.doubt_from.replace(tzinfo=None) + timedelta(minutes=minutes)
        for change in changes(zone)
        for minutes in (-1, 0, 29, 30, 59, 60, 61)
    ]
    return near + [datetime(year, month, 7, 13) for year in (1990, 2024) for month in range(1, 13)]  # noqa: DTZ001 (naive)


@pytest.mark.parametrize("zone", ZONES)
def test_a_local_time_is_the_first_instant_that_shows_it(con, zone: str) -> None:
    times = walls(zone)
    rows = ibis.memtable(
        pa.table({"wall": pa.array(times, pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))})
    )
    made = rows.select(utc=as_utc(rows["wall"], zone), hour=hour_of(rows["wall"], zone))
    found = con.to_pyarrow(made).to_pydict()
    info = ZoneInfo(zone)
    for wall, utc, hour in zip(times, found["utc"], found["hour"], strict=True):
        first, second = (wall.replace(tzinfo=info, fold=fold) for fold in (0, 1))
        gap = second.utcoffset() - first.utcoffset()
        assert utc == first.astimezone(UTC), wall
        assert hour == (0 if not gap else 1 if gap < timedelta(0) else 2), wall


def test_changes_rise_and_each_says_what_was_before_it() -> None:
    found = changes("Europe/Berlin")
    assert all(one.at < two.at and one.after == two.before for one, two in pairwise(found))
    assert {change.hour for change in found} == {"twice", "never"}
    assert changes("Asia/Kolkata") == ()
