import math

import numpy as np
import pytest
from scipy.special import expit, logit

from cip.models.calibrate_verdict import calibration_verdict
from cip.models.evaluate import evaluate
from cip.types import Estimate

NOT_KNOWN = Estimate(math.nan, math.nan, math.nan, reason="there are no rows")


def judged(change, n=4000, seed=0):
    rng = np.random.default_rng(seed)
    true = expit(rng.normal(-1, 1.5, n))
    p = change(true)
    found = evaluate(rng.random(n) < true, p, np.arange(n), threshold=0.5, seed=0, draws=150)
    return calibration_verdict(p, found, seed=0, draws=300)


def test_true_probabilities_are_calibrated_and_both_figures_are_said():
    verdict = judged(lambda p: p)
    assert verdict.word == "calibrated"
    assert "a perfect model would show up to 0.0" in verdict.sentence
    assert verdict.evidence["ece"].value <= verdict.evidence["ece_by_chance"].high
    assert not verdict.is_warning


@pytest.mark.parametrize(("factor", "how"), [(2.0, "too extreme"), (0.5, "too timid")])
def test_probabilities_that_are_too_bold_or_too_shy_are_warned_of(factor, how):
    verdict = judged(lambda p: expit(factor * logit(p)))
    assert verdict.word == "not calibrated"
    assert verdict.is_warning
    assert how in verdict.sentence
    assert "at their word" in verdict.sentence


def test_of_few_customers_it_says_what_could_not_have_been_shown():
    """True probabilities of 150: no verdict is earned, whatever the figures happen to be."""
    words = [judged(lambda p: p, n=150, seed=seed) for seed in range(12)]
    assert "calibrated" not in {verdict.word for verdict in words}
    verdict = next(v for v in words if v.word == "not known")
    assert "all is possible: too few customers to tell" in verdict.sentence
    assert "a smaller error could not be seen" in verdict.sentence
    assert "cannot show that they are true" in verdict.sentence
    assert "as it should be" not in verdict.sentence
    assert not verdict.is_warning


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(0.85, 1.2, "calibrated"), (0.79, 1.42, "not known"), (0.7, 1.1, "not known")],
)
def test_a_slope_is_about_one_only_where_its_interval_is_near_one(low, high, word):
    rng = np.random.default_rng(0)
    p = rng.random(4000)
    figures = {
        "ece": Estimate(0.001, 0.001, 0.002),
        "calibration_slope": Estimate(1.0, low, high),
        "predicted_over_realised": Estimate(1.0, 0.9, 1.1),
    }
    verdict = calibration_verdict(p, figures, seed=0, draws=50)
    assert verdict.word == word
    assert ("as it should be" in verdict.sentence) is (word == "calibrated")
    assert (f"from {low:.2f} to {high:.2f} all is possible" in verdict.sentence) is (
        word == "not known"
    )


def test_of_scores_that_rank_nobody_no_order_is_promised():
    rng = np.random.default_rng(0)
    p, churned = rng.random(2000), rng.random(2000) < 0.3
    found = evaluate(churned, p, np.arange(2000), threshold=0.5, seed=0, draws=50)
    verdict = calibration_verdict(p, found, seed=0, draws=50, has_signal=False)
    assert verdict.is_warning
    assert "not even their order is shown to hold" in verdict.sentence
    assert "the order of customers holds" not in verdict.sentence


def test_a_straight_shift_is_seen_by_the_error_alone():
    verdict = judged(lambda p: expit(logit(p) + 0.25))
    assert verdict.word == "nearly calibrated"
    assert ", but a perfect model" in verdict.sentence


def test_a_large_shift_is_warned_of_though_the_slope_is_right_and_the_total_is_said():
    verdict = judged(lambda p: expit(logit(p) + 0.8))
    assert verdict.word == "not calibrated"
    assert "about 1 as it should be" in verdict.sentence
    assert "leavers for each one seen" in verdict.sentence


def test_true_probabilities_exceed_the_limit_as_often_as_it_says():
    """The limit is the 95 % quantile of chance: 1 in 20, and here at most 10 in 60."""
    words = [judged(lambda p: p, n=500, seed=seed) for seed in range(60)]
    above = sum(w.evidence["ece"].value > w.evidence["ece_by_chance"].high for w in words)
    assert above <= 10


def test_one_probability_for_all_has_no_slope_and_says_so():
    verdict = judged(lambda p: np.full_like(p, p.mean()))
    assert "slope cannot be said" in verdict.sentence
    assert verdict.word == "nearly calibrated"


def test_without_rows_nothing_is_known():
    measured = {"ece": NOT_KNOWN, "calibration_slope": NOT_KNOWN}
    verdict = calibration_verdict(np.zeros(0), measured, seed=0, draws=10)
    assert verdict.word == "not known"
    assert verdict.as_dict() == {
        "question": "calibration",
        "word": "not known",
        "sentence": "Calibration cannot be judged: there are no rows.",
        "evidence": {},
    }
