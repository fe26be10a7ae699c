"""Folds by customer with equal shares of leavers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cip.models.resample import customer_folds


@given(st.integers(5, 300), st.floats(0, 1), st.integers(0, 9))
def test_every_fold_has_its_share_of_leavers_and_of_customers(
    customers: int, rate: float, seed: int
) -> None:
    left = np.random.default_rng(seed).random(customers) < rate
    fold = customer_folds(np.arange(customers), 5, seed=seed, strata=left)
    for rows in (left, ~left, np.ones(customers, dtype=bool)):
        counts = np.bincount(fold[rows], minlength=5)
        assert counts.max() - counts.min() <= 1


def test_all_rows_of_a_customer_stay_together_with_strata() -> None:
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 50, 400)
    fold = customer_folds(ids, 5, seed=1, strata=rng.random(400) < 0.1)
    assert all(len(set(fold[ids == one])) == 1 for one in set(ids))


def test_the_order_of_the_rows_changes_no_fold() -> None:
    rng = np.random.default_rng(3)
    ids, left = np.arange(90), rng.random(90) < 0.3
    order = rng.permutation(90)
    fold = customer_folds(ids, 5, seed=2, strata=left)
    np.testing.assert_array_equal(
        fold[order], customer_folds(ids[order], 5, seed=2, strata=left[order])
    )
