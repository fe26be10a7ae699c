"""Nothing at a local midnight or later is known before it, on the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cip.engine.cohorts import cohorts
from cip.engine.days import opening
from cip.engine.file_times import times_between
from cip.engine.snapshot import feature_frame, labelled_frame

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

MICROSECOND = timedelta(microseconds=1)
CUTOFFS = [
    ("Europe/Berlin", date(2024, 3, 31)),
    ("Europe/Berlin", date(2024, 4, 1)),
    ("Europe/Berlin", date(2024, 10, 28)),
    ("America/New_York", date(2024, 11, 3)),
    ("America/New_York", date(2024, 11, 4)),
    ("America/Sao_Paulo", date(2018, 11, 4)),  # 00:00 is skipped
    ("America/Sao_Paulo", date(2018, 2, 18)),  # 23:00 to 24:00 comes twice before it
    ("America/St_Johns", date(2010, 11, 7)),  # its midnight strikes twice
    ("Asia/Kathmandu", date(2024, 4, 1)),
    ("Australia/Lord_Howe", date(2024, 4, 8)),
]


def bought(who: str, at: datetime, known: datetime | None = None, amount: float = 8.0) -> dict:
    instant = at.astimezone(UTC)
    row = {"customer_id": who, "occurred_at": instant, "amount": amount}
    return row if known is None else {**row, "known_at": known.astimezone(UTC)}


def features(con, store, cutoff: datetime) -> dict[str, list[float]]:
    frame, infos = feature_frame(con, store, [cutoff], active_days=180, rows_per_pass=10**6)
    columns = np.array([frame.columns[info.name] for info in infos], dtype=np.float64)
    return dict(zip(frame.customer_id.tolist(), columns.T.tolist(), strict=True))


@pytest.mark.parametrize(("zone", "day"), CUTOFFS)
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    shifts=st.lists(
        st.one_of(st.just(timedelta(0)), st.timedeltas(timedelta(0), timedelta(days=90))),
        min_size=1,
        max_size=6,
    )
)
def test_nothing_at_its_midnight_or_later_changes_a_feature(
    con, make_store, zone: str, day: date, shifts: list[timedelta]
) -> None:
    cutoff = opening(day, zone)
    struck = cutoff.astimezone(UTC)
    long_ago = struck - timedelta(days=40)
    rows = [bought("without", long_ago)]
    for number, shift in enumerate(shifts):
        late = struck + shift
        rows += [
            bought(f"later {number}", long_ago),
            bought(f"later {number}", late),
            bought(f"known later {number}", long_ago),
            bought(f"known later {number}", struck - MICROSECOND, known=late),
        ]
    store = make_store(transactions=rows)
    store.zone = zone
    made = features(con, store, cutoff)
    assert len(made) == 1 + 2 * len(shifts)
    for who, values in made.items():
        np.testing.assert_array_equal(values, made["without"], err_msg=who)


@pytest.mark.parametrize(("zone", "day"), CUTOFFS)
def test_the_microsecond_before_midnight_is_a_feature_and_midnight_is_the_label(
    con, make_store, zone: str, day: date
) -> None:
    cutoff = opening(day, zone)
    struck, following = cutoff.astimezone(UTC), opening(day + timedelta(days=1), zone)
    ago = struck - timedelta(days=40)
    store = make_store(
        transactions=[
            bought("before", ago),
            bought("before", struck - MICROSECOND),
            bought("at", ago),
            bought("at", struck),
            bought("last", ago),
            bought("last", following.astimezone(UTC) - MICROSECOND),
            bought("over", ago),
            bought("over", following),
        ]
    )
    store.zone = zone
    frame, _ = labelled_frame(
        con,
        store,
        [cutoff],
        horizon_days=1,
        data_end=opening(day + timedelta(days=2), zone),
        active_days=180,
        rows_per_pass=10**6,
    )
    names = frame.features.customer_id.tolist()
    recency = frame.features.columns["recency_days"].tolist()
    assert dict(zip(names, recency, strict=True))["before"] == 1.0
    stayed = dict(zip(names, (~frame.churned).tolist(), strict=True))
    assert stayed == {"before": False, "at": True, "last": True, "over": False}
    assert set(frame.features.cutoff.tolist()) == {datetime(day.year, day.month, day.day)}  # noqa: DTZ001 (as the clocks show it)


def test_two_versions_of_a_row_in_the_hour_that_comes_twice_are_told_in_their_order(
    con, make_store
) -> None:
    """In Newfoundland, until 2011, that hour ended a minute after a midnight that struck twice."""
    zone, day = "America/St_Johns", date(2010, 11, 7)
    struck = opening(day, zone).astimezone(UTC)
    known = [struck - timedelta(days=3), struck + MICROSECOND, struck + timedelta(minutes=30)]
    row = {"customer_id": "ann", "occurred_at": struck - timedelta(days=5), "row_key": "1"}
    store = make_store(
        transactions=[
            {**row, "amount": amount, "known_at": at, "revision": revision}
            for amount, at, revision in zip((1.0, 2.0, 4.0), known, (None, 1, 2), strict=True)
        ]
    )
    store.zone = zone
    found = [
        feature_frame(con, store, [opening(at, zone)], active_days=90, rows_per_pass=10**6)[0]
        for at in (day, day + timedelta(days=1))
    ]
    assert [frame.columns["spend_all"].tolist() for frame in found] == [[1.0], [4.0]]


def test_a_customer_belongs_to_the_month_of_the_business(con, make_store) -> None:
    late = datetime(2024, 3, 31, 22, 30, tzinfo=UTC)  # 00:30 on the first of April in Berlin
    store = make_store(transactions=[bought("ann", late), bought("bob", late)])
    store.zone = "Europe/Berlin"
    found = cohorts(con, store, opening(date(2024, 5, 1), store.zone), rows_per_pass=10**6)
    assert found.start.tolist() == [date(2024, 4, 1)]
    assert found.active.tolist() == [[2.0]]


def test_weekends_are_those_of_the_business(con, make_store) -> None:
    friday = datetime(2024, 3, 29, 23, 30, tzinfo=UTC)  # Saturday in Berlin, Friday in New York
    store = make_store(transactions=[bought("ann", friday)])
    shares = []
    for zone in ("Europe/Berlin", "UTC", "America/New_York"):
        store.zone = zone
        cutoff = opening(date(2024, 4, 5), zone)
        frame, infos = feature_frame(con, store, [cutoff], active_days=90, rows_per_pass=10**6)
        (name,) = (info.name for info in infos if "weekend" in info.name)
        shares += frame.columns[name].tolist()
    assert shares == [1.0, 0.0, 0.0]


def test_files_say_between_which_instants_their_times_lie(tmp_path: Path) -> None:
    def write(name: str, **columns: list) -> str:
        arrays = {
            key: pa.array(values, pa.timestamp("us", "UTC")) for key, values in columns.items()
        }
        pq.write_table(pa.table(arrays), tmp_path / name, row_group_size=1)
        return str(tmp_path / name)

    first, later, last = (datetime(2024, month, 1, tzinfo=UTC) for month in (1, 2, 3))
    files = [
        write("a.parquet", occurred_at=[later, last], known_at=[None, None]),
        write("b.parquet", occurred_at=[first, None], ended_at=[None, later]),
    ]
    assert times_between(files, ["occurred_at", "known_at", "ended_at", "more"]) == {
        "occurred_at": (first, last),
        "ended_at": (later, later),
    }
    silent = tmp_path / "c.parquet"
    rows = pa.table({"occurred_at": pa.array([first], pa.timestamp("us", "UTC"))})
    pq.write_table(rows, silent, write_statistics=False)
    assert times_between([*files, str(silent)], ["occurred_at"]) == {}
