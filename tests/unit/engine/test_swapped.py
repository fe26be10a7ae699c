"""Days and months that were swapped are found, and honest files are left in peace."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cip.engine.swapped import swapped


def days(first: str, count: int) -> np.ndarray:
    return np.arange(np.datetime64(first), np.datetime64(first) + count).astype("datetime64[us]")


def misread(times: np.ndarray) -> np.ndarray:
    """As a program writes them that takes days up to the 12th for months."""
    made = times.copy()
    for place, time in enumerate(times.astype("datetime64[D]").astype(object)):
        if time.day <= 12:
            made[place] = np.datetime64(time.replace(month=time.day, day=time.month), "us")
    return made


def test_swapped_days_in_a_file_in_order_are_found_exactly() -> None:
    good = days("2023-01-15", 300)
    bad = misread(good)
    found = swapped(bad)
    assert (found <= (bad != good)).all()  # nothing true is called wrong
    assert found.sum() > 0.9 * (bad != good).sum()


def test_swapped_days_without_order_are_found_by_months_without_late_days() -> None:
    good = np.repeat(days("2023-01-01", 120), 5)
    np.random.default_rng(1).shuffle(good)
    bad = misread(good)
    found = swapped(bad)
    assert found.sum() > 0.5 * (bad != good).sum()
    assert (found <= (bad != good)).all()


@given(seed=st.integers(0, 10_000), length=st.integers(1, 900), ordered=st.booleans())
@settings(max_examples=60, deadline=None)
def test_honest_files_are_left_in_peace(seed: int, length: int, *, ordered: bool) -> None:
    draw = np.random.default_rng(seed)
    start = np.datetime64("2021-01-01") + draw.integers(0, 400)
    times = (start + draw.integers(0, length, 600)).astype("datetime64[us]")
    assert not swapped(np.sort(times) if ordered else times).any()


@pytest.mark.parametrize("day", [1, 5, 12])
def test_bills_on_one_day_of_the_month_are_left_in_peace(day: int) -> None:
    months = np.arange(np.datetime64("2020-01"), np.datetime64("2024-01"))
    bills = np.repeat(months.astype("datetime64[D]") + day - 1, 20)
    assert not swapped(bills.astype("datetime64[us]")).any()
