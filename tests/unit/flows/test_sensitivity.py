"""Who would count as a leaver under other horizons and definitions, in a line a definition."""

from __future__ import annotations

from typing import Any

from cip.flows.sensitivity import definitions, lines
from cip.wording import THIN


def row(name: str, days: int | None, rate: float | None, *, own: bool = False) -> dict[str, Any]:
    return {
        "label": name,
        "is_primary": own,
        "horizon_days": days,
        "customers": 2_784,
        "churn_rate": rate,
    }


def test_the_command_line_says_what_the_page_shows_and_marks_the_horizon_in_use() -> None:
    rows = [
        row("is_gone", None, 0.148),
        row("purchase", 28, 0.69, own=True),
        row("purchase", 90, 0.381, own=True),
    ]
    first, second = lines({"sensitivity": rows, "calendar": {"horizon_days": 90}})
    assert first == (
        f"Who would count as a leaver by purchase, by days ahead: 28 days 69.0{THIN}%, "
        f"90 days 38.1{THIN}% (this run); 2,784 customers looked at."
    )
    assert second == f"Leavers by the column is_gone: 14.8{THIN}% of 2,784 customers."


def test_two_definitions_of_one_kind_stay_apart_and_what_was_not_counted_is_left_out() -> None:
    rows = [row("inactivity", 28, 0.3), row("inactivity", 60, None), row("inactivity", 28, 0.2)]
    found = definitions({"sensitivity": rows})
    assert [[each["churn_rate"] for each in one.rows] for one in found] == [[0.3], [0.2]]


def test_runs_that_did_not_count_it_say_nothing() -> None:
    assert lines({"calendar": {}}) == []
    assert lines({"sensitivity": None, "calendar": {}}) == []
