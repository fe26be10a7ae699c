import numpy as np
import pytest
from scipy.special import expit

from cip.models.judge.copies import is_copy
from cip.models.judge.score import Score, direction_of, score_of
from cip.models.judge.signs import (
    sign_of_far_above,
    sign_of_late,
    sign_of_missing,
    sign_of_repeats,
    signs_of_score,
)
from cip.types import BoolArray, Estimate, FloatArray


def drawn(rows: int = 1500) -> tuple[FloatArray, BoolArray]:
    rng = np.random.default_rng(1)
    p = expit(1.2 * rng.normal(size=rows) - 1)
    return p, rng.random(rows) < p


def scored(value: FloatArray, churned: BoolArray) -> Score:
    direction = direction_of(
        value, churned, np.arange(len(value)), said="riskier", hinted=None, seed=1, draws=20
    )
    return score_of(value, "probability", direction)


def signs(value: FloatArray, churned: BoolArray, **periods):
    settings = {"period": None, "period_names": (), **periods}
    who = np.arange(len(value))
    return signs_of_score(value, scored(value, churned), churned, who, seed=1, draws=50, **settings)


def test_an_honest_score_shows_no_sign() -> None:
    p, churned = drawn()
    assert signs(p, churned) == []


def test_a_score_that_is_the_outcome_is_grave() -> None:
    p, churned = drawn()
    (same,) = signs(churned.astype(np.float64), churned)
    (near,) = signs(churned + 0.2 * p, churned)
    assert same.is_grave
    assert near.is_grave
    assert "the outcome itself" in same.sentence


def test_a_score_that_is_wiped_when_the_customer_leaves_is_grave() -> None:
    p, churned = drawn()
    wiped = np.where(churned & (np.arange(len(p)) % 2 == 0), 0.0, 1 + p)
    (sign,) = signs(wiped, churned)
    assert sign.is_grave
    assert "goes with one answer only" in sign.sentence


def test_only_is_said_only_of_values_without_an_exception() -> None:
    p, churned = drawn()
    almost = np.where(churned, np.arange(len(p)) % 3 == 0, np.arange(len(p)) % 400 == 1)
    (sign,) = signs(almost.astype(np.float64), churned)
    assert "goes almost only with one answer" in sign.sentence
    assert "one answer only" not in sign.sentence


def test_a_score_that_ranks_only_in_its_first_period_was_trained_on_it() -> None:
    rng = np.random.default_rng(3)
    p, churned = drawn(4000)
    period = np.arange(len(p)) % 2
    told = np.where(period == 0, churned + rng.normal(0, 0.8, len(p)), rng.normal(size=len(p)))
    (sign,) = signs(told, churned, period=period, period_names=("January", "February"))
    assert sign.name == "no_validity"
    assert "January" in sign.sentence


def test_missing_scores_are_told_and_who_has_none() -> None:
    _, churned = drawn()
    assert sign_of_missing(np.zeros(len(churned), bool), churned, seed=1, draws=20) == []
    (even,) = sign_of_missing(np.arange(len(churned)) % 10 == 0, churned, seed=1, draws=20)
    (odd,) = sign_of_missing(
        churned & (np.arange(len(churned)) % 2 == 0), churned, seed=1, draws=20
    )
    assert "tells who leaves" not in even.sentence
    assert "tells who leaves" in odd.sentence


def test_customers_with_both_outcomes_are_counted() -> None:
    churned = np.array([True, False, False, False, True])
    who = np.array(["a", "a", "b", "b", "c"], dtype=object)
    (sign,) = sign_of_repeats(churned, who, by_time=False)
    assert "2 of 3 customers have several rows, 1 of them with both outcomes" in sign.sentence
    assert "--as-of" in sign.what_to_do
    (timed,) = sign_of_repeats(churned, who, by_time=True)
    assert "both outcomes" not in timed.sentence
    assert sign_of_repeats(churned, np.arange(5), by_time=False) == []


def test_leavers_scored_after_they_left_are_counted_the_day_itself_included() -> None:
    churned = np.array([True, True, True, False])
    as_of = np.array(["2025-03-01"] * 4, dtype="datetime64[us]")
    left = np.array(["2025-02-01", "2025-03-01", "2025-03-02", "NaT"], dtype="datetime64[us]")
    (sign,) = sign_of_late(as_of, left, churned, "left_on")
    assert sign.sentence.startswith("2 of 3 leavers")
    assert sign.is_grave
    assert sign_of_late(as_of, left + np.timedelta64(60, "D"), churned, "left_on") == []


@pytest.mark.parametrize(
    ("auc", "low", "signs_found"), [(0.9, 0.1, 1), (0.9, 0.01, 0), (0.8, 0.1, 0)]
)
def test_a_score_far_above_the_file_is_looked_into(
    auc: float, low: float, signs_found: int
) -> None:
    assert len(sign_of_far_above(auc, Estimate(low + 0.1, low, low + 0.2))) == signs_found


def test_bands_and_turned_copies_of_the_score_are_known() -> None:
    p, churned = drawn()
    score = scored(p, churned)
    bands = np.where(p < 0.2, "low", np.where(p < 0.5, "mid", "high")).astype(object)
    assert is_copy(bands, score)
    assert is_copy(100 - 100 * np.round(p, 3), score)
    assert is_copy(np.floor(p * 5), score)


def test_other_columns_are_no_copies() -> None:
    p, churned = drawn()
    score = scored(p, churned)
    rng = np.random.default_rng(2)
    assert not is_copy(rng.normal(size=len(p)), score)
    assert not is_copy(p + rng.normal(0, 0.3, len(p)), score)
    assert not is_copy(rng.choice(np.array(["a", "b"], dtype=object), len(p)), score)
    assert not is_copy(np.full(len(p), 3.0), score)
