"""The forecast of a sum: what the interval promises, and where it ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cip.decisions.forecast import forecast_sum

probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=40)


def test_leavers_of_four_coins_are_two_give_or_take() -> None:
    found = forecast_sum(np.full(4, 0.5), np.ones(4), "customers")
    assert found.value == 2.0
    assert (found.low, found.high) == pytest.approx((2 - 1.96, 2 + 1.96), abs=1e-4)


@given(probabilities)
def test_no_fewer_than_none_and_no_more_than_all_can_leave(p: list[float]) -> None:
    found = forecast_sum(np.array(p), np.ones(len(p)), "customers")
    assert 0 <= found.low <= found.value <= found.high <= len(p)


def test_money_follows_the_worth_of_whom_it_speaks() -> None:
    found = forecast_sum(np.array([1.0, 0.0]), np.array([70.0, 30.0]), "EUR")
    assert (found.low, found.value, found.high, found.unit) == (70.0, 70.0, 70.0, "EUR")


def test_who_has_no_value_does_not_count_and_nobody_at_all_is_a_reason() -> None:
    nan = float("nan")
    assert forecast_sum(np.array([0.5, 0.5]), np.array([10.0, nan]), "EUR").value == 5.0
    assert "nobody" in forecast_sum(np.array([0.5]), np.array([nan]), "EUR").reason


def test_the_interval_covers_what_happens_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    p, worth = rng.beta(2, 5, 400), rng.lognormal(4, 1, 400)
    found = forecast_sum(p, worth, "EUR")
    lost = (rng.random((4_000, 400)) < p) @ worth
    covered = np.mean((found.low <= lost) & (lost <= found.high))
    assert 0.94 < covered < 0.96
