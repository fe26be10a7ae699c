from __future__ import annotations

import numpy as np
import pytest

from cip.models.churn.race import RARER, ROWS, drawn_for_race
from cip.types import FeatureFrame, LabelledFrame


def frame(rows: int, left: int) -> LabelledFrame:
    """Customer k has the feature k; the first `left` left."""
    number = np.arange(rows, dtype=np.float64)
    cutoff = np.full(rows, np.datetime64("2026-01-01", "us"))
    features = FeatureFrame(np.array([str(k) for k in range(rows)], object), cutoff, {"k": number})
    return LabelledFrame(features, number < left, number)


def test_few_rows_race_all():
    train = frame(ROWS, 3000)
    assert drawn_for_race(train, seed=1) is train


def test_of_many_rows_so_many_race_each_once_and_in_order():
    raced = drawn_for_race(frame(3 * ROWS, 9000), seed=1)
    k = raced.features.columns["k"]
    assert len(raced) == ROWS
    assert (np.diff(k) > 0).all()
    assert np.array_equal(raced.churned, k < 9000)


def test_leavers_are_drawn_like_others():
    rates = [drawn_for_race(frame(40_000, 8000), seed).churned.mean() for seed in range(20)]
    assert np.mean(rates) == pytest.approx(0.2, abs=0.003)


@pytest.mark.parametrize("leavers", [True, False])
def test_where_one_class_is_rare_more_rows_race(leavers):
    train = frame(100_000, 2000 if leavers else 98_000)
    raced = drawn_for_race(train, seed=1)
    assert len(raced) == 50_000
    rarer = raced.churned.sum() if leavers else (~raced.churned).sum()
    assert rarer == pytest.approx(RARER, rel=0.1)


def test_where_hardly_anybody_left_all_rows_race():
    train = frame(50_000, 30)
    assert drawn_for_race(train, seed=1) is train


def test_the_draw_hangs_on_the_seed_alone():
    train = frame(30_000, 9000)
    first, again, other = (drawn_for_race(train, seed).features.columns["k"] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
