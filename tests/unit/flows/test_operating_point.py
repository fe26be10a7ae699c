"""What a threshold would have caught, and the intervals of what it says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cip.flows.operating_point import TestOutcome, at_threshold

P = np.array([0.9, 0.7, 0.5, 0.4, 0.2])
CHURNED = np.array([True, False, True, False, True])
ROWS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def test_who_has_just_the_threshold_is_flagged() -> None:
    point = at_threshold(TestOutcome(P, CHURNED), 0.5)
    assert (point.caught, point.missed, point.false_alarms, point.left_in_peace) == (2, 1, 1, 1)
    assert point.flagged == 3
    assert point.recall.value == pytest.approx(2 / 3)
    assert point.precision.value == pytest.approx(2 / 3)


def test_the_interval_is_wilson_s() -> None:
    # Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662
    p = np.concatenate([np.full(81, 0.9), np.full(182, 0.1)])
    recall = at_threshold(TestOutcome(p, np.ones(263, dtype=bool)), 0.5).recall
    assert (recall.low, recall.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_a_share_of_nobody_has_a_reason_and_no_value() -> None:
    nobody = at_threshold(TestOutcome(P, np.zeros(5, dtype=bool)), 0.95)
    assert math.isnan(nobody.recall.value)
    assert nobody.recall.reason == "nobody left"
    assert "nobody is flagged" in nobody.precision.reason


@given(ROWS, st.floats(0, 1), st.floats(0, 1))
def test_every_row_is_counted_once_and_a_higher_line_flags_no_more(
    rows: list[tuple[float, bool]], one: float, other: float
) -> None:
    p, churned = (np.array(column) for column in zip(*rows, strict=True))
    low, high = (at_threshold(TestOutcome(p, churned), t) for t in sorted((one, other)))
    for point in (low, high):
        counted = point.caught + point.missed + point.false_alarms + point.left_in_peace
        assert counted == len(rows)
    assert high.caught <= low.caught
    assert high.false_alarms <= low.false_alarms
