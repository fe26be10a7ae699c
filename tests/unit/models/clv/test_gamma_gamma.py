from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import check_grad

from cip.errors import ModelError
from cip.models.clv import gamma_gamma
from cip.models.clv.gamma_gamma import (
    GammaGamma,
    expected_value,
    fit_gamma_gamma,
    population_mean,
    value_independence,
)

CDNOW = Path(__file__).resolve().parents[4] / ".." / "shared" / "data" / "cdnow"
SPEND = GammaGamma(6.25, 3.74, 15.44, np.nan, 0)


def cdnow_spend() -> tuple[np.ndarray, np.ndarray]:
    table = pq.read_table(CDNOW / "cdnow_summary_reference.parquet")
    return table["x"].to_numpy().astype(float), table["zbar"].to_numpy().astype(float)


def simulated_spend(customers: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 12, customers).astype(float)
    nu = rng.gamma(SPEND.q, 1 / SPEND.gamma, customers)
    return n, rng.gamma(SPEND.p * n) / nu / n


@pytest.mark.shared_data
def test_the_fit_to_cdnow_gives_the_published_parameters():
    spend = fit_gamma_gamma(*cdnow_spend())
    assert spend.parameters == pytest.approx([6.25, 3.74, 15.44], rel=2e-3)


@pytest.mark.shared_data
def test_expected_values_equal_those_of_lifetimes_on_cdnow():
    x, mean_value = cdnow_spend()
    spend = fit_gamma_gamma(x, mean_value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        from lifetimes import GammaGammaFitter

        oracle = GammaGammaFitter()
        oracle.params_ = pd.Series(spend.parameters, index=["p", "q", "v"])
        expected = oracle.conditional_expected_average_profit(pd.Series(x), pd.Series(mean_value))
    assert expected_value(spend, x, mean_value) == pytest.approx(np.asarray(expected), rel=1e-9)


@pytest.mark.shared_data
def test_cdnow_shows_hardly_any_dependence_of_value_on_frequency():
    found = value_independence(*cdnow_spend())
    assert abs(found.value) < 0.15
    assert found.low < found.value < found.high


def test_the_gradient_is_that_of_the_likelihood():
    n, value = simulated_spend(100, 0)
    for theta in np.random.default_rng(1).normal(0, 1, (10, 3)):
        wrong = check_grad(
            lambda at: gamma_gamma._minus_log_likelihood(at, n, value)[0],
            lambda at: gamma_gamma._minus_log_likelihood(at, n, value)[1],
            theta,
        )
        assert wrong < 1e-3


def test_the_fit_recovers_known_parameters_within_its_own_standard_errors():
    spend = fit_gamma_gamma(*simulated_spend(4000, 2))
    assert spend.covariance is not None
    wrong = np.log(spend.parameters) - np.log(SPEND.parameters)
    assert np.abs(wrong / np.sqrt(np.diag(spend.covariance))).max() < 4


def test_standard_errors_are_as_large_as_the_scatter_of_the_fits():
    scores = []
    for seed in range(30):
        spend = fit_gamma_gamma(*simulated_spend(1500, seed))
        assert spend.covariance is not None
        wrong = np.log(spend.parameters) - np.log(SPEND.parameters)
        scores.append(wrong / np.sqrt(np.diag(spend.covariance)))
    assert (np.std(scores, axis=0) > 0.65).all()
    assert (np.std(scores, axis=0) < 1.4).all()


def test_the_currency_changes_gamma_and_nothing_else():
    n, value = simulated_spend(500, 3)
    pounds, pence = fit_gamma_gamma(n, value), fit_gamma_gamma(n, 100 * value)
    assert pence.parameters == pytest.approx(pounds.parameters * [1, 1, 100], rel=1e-5)
    assert pence.log_likelihood == pytest.approx(pounds.log_likelihood - 500 * np.log(100))


def test_a_customer_without_observations_is_expected_to_spend_as_the_population():
    assert expected_value(SPEND, 0, 999.0) == pytest.approx(population_mean(SPEND))


def test_a_customer_who_sent_everything_back_is_expected_to_spend_little():
    back, little = expected_value(SPEND, [5, 5], [-20.0, 0.0])
    assert back == little
    assert 0 < back < population_mean(SPEND) / 3


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 500), st.floats(0.01, 1e6))
def test_expected_value_lies_between_the_customers_own_mean_and_the_populations(
    n: int, value: float
):
    low, high = sorted([value, population_mean(SPEND)])
    assert low * (1 - 1e-9) <= expected_value(SPEND, n, value) <= high * (1 + 1e-9)


def test_refunded_customers_and_those_never_seen_take_no_part_in_the_fit():
    n, value = simulated_spend(300, 4)
    more = fit_gamma_gamma(np.append(n, [3, 0]), np.append(value, [-5.0, 40.0]))
    assert more.parameters == pytest.approx(fit_gamma_gamma(n, value).parameters)
    assert more.customers == 300


def test_too_few_repeat_customers_are_refused():
    with pytest.raises(ModelError, match=r"V-104.*9 customers"):
        fit_gamma_gamma(np.append(np.ones(50), np.full(9, 2)), np.linspace(1, 2, 59))


def test_independent_spend_is_found_independent_and_dependent_spend_is_not():
    n, value = simulated_spend(3000, 5)
    independent = value_independence(n, value)
    assert independent.low < 0 < independent.high
    assert value_independence(n, value * n).low > 0.1


def test_the_interval_of_the_dependence_holds_zero_as_often_as_it_says():
    found = [value_independence(*simulated_spend(300, seed)) for seed in range(200)]
    held = sum(one.low <= 0 <= one.high for one in found)
    assert 180 <= held <= 198


def test_dependence_of_a_handful_of_customers_has_a_reason_instead_of_a_value():
    found = value_independence([2, 3, 4], [1.0, 2.0, 3.0])
    assert np.isnan(found.value)
    assert "too few" in found.reason
