from __future__ import annotations

import numpy as np
import pytest
from bench.paired import corrected_interval
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

numbers = st.lists(st.floats(-1, 1), min_size=2, max_size=30)


def _plain(differences: list[float]) -> tuple[float, float]:
    n = len(differences)
    half = stats.t.ppf(0.975, n - 1) * np.std(differences, ddof=1) / np.sqrt(n)
    return np.mean(differences) - half, np.mean(differences) + half


def test_the_interval_is_that_of_the_formula() -> None:
    # variance 2.5, 1 / 5 + 1 / 4 = .45, t(4) = 2.776
    low, high = corrected_interval([1, 2, 3, 4, 5], folds=5)

    assert (low, high) == pytest.approx((0.055135, 5.944865), abs=1e-6)


def test_a_hundred_differences_count_for_about_eight() -> None:
    differences = list(np.random.default_rng(0).normal(size=100))
    corrected, plain = corrected_interval(differences, folds=10), _plain(differences)

    # 1 / 100 + 1 / 9 = 109 / 900 in place of 1 / 100
    assert (corrected[1] - corrected[0]) / (plain[1] - plain[0]) == pytest.approx(np.sqrt(109 / 9))


@given(numbers, st.integers(2, 20))
def test_the_interval_is_never_narrower_than_the_plain_one(
    differences: list[float], folds: int
) -> None:
    corrected, plain = corrected_interval(differences, folds), _plain(differences)

    assert corrected[0] <= plain[0] + 1e-12
    assert corrected[1] >= plain[1] - 1e-12


@given(numbers, st.floats(-3, 3), st.floats(0.1, 10))
def test_the_interval_moves_and_stretches_with_the_differences(
    differences: list[float], shift: float, scale: float
) -> None:
    moved = corrected_interval([shift + scale * d for d in differences], folds=5)
    expected = [shift + scale * end for end in corrected_interval(differences, folds=5)]

    assert moved == pytest.approx(expected, abs=1e-9)


def test_changing_sides_turns_the_interval_round() -> None:
    low, high = corrected_interval([0.1, -0.2, 0.4], folds=3)

    assert corrected_interval([-0.1, 0.2, -0.4], folds=3) == pytest.approx((-high, -low))


def test_it_covers_where_folds_share_their_training_rows_and_the_plain_one_does_not() -> None:
    # differences correlated by 1 / folds, as Nadeau and Bengio suppose: there it is exact
    folds, n, worlds = 10, 100, 4_000
    rng = np.random.default_rng(7)
    shared = rng.normal(size=(worlds, 1)) * np.sqrt(1 / folds)
    worlds_of = shared + rng.normal(size=(worlds, n)) * np.sqrt(1 - 1 / folds)
    covered = [
        [low <= 0 <= high for low, high in (corrected_interval(list(d), folds), _plain(list(d)))]
        for d in worlds_of
    ]
    corrected, plain = np.mean(covered, axis=0)

    assert stats.binomtest(int(corrected * worlds), worlds, 0.95).pvalue > 0.001
    assert plain < 0.6


@pytest.mark.parametrize(("differences", "folds"), [([], 5), ([0.1], 5), ([0.1, 0.2], 1)])
def test_too_few_to_say_is_an_error(differences: list[float], folds: int) -> None:
    with pytest.raises(ValueError, match="no interval"):
        corrected_interval(differences, folds)
