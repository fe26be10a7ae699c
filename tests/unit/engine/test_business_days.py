"""Days of the business are those that `zoneinfo` gives, on the microsecond, in every zone."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cip.engine.days import day_known, day_number, day_of, midnight_after, opening
from cip.engine.zones import as_wall, changes, days_later
from cip.errors import ContractError
from cip.testing.agree import disagreements
from cip.testing.engine_answers import TOPICS
from cip.testing.engine_world import FolderStore, write_world

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

EPOCH = date(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # half an hour
    "America/Sao_Paulo",  # until 2019 at midnight
    "Africa/Cairo",
    "Asia/Beirut",
    "America/St_Johns",  # until 2011 a minute after midnight
    "Pacific/Apia",  # a day that never was
)
ALL_ZONES = sorted(
    name for name in zoneinfo.available_timezones() if not name.startswith(("posix", "right"))
)
_TIME = pa.timestamp("us", "UTC")


def table(instants: Sequence[datetime]) -> ibis.Table:
    return ibis.memtable(pa.table({"t": pa.array(instants, _TIME)}))


def asked(con: ibis.BaseBackend, instants: Sequence[datetime], expression) -> list:
    rows = table(instants)
    return con.to_pyarrow(rows.select(x=expression(rows["t"])))["x"].to_pylist()


def date_of(instant: datetime, zone: str) -> int:
    """The oracle: the date that the zone's clocks show, as days since 1970."""
    return (instant.astimezone(ZoneInfo(zone)).date() - EPOCH).days


def around_changes(zone: str) -> list[datetime]:
    """Instants around every change of the clocks and around every midnight near one."""
    steps = (timedelta(0), timedelta(minutes=30), timedelta(hours=1), timedelta(hours=25))
    near = [change.at for change in changes(zone)] or [datetime(2024, 3, 31, 1, tzinfo=UTC)]
    days = {at.astimezone(ZoneInfo(zone)).date() + timedelta(days=d) for at in near for d in (0, 1)}
    edges = near + [opening(day, zone).astimezone(UTC) for day in sorted(days)]
    return [
        edge + sign * step + tick
        for edge in edges
        for step in steps
        for sign in (-1, 1)
        for tick in (-MICROSECOND, timedelta(0), MICROSECOND)
    ]


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_is_the_date_on_the_clocks_around_every_change_of_them(con, zone: str) -> None:
    instants = around_changes(zone)
    found = asked(con, instants, lambda t: day_of(t, zone))
    wrong = [i for i, day in zip(instants, found, strict=True) if day != date_of(i, zone)]
    assert wrong == []


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    zone=st.sampled_from(ALL_ZONES),
    instants=st.lists(
        st.datetimes(datetime(1990, 1, 1), datetime(2049, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 (hypothesis adds the zone)
        min_size=30,
        max_size=60,
    ),
)
def test_a_day_is_the_date_on_the_clocks_in_any_zone_at_any_instant(con, zone, instants) -> None:
    found = asked(con, instants, lambda t: day_of(t, zone))
    assert found == [date_of(instant, zone) for instant in instants]


@pytest.mark.parametrize("zone", ZONES)
def test_what_is_known_before_a_day_came_before_its_midnight(con, zone: str) -> None:
    instants = sorted(around_changes(zone))
    found = asked(con, instants, lambda t: day_known(t, zone))
    for instant, day in zip(instants, found, strict=True):
        assert opening(EPOCH + timedelta(days=day), zone).astimezone(UTC) <= instant
        following = opening(EPOCH + timedelta(days=day + 1), zone).astimezone(UTC)
        assert instant < following, instant
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2024, 3, 31), 23),
        ("Europe/Berlin", date(2024, 10, 27), 25),
        ("America/New_York", date(2024, 3, 10), 23),
        ("America/New_York", date(2024, 11, 3), 25),
        ("Australia/Lord_Howe", date(2024, 4, 7), 24.5),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),
        ("America/Sao_Paulo", date(2018, 2, 17), 25),
        ("Asia/Kolkata", date(2024, 3, 31), 24),
    ],
)
def test_a_day_of_23_or_25_hours_is_one_day(con, zone: str, day: date, hours: float) -> None:
    opened, over = (opening(day + timedelta(days=n), zone).astimezone(UTC) for n in (0, 1))
    assert over - opened == timedelta(hours=hours)
    number = (day - EPOCH).days
    instants = [opened - MICROSECOND, opened, over - MICROSECOND, over]
    for days in (day_of, day_known):
        found = asked(con, instants, lambda t, days=days: days(t, zone))
        assert found == [number - 1, number, number, number + 1]


def test_a_purchase_before_midnight_in_berlin_is_of_that_day(con) -> None:
    late = datetime(2024, 3, 30, 23, 30, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    march_30 = (date(2024, 3, 30) - EPOCH).days
    assert asked(con, [late], lambda t: day_of(t, "Europe/Berlin")) == [march_30]
    saturday_in_utc = datetime(2024, 3, 30, 23, 30, tzinfo=UTC)
    assert asked(con, [saturday_in_utc], lambda t: day_of(t, "Europe/Berlin")) == [march_30 + 1]


@pytest.mark.parametrize("zone", ZONES)
def test_a_wall_time_and_so_many_days_later_are_what_the_clocks_say(con, zone: str) -> None:
    instants = around_changes(zone)[::7]
    info = ZoneInfo(zone)
    walls = [instant.astimezone(info).replace(tzinfo=UTC, fold=0) for instant in instants]
    assert asked(con, instants, lambda t: as_wall(t, zone)) == walls
    later = [
        (wall.replace(tzinfo=info) + timedelta(days=14)).astimezone(UTC)  # by the clock
        for wall in walls
    ]
    assert asked(con, instants, lambda t: days_later(t, 14, zone)) == later


def test_days_of_utc_cost_nothing() -> None:
    rows = ibis.table({"t": "timestamp('UTC', 6)"}, name="rows")
    assert day_of(rows["t"], "UTC").equals(rows["t"].epoch_seconds() // 86_400)
    assert days_later(rows["t"], 3, "UTC").equals(rows["t"] + ibis.interval(days=3))


def test_a_midnight_of_another_zone_is_no_cutoff() -> None:
    berlin = opening(date(2024, 3, 31), "Europe/Berlin")
    assert day_number(berlin, "Europe/Berlin") == (date(2024, 3, 31) - EPOCH).days
    assert day_number(berlin.astimezone(UTC), "Europe/Berlin") == (date(2024, 3, 31) - EPOCH).days
    for zone in ("UTC", "America/New_York"):
        with pytest.raises(ContractError, match=f"not 00:00 {zone}") as refused:
            day_number(berlin, zone)
        assert refused.value.code == "C-202"


def test_the_midnight_that_clocks_skip_is_when_they_do() -> None:
    skipped = opening(date(2018, 11, 4), "America/Sao_Paulo")
    assert skipped.astimezone(UTC) == datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert day_number(skipped, "America/Sao_Paulo") == (date(2018, 11, 4) - EPOCH).days
    assert midnight_after(skipped - MICROSECOND, "America/Sao_Paulo") == skipped


def in_zone(store: FolderStore, folder: Path, zone: str) -> FolderStore:
    """The same world, whose times in UTC are what the clocks of the zone showed."""
    folder.mkdir()
    info = ZoneInfo(zone)
    for path in store.folder.glob("*.parquet"):
        rows = pq.read_table(path)
        for at, field in enumerate(rows.schema):
            if pa.types.is_timestamp(field.type):
                walls = rows[field.name].to_pylist()
                shown = [None if t is None else t.replace(tzinfo=info) for t in walls]
                utc = [None if t is None else t.astimezone(UTC) for t in shown]
                rows = rows.set_column(at, field.name, pa.array(utc, _TIME))
        pq.write_table(rows, folder / path.name)
    return FolderStore(folder, zone)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    folder = tmp_path_factory.mktemp("business") / "utc"
    return write_world(folder, customers=100, events=60_000)


@pytest.fixture(scope="module", params=["America/New_York", "Asia/Beirut"])
def local(request: pytest.FixtureRequest, world: FolderStore) -> FolderStore:
    return in_zone(world, world.folder.parent / request.param.replace("/", "-"), request.param)


@pytest.fixture(scope="module")
def answer(con) -> Callable[[FolderStore, str], pa.Table]:
    """`answer(store, topic)`: each question is asked once of each store."""
    return cache(lambda store, topic: TOPICS[topic].ask(con, store, 10**9))


NOT_BY_THE_DAY = {"treated_at", "days_ago"}
"""Instants, and time that passed: hours that clocks skip are not in them."""


@pytest.mark.parametrize("topic", TOPICS)
def test_a_business_is_told_the_same_as_by_its_own_clocks_shifted_by_hand(
    answer, world, local, topic: str
) -> None:
    expected, found = (answer(store, topic) for store in (world, local))
    timed = sorted(NOT_BY_THE_DAY & set(expected.column_names))
    problems = disagreements(
        expected.drop_columns(timed), found.drop_columns(timed), TOPICS[topic].keys
    )
    assert problems == []


def test_days_of_utc_are_not_those_of_a_business_elsewhere(answer, local) -> None:
    topic = "features, label and future value"
    here, utc = (answer(store, topic) for store in (local, replace(local, zone="UTC")))
    assert disagreements(here, utc, TOPICS[topic].keys)
