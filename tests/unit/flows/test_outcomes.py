"""When a forecast falls due, also where clocks are changed in between."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cip.flows.outcomes import cutoff_of, due_at

BERLIN = ZoneInfo("Europe/Berlin")


def test_a_horizon_is_days_of_the_business_not_hours() -> None:
    said = {"cutoff": datetime(2024, 3, 1, tzinfo=BERLIN).isoformat(), "horizon_days": 60}
    assert due_at(said, BERLIN) == datetime(2024, 4, 30, tzinfo=BERLIN)
    assert cutoff_of(said, BERLIN) == datetime(2024, 2, 29, 23, tzinfo=UTC)


def test_in_utc_it_is_the_same_on_any_clock() -> None:
    said = {"cutoff": datetime(2024, 3, 1, tzinfo=UTC).isoformat(), "horizon_days": 60}
    assert due_at(said) == due_at(said, UTC) == datetime(2024, 4, 30, tzinfo=UTC)
