from __future__ import annotations

import numpy as np
import pytest

from cip.errors import ModelError
from cip.models.clv.backtest import ALL_ZERO, MODEL, REPEAT_LAST, Backtest, backtest
from cip.wording import amount, percent


def spenders(n: int = 600, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What customers are expected to spend, spend, and spent in the window before."""
    rng = np.random.default_rng(seed)
    usual = rng.gamma(1.0, 50.0, n)
    return usual, rng.poisson(usual).astype(float), 2 * rng.poisson(usual / 2).astype(float)


def judged(predicted: np.ndarray, realised: np.ndarray, last: np.ndarray) -> Backtest:
    return backtest(predicted, realised, last, currency="GBP", resamples=200)


def test_a_perfect_forecast_has_no_error_and_ranks_as_the_truth_does():
    _, realised, last = spenders()
    errors = judged(realised, realised, last).errors[MODEL]
    assert errors.rmse.value == errors.mae.value == errors.total_bias.value == 0
    assert errors.decile_gap.value == 0
    assert errors.gini.value == pytest.approx(1)
    assert errors.rmse.unit == "GBP"


def test_errors_of_small_forecasts_are_those_counted_by_hand():
    realised = np.tile([0.0, 0.0, 10.0, 30.0], 10)
    predicted = np.tile([0.0, 10.0, 10.0, 24.0], 10)
    errors = judged(predicted, realised, np.tile([30.0, 10.0, 0.0, 0.0], 10)).errors
    assert errors[MODEL].total_bias.value == pytest.approx(44 / 40 - 1)
    assert errors[MODEL].rmse.value == pytest.approx(np.sqrt((100 + 36) / 4))
    assert errors[MODEL].mae.value == pytest.approx(4)
    truth = 1 - 2 * (0.25 * 0.125 + 0.25 * 0.625)
    tied = 1 - 2 * (0.5 * 0.125 + 0.25 * 0.625)
    assert errors[MODEL].gini.value == pytest.approx(tied / truth)
    assert errors[ALL_ZERO].total_bias.value == -1
    assert errors[ALL_ZERO].gini.value == 0
    assert errors[ALL_ZERO].decile_gap.value == 1
    assert errors[REPEAT_LAST].gini.value < 0


def test_the_order_of_the_customers_changes_nothing_in_the_ranking_even_among_ties():
    predicted, realised, last = spenders()
    predicted, order = np.round(predicted, -1), np.random.default_rng(1).permutation(600)
    one = judged(predicted, realised, last).errors
    two = judged(predicted[order], realised[order], last[order]).errors
    assert one[MODEL].gini.value == pytest.approx(two[MODEL].gini.value)


def test_a_forecast_that_knows_each_customer_is_useful_and_says_so_in_money():
    predicted, realised, last = spenders()
    verdict = judged(predicted, realised, last).verdict
    assert (verdict.question, verdict.word) == ("signal", "useful")
    assert verdict.evidence["rmse_below_repeat_last"].low > 0
    assert verdict.evidence["rmse_below_all_zero"].low > 0
    rmse = np.sqrt(((predicted - realised) ** 2).mean())
    assert amount(rmse, "GBP") in verdict.sentence
    assert f"{amount(realised.sum(), 'GBP')} was spent" in verdict.sentence


def test_a_forecast_that_ranks_but_is_three_times_too_high_is_weak():
    predicted, realised, last = spenders()
    verdict = judged(3 * predicted, realised, last).verdict
    assert verdict.word == "weak"
    assert "ranks customers better" in verdict.sentence
    assert f"{percent(3 * predicted.sum() / realised.sum() - 1, 0)} too much" in verdict.sentence


def test_a_forecast_of_the_right_total_for_the_wrong_customers_is_weak():
    predicted, realised, last = spenders()
    verdict = judged(np.random.default_rng(2).permutation(predicted), realised, last).verdict
    assert verdict.word == "weak"
    assert "has the total right within 10 %" in verdict.sentence
    assert "ranks" not in verdict.sentence


def test_a_constant_forecast_is_not_useful_though_it_beats_both_rivals():
    _, realised, _ = spenders()
    last = np.random.default_rng(3).permutation(realised)
    verdict = judged(np.full(600, realised.mean()), realised, last).verdict
    assert verdict.evidence["rmse_below_repeat_last"].low > 0
    assert verdict.evidence["rmse_below_all_zero"].low > 0
    assert verdict.word == "weak"


def test_noise_has_no_signal():
    _, realised, last = spenders()
    noise = np.random.default_rng(4).gamma(1.0, 100.0, 600)
    assert judged(noise, realised, last).verdict.word == "no signal"


def test_shuffled_outcomes_are_hardly_ever_called_useful():
    predicted, realised, last = spenders()
    rng = np.random.default_rng(5)
    words = [judged(predicted, rng.permutation(realised), last).verdict.word for _ in range(40)]
    assert words.count("useful") <= 3


def test_the_interval_of_the_total_bias_holds_zero_for_an_unbiased_forecast():
    held = 0
    for seed in range(60):
        bias = judged(*spenders(200, seed)).errors[MODEL].total_bias
        held += bias.low <= 0 <= bias.high
    assert held >= 50


@pytest.mark.parametrize(
    ("realised", "why"),
    [
        (np.zeros(100), "0 of 100 customers spent anything"),
        (np.ones(20), "20 of 20 customers spent anything"),
        (np.repeat([5.0, -5.0], 50), "refunds in the window are as large"),
        (np.ones(50), "all customers spent the same"),
    ],
)
def test_what_cannot_be_judged_has_a_reason_instead_of_figures(realised: np.ndarray, why: str):
    found = judged(realised + 1, realised, realised)
    assert found.verdict.word == "no signal"
    assert why in found.verdict.sentence
    assert np.isnan(found.errors[MODEL].rmse.value)
    assert why in found.errors[MODEL].rmse.reason


@pytest.mark.parametrize("predicted", [np.ones(99), np.append(np.ones(99), np.nan)])
def test_a_forecast_of_another_length_or_with_a_gap_is_refused(predicted: np.ndarray):
    with pytest.raises(ModelError, match=r"V-106.*'model'"):
        judged(predicted, np.ones(100), np.ones(100))
