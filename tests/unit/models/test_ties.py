"""What is made of other features follows them; what no customer can be is seen."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cip.engine.features import CATALOGUE
from cip.models.ties import (
    DISTINCT,
    RATIOS,
    SUMS,
    contradictions,
    follow,
    made_of_others,
    possible,
)
from cip.models.whatif import changed

CUSTOMER = {
    "recency_days": 40.0,
    "purchase_days_28d": 0.0,
    "purchase_days_90d": 2.0,
    "purchase_days_365d": 5.0,
    "purchase_days_all": 10.0,
    "spend_28d": 0.0,
    "spend_90d": 100.0,
    "spend_365d": 300.0,
    "spend_all": 500.0,
    "mean_spend_90d": 50.0,
    "spend_share_90d": 0.2,
    "spend_trend_28d": -100.0,
    "purchase_days_trend_28d": -2.0,
    "gap_mean_days": 20.0,
    "recency_over_gap": 2.0,
    "items_28d": 0.0,
    "items_90d": 7.0,
    "items_all": 30.0,
    "country": "France",
}
NAMES = {feature.info.name for feature in CATALOGUE}


def test_what_joins_a_window_joins_every_longer_one_and_its_trend() -> None:
    after = changed(CUSTOMER, {"spend_28d": 60.0})
    assert (after["spend_90d"], after["spend_365d"], after["spend_all"]) == (160.0, 360.0, 560.0)
    assert after["spend_trend_28d"] == -40.0
    assert after["mean_spend_90d"] == 80.0
    assert after["spend_share_90d"] == pytest.approx(160 / 560)


def test_of_distinct_things_a_longer_window_has_at_least_as_many() -> None:
    after = changed(CUSTOMER, {"items_28d": 9.0})
    assert after["items_90d"] == 9.0
    assert "items_all" not in after


def test_a_shorter_window_holds_no_more_than_a_longer_one() -> None:
    after = changed({**CUSTOMER, "spend_28d": 80.0}, {"spend_90d": 50.0})
    assert after["spend_28d"] == 50.0
    assert after["spend_365d"] == 250.0


def test_what_counts_since_the_beginning_never_becomes_less() -> None:
    payments = {"failed_payments_28d": 2.0, "failed_payments_90d": 3.0, "failed_payments_all": 5.0}
    after = changed(payments, {"failed_payments_28d": 0.0})
    assert after == {"failed_payments_28d": 0.0, "failed_payments_90d": 1.0}
    assert changed(payments, {"failed_payments_28d": 3.0})["failed_payments_all"] == 6.0


def test_days_more_with_a_purchase_bring_money_and_a_later_last_purchase() -> None:
    after = changed(CUSTOMER, {"purchase_days_28d": 3.0})
    assert after["recency_days"] == 28.0
    assert after["recency_over_gap"] == 1.4
    assert after["purchase_days_90d"] == 5.0
    assert after["spend_28d"] == 150.0  # fifty a day, as so far
    assert after["spend_all"] == 650.0


def test_a_last_purchase_longer_ago_empties_the_windows_after_it() -> None:
    after = changed(CUSTOMER, {"recency_days": 100.0})
    assert after["purchase_days_90d"] == 0.0
    assert after["spend_90d"] == 0.0
    assert isnan(float(after["mean_spend_90d"] or 0.0))
    assert "purchase_days_365d" not in after


def test_what_is_changed_itself_is_moved_by_nothing() -> None:
    after = changed(CUSTOMER, {"purchase_days_28d": 3.0, "spend_90d": 400.0, "recency_days": 9.0})
    assert after["spend_90d"] == 400.0
    assert after["recency_days"] == 9.0


def test_with_a_ratio_its_part_moves_and_what_holds_the_part() -> None:
    after = changed(CUSTOMER, {"mean_spend_90d": 80.0})
    assert after["mean_spend_90d"] == 80.0
    assert after["spend_90d"] == 160.0
    assert (after["spend_365d"], after["spend_all"]) == (360.0, 560.0)
    assert contradictions(CUSTOMER | after) == ()


def test_a_ratio_that_moves_its_own_whole_contradicts_its_part() -> None:
    after = CUSTOMER | changed(CUSTOMER, {"spend_share_90d": 0.5})
    assert contradictions(after) == (("spend_share_90d", "spend_90d"),)


def test_a_category_moves_alone() -> None:
    assert changed(CUSTOMER, {"country": "Spain"}) == {"country": "Spain"}


def test_what_contradicts_itself_is_named() -> None:
    assert contradictions(CUSTOMER) == ()
    wrong = CUSTOMER | {"spend_28d": 200.0}
    assert contradictions(wrong) == (("spend_28d", "spend_90d"),)
    asleep = CUSTOMER | {"recency_days": 10.0, "recency_over_gap": 0.5}
    assert contradictions(asleep) == (("purchase_days_28d", "recency_days"),)


def test_trends_and_ratios_are_made_of_others_where_those_are_there() -> None:
    made = made_of_others(list(CUSTOMER))
    assert {"spend_trend_28d", "mean_spend_90d", "recency_over_gap"} <= made
    assert not made & {"recency_days", "spend_90d", "gap_mean_days"}
    assert made_of_others(["mean_spend_90d", "spend_90d"]) == frozenset()


NUMBERS = [name for name, value in CUSTOMER.items() if isinstance(value, float)]
ROOTS = sorted(set(NUMBERS) - made_of_others(NUMBERS))


@given(st.dictionaries(st.sampled_from(ROOTS), st.integers(1, 60).map(float), max_size=1))
def test_one_change_of_a_possible_customer_leaves_a_possible_one(changes: dict[str, float]) -> None:
    after = CUSTOMER | changed(CUSTOMER, dict(changes))
    columns = {n: np.array([v]) for n, v in after.items() if isinstance(v, float)}
    assert possible(columns)[0], contradictions(after)


@given(st.lists(st.integers(0, 30).map(float), min_size=1, max_size=9))
def test_many_ways_at_once_follow_as_each_alone(ways: list[float]) -> None:
    together = follow(CUSTOMER, {"purchase_days_28d": np.array(ways)})
    for at, way in enumerate(ways):
        alone = CUSTOMER | changed(CUSTOMER, {"purchase_days_28d": way})
        for name, column in together.items():
            np.testing.assert_equal(column[at], alone[name])


def test_every_name_that_hangs_together_is_one_of_the_catalogue() -> None:
    parts = {name for ratio in RATIOS.values() for name in (ratio.part, *ratio.whole)}
    assert set(RATIOS) | parts <= NAMES
    for stem in (*SUMS, *DISTINCT):
        assert f"{stem}_90d" in NAMES or f"{stem}_all" in NAMES
