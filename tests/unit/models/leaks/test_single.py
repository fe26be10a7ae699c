"""What one column alone foretells, out of sample."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cip.models.leaks.bounds import Trial, auc
from cip.models.leaks.rows import View
from cip.models.leaks.single import EMPTY, groups_of, rates_elsewhere

FLOATS = st.one_of(st.floats(-1e6, 1e6), st.just(float("nan")), st.sampled_from([0.0, 1.0]))


@given(arrays(np.float64, st.integers(1, 200), elements=FLOATS))
def test_groups_of_numbers_are_in_their_order_and_empty_ones_apart(values: np.ndarray) -> None:
    groups = groups_of(values)
    missing = np.isnan(values)
    assert (groups.code[missing] == EMPTY).all()
    assert (groups.code[~missing] > EMPTY).all()
    assert groups.code.max(initial=0) < groups.count
    order = np.argsort(values[~missing], kind="stable")
    assert (np.diff(groups.code[~missing][order]) >= 0).all()


def test_a_frequent_number_is_a_group_of_its_own() -> None:
    values = np.concatenate([np.zeros(500), np.arange(1.0, 501.0), np.full(300, 250.5)])
    groups = groups_of(values)
    for value in (0.0, 250.5):
        (code,) = np.unique(groups.code[values == value])
        assert (values[groups.code == code] == value).all()
        assert groups.is_value[code]


def test_a_row_s_own_answer_and_those_of_its_fold_do_not_move_its_score() -> None:
    rng = np.random.default_rng(0)
    groups, folds = groups_of(rng.normal(size=300)), np.arange(300) % 5
    churned = rng.random(300) < 0.4
    turned = np.where(folds == 2, ~churned, churned)
    before, after = (rates_elsewhere(groups, c, folds)[folds == 2] for c in (churned, turned))
    assert (before == after).all()


def test_a_relation_that_goes_up_and_down_counts_and_so_does_missingness() -> None:
    rng = np.random.default_rng(1)
    x, folds = rng.normal(size=2000), np.arange(2000) % 5
    ends = rng.random(2000) < np.where(np.abs(x) > 1, 0.9, 0.1)
    assert auc(ends, rates_elsewhere(groups_of(x), ends, folds)) > 0.85
    gaps = np.where(ends & (rng.random(2000) < 0.9), np.nan, x)
    assert auc(ends, rates_elsewhere(groups_of(gaps), ends, folds)) > 0.9


def test_a_category_never_seen_still_tells_that_there_was_one() -> None:
    left = np.arange(400) < 200
    values = np.array([f"reason {k}" if gone else None for k, gone in enumerate(left)], object)
    assert auc(left, rates_elsewhere(groups_of(values), left, np.arange(400) % 5)) == 1.0


def test_the_more_questions_the_wider_the_interval_and_it_never_is_empty() -> None:
    left = np.arange(100) < 40
    who = np.array([f"c{k}" for k in range(100)], dtype=object)
    view = View("", np.arange(100), left, who, np.arange(100) % 5)
    one, many = (Trial(looks, 1, 100).auc(view, left.astype(float)) for looks in (1, 5000))
    assert many.low < one.low < one.value == one.high == 1.0
