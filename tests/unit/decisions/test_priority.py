from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cip.decisions.priority import (
    ACTIONS,
    OF_SUBSCRIBERS,
    THREE,
    Bands,
    PriorityRule,
    band_of,
    priority_segment_of,
    priority_table,
    rank_by_loss,
)
from cip.errors import ModelError, SettingsError

RULE = PriorityRule(value=Bands((100.0, 500.0)))


def test_a_value_equal_to_a_cut_point_belongs_to_the_band_above_it():
    values = np.array([0.0, 0.299, 0.3, 0.599, 0.6, 1.0])
    bands = band_of(values, (0.3, 0.6), THREE)
    assert bands.tolist() == ["Low", "Low", "Medium", "Medium", "High", "High"]


@pytest.mark.parametrize(
    ("cuts", "names"),
    [
        ((0.6, 0.3), THREE),
        ((0.3, 0.3), THREE),
        ((0.3,), THREE),
        ((0.0, 0.5), THREE),
        ((0.5, 1.0), THREE),
        ((0.5, np.nan), THREE),
        ((0.5,), ("Low", "Low")),
    ],
)
def test_cut_points_that_do_not_part_the_bands_are_refused(
    cuts: tuple[float, ...], names: tuple[str, ...]
):
    with pytest.raises(SettingsError, match="D-201"):
        band_of(np.array([0.5]), cuts, names, within=(0.0, 1.0))


def test_a_missing_value_has_no_band():
    with pytest.raises(ModelError, match=r"D-202.*1 of 2"):
        band_of(np.array([0.5, np.nan]), (0.3, 0.6), THREE)


@given(st.lists(st.floats(0, 1), min_size=1), st.floats(0.01, 0.98), st.floats(0.001, 0.01))
def test_a_higher_value_is_never_in_a_lower_band(values: list[float], cut: float, width: float):
    bands = band_of(np.sort(np.array(values)), (cut, cut + width), THREE)
    places = [THREE.index(band) for band in bands]
    assert places == sorted(places)


def test_a_customers_segment_names_both_bands():
    names = priority_segment_of(np.array([900.0, 50.0]), np.array([0.9, 0.3]), RULE)
    assert names.tolist() == ["High CLV / High churn", "Low CLV / Medium churn"]


def test_the_table_has_nine_segments_from_high_to_low_and_every_customer_once():
    rng = np.random.default_rng(0)
    clv, p_churn = rng.gamma(1, 300, 500), rng.random(500)
    loss = clv * p_churn
    table = priority_table(clv, p_churn, loss, RULE)
    pairs = [(one.value_band, one.churn_band) for one in table]
    assert pairs == list(product(("High", "Medium", "Low"), repeat=2))
    assert [one.action for one in table] == [ACTIONS[pair] for pair in pairs]
    names = priority_segment_of(clv, p_churn, RULE)
    for one in table:
        inside = names == one.name
        assert one.customers == inside.sum()
        assert one.mean_p_churn == pytest.approx(p_churn[inside].mean())
    assert sum(one.customers for one in table) == 500
    assert sum(one.clv for one in table) == pytest.approx(clv.sum())
    assert sum(one.expected_value_loss for one in table) == pytest.approx(loss.sum())


def test_an_empty_segment_has_no_mean_churn_and_no_money():
    table = priority_table(np.array([900.0]), np.array([0.9]), np.array([810.0]), RULE)
    assert [one.customers for one in table] == [1] + 8 * [0]
    assert all(np.isnan(one.mean_p_churn) for one in table[1:])
    assert sum(one.clv for one in table[1:]) == 0


def test_bands_of_other_names_need_their_own_actions():
    rule = PriorityRule(value=Bands((100.0,), ("Small", "Big")))
    with pytest.raises(SettingsError, match=r"D-203.*Big CLV / High churn"):
        priority_table(np.array([1.0]), np.array([0.5]), np.array([0.5]), rule)


def test_every_pair_of_bands_has_one_action_of_one_sentence():
    assert set(ACTIONS) == set(product(THREE, repeat=2))
    assert len(set(ACTIONS.values())) == 9
    assert all(action.endswith(".") and action.count(".") == 1 for action in ACTIONS.values())


def test_the_greatest_loss_comes_first_and_ties_go_by_customer_id():
    ids = np.array(["c", "b", "a", "d"], dtype=object)
    assert rank_by_loss(np.array([5.0, 5.0, 1.0, 9.0]), ids).tolist() == [3, 2, 4, 1]


def test_a_missing_loss_comes_last():
    ids = np.array(["a", "b"], dtype=object)
    assert rank_by_loss(np.array([np.nan, 0.0]), ids).tolist() == [2, 1]


def test_the_ranking_does_not_depend_on_the_order_of_the_rows():
    rng = np.random.default_rng(1)
    loss = rng.integers(0, 5, 100).astype(float)
    ids = np.array([f"C{k:03d}" for k in range(100)], dtype=object)
    order = rng.permutation(100)
    assert rank_by_loss(loss[order], ids[order]).tolist() == rank_by_loss(loss, ids)[order].tolist()


def test_only_of_subscribers_is_a_renewal_spoken() -> None:
    assert set(OF_SUBSCRIBERS) == set(ACTIONS)
    assert any("renewal" in action for action in OF_SUBSCRIBERS.values())
    assert not any("renewal" in action for action in ACTIONS.values())
