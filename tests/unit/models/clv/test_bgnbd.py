from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import check_grad
from scipy.stats import beta

from cip import columns as c
from cip.errors import ModelError
from cip.models.clv import bgnbd
from cip.models.clv.bgnbd import (
    BgNbd,
    expected_purchases,
    expected_purchases_if_active,
    fit_bgnbd,
    p_alive,
    p_no_purchase,
    purchases_if_alive,
)
from cip.worlds.shop import ShopConfig, simulate_shop

CDNOW = Path(__file__).resolve().parents[4] / ".." / "shared" / "data" / "cdnow"
MODEL = BgNbd(r=0.9, alpha=30.0, a=0.8, b=2.5, log_likelihood=np.nan, customers=0)


def cdnow_summary() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    table = pq.read_table(CDNOW / "cdnow_summary_reference.parquet")
    x, tx, T = (table[name].to_numpy().astype(float) for name in ("x", "t_x", "T"))
    return x, tx, T


def model_of(r: float, alpha: float, a: float, b: float) -> BgNbd:
    return BgNbd(r, alpha, a, b, np.nan, 0)


models = st.builds(
    model_of,
    r=st.floats(0.05, 10),
    alpha=st.floats(0.5, 300),
    a=st.floats(0.05, 30),
    b=st.floats(0.05, 300),
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[float, float, float]:
    x = draw(st.integers(0, 600))
    age = draw(st.floats(0, 1500))
    return float(x), draw(st.floats(0, 1)) * age if x else 0.0, age


@pytest.mark.shared_data
def test_the_fit_to_cdnow_gives_the_published_parameters():
    model = fit_bgnbd(*cdnow_summary())
    assert model.parameters == pytest.approx([0.2426, 4.4135, 0.7929, 2.4258], rel=1e-3)
    assert model.log_likelihood == pytest.approx(-9582.43, abs=0.01)
    assert model.customers == 2357


@pytest.mark.shared_data
def test_the_time_unit_changes_alpha_and_nothing_else():
    x, tx, T = cdnow_summary()
    weeks, days = fit_bgnbd(x, tx, T), fit_bgnbd(x, 7 * tx, 7 * T)
    scale = [1, 7, 1, 1]
    assert days.parameters == pytest.approx(weeks.parameters * scale, rel=1e-5)
    assert weeks.covariance is not None
    assert days.covariance == pytest.approx(weeks.covariance, rel=1e-3)
    assert days.log_likelihood == pytest.approx(weeks.log_likelihood - x.sum() * np.log(7))


@pytest.mark.shared_data
def test_predictions_equal_those_of_lifetimes_on_cdnow():
    x, tx, T = cdnow_summary()
    model = fit_bgnbd(x, tx, T)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        from lifetimes import BetaGeoFitter

        oracle = BetaGeoFitter()
        oracle.params_ = pd.Series(model.parameters, index=["r", "alpha", "a", "b"])
        alive = oracle.conditional_probability_alive(x, tx, T)
        bought = oracle.conditional_expected_number_of_purchases_up_to_time(39, x, tx, T)
    assert p_alive(model, x, tx, T) == pytest.approx(np.asarray(alive), rel=1e-9)
    assert expected_purchases(model, 39, x, tx, T) == pytest.approx(np.asarray(bought), rel=1e-9)


def test_the_gradient_is_that_of_the_likelihood():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 30, 200).astype(float)
    T = rng.uniform(0.5, 2, 200)
    tx = np.where(x > 0, T * rng.random(200), 0)
    weights = np.full(200, 1 / 200)

    def value(theta: np.ndarray) -> float:
        return bgnbd._minus_log_likelihood(theta, x, tx, T, weights)[0]

    def slope(theta: np.ndarray) -> np.ndarray:
        return bgnbd._minus_log_likelihood(theta, x, tx, T, weights)[1]

    for theta in rng.normal(0, 1, (10, 4)):
        assert check_grad(value, slope, theta) < 1e-5


def exact_history(config: ShopConfig) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    world = simulate_shop(config)
    start = np.datetime64(config.start)
    day = (world.transactions[c.OCCURRED_AT] - start) / np.timedelta64(1, "D")
    who = world.transactions[c.CUSTOMER_ID]
    order = np.lexsort((day, who.astype(str)))
    _, first, count = np.unique(who[order].astype(str), return_index=True, return_counts=True)
    joined, last = day[order][first], day[order][first + count - 1]
    return count - 1.0, last - joined, config.days - joined


def test_the_fit_recovers_the_parameters_of_a_simulated_shop_within_its_own_standard_errors():
    config = ShopConfig(customers=5000, days=500, seed=3, fade=0, refund_rate=0)
    model = fit_bgnbd(*exact_history(config))
    truth = np.log([config.r, config.alpha, config.a, config.b])
    assert model.covariance is not None
    z = (np.log(model.parameters) - truth) / np.sqrt(np.diag(model.covariance))
    assert np.abs(z).max() < 4
    assert np.sqrt(np.diag(model.covariance)).max() < 0.3


def test_standard_errors_are_as_large_as_the_scatter_of_the_fits():
    usual = ShopConfig()
    truth = np.log([usual.r, usual.alpha, usual.a, usual.b])
    scores = []
    for seed in range(30):
        shop = ShopConfig(customers=500, days=365, seed=seed, fade=0, refund_rate=0)
        model = fit_bgnbd(*exact_history(shop))
        assert model.covariance is not None
        scores.append((np.log(model.parameters) - truth) / np.sqrt(np.diag(model.covariance)))
    assert (np.std(scores, axis=0) > 0.65).all()
    assert (np.std(scores, axis=0) < 1.4).all()


def test_where_nobody_leaves_the_fit_says_why_it_has_no_covariance_or_holds_a_at_its_bound():
    rng = np.random.default_rng(5)
    age = np.full(400, 300.0)
    count = rng.poisson(rng.gamma(2.0, size=400) / 30 * 300)
    recency = np.where(count > 0, 300 * rng.random(400) ** (1 / np.maximum(count, 1)), 0)
    model = fit_bgnbd(count, recency, age)
    assert model.r == pytest.approx(2.0, rel=0.3)
    assert model.alpha == pytest.approx(30.0, rel=0.3)
    alive = p_alive(model, count, recency, age)
    assert alive.mean() > 0.97
    assert (model.covariance is None) == bool(model.covariance_reason)


@pytest.mark.parametrize(
    ("x", "tx", "T"), [(-1, 0, 9), (2, 10, 9), (0, 3, 9), (2, -1, 9), (2, 3, np.nan)]
)
def test_impossible_histories_are_refused_and_the_first_is_named(x: float, tx: float, T: float):
    good = np.ones(20)
    with pytest.raises(ModelError, match="1 of 21 purchase histories cannot be") as caught:
        fit_bgnbd(np.append(good, x), np.append(good, tx), np.append(2 * good, T))
    assert "row 20" in caught.value.message


def test_customers_who_never_come_back_cannot_be_fitted():
    with pytest.raises(ModelError, match=r"V-103.*0 of 50 customers"):
        fit_bgnbd(np.zeros(50), np.zeros(50), np.full(50, 100.0))


def by_integration(model: BgNbd, t: float, x: float, age: float) -> float:
    """E[purchases | alive] as an integral over p, taken where most of its mass lies."""
    reach = t / (model.alpha + age)

    def bought(share: float) -> float:
        p = max(float(beta.ppf(share, model.a, model.b + x)), 1e-290)
        return float(-np.expm1(-(model.r + x) * np.log1p(p * reach)) / p)

    return quad(bought, 0, 1, limit=500, epsabs=0, epsrel=1e-9)[0]


@pytest.mark.parametrize(
    ("parameters", "t", "x", "age"),
    [
        ((0.9, 30.0, 0.8, 2.5), 365, 0, 100),
        ((0.9, 30.0, 0.8, 2.5), 365, 7, 100),
        ((0.3, 30.0, 0.2, 0.9), 90, 1, 0),
        ((0.5, 10.0, 1.0, 3.0), 365, 4, 200),  # a = 1: the closed form divides by 0
        ((0.5, 10.0, 0.4, 0.6), 365, 0, 200),  # a + b + x - 1 = 0, likewise
        ((0.5, 10.0, 0.3, 0.4), 365, 0, 200),  # and below 0
        ((0.5, 0.5, 5.0, 400.0), 1000, 1, 0),  # 2F1 overflows
        ((0.7, 63.0, 0.11, 2.4), 365, 254, 700),
        ((2.0, 5.0, 25.0, 300.0), 700, 40, 20),
    ],
)
def test_expected_purchases_equal_the_integral_over_the_chance_to_leave(
    parameters: tuple[float, float, float, float], t: float, x: float, age: float
):
    model = model_of(*parameters)
    expected = by_integration(model, t, x, age)
    assert float(purchases_if_alive(model, t, x, age)) == pytest.approx(expected, rel=1e-6)


def test_who_hardly_ever_leaves_buys_at_the_full_rate():
    model = model_of(0.5, 10.0, 0.002, 0.998)  # a + b + x - 1 = 0: by quadrature
    assert float(purchases_if_alive(model, 365, 0, 100)) == pytest.approx(0.5 * 365 / 110, rel=0.01)


def test_closed_form_and_quadrature_agree():
    rng = np.random.default_rng(1)
    x, age = rng.integers(0, 300, 200).astype(float), rng.uniform(0, 900, 200)
    for model in (MODEL, model_of(0.2, 5.0, 0.15, 0.7), model_of(3.0, 90.0, 6.0, 80.0)):
        closed = purchases_if_alive(model, 400.0, x, age)
        summed = bgnbd._by_quadrature(model, np.full(200, 400.0), x, age + model.alpha)
        assert summed == pytest.approx(closed, rel=1e-8)


def simulated_future(
    model: BgNbd, history: tuple[float, float, float], h: float, t: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Purchases by h and by t of many customers, and the weight of each given (x, tx, T).

    Rates and chances are drawn as nature does, weighted by how well they explain the history, and
    the future is played purchase by purchase: none of the formulas under test is used.
    """
    x, tx, T = history
    rng = np.random.default_rng(11)
    n = 400_000
    rate, leaving = rng.gamma(model.r, 1 / model.alpha, n), rng.beta(model.a, model.b, n)
    stayed = (1 - leaving) ** x * rate**x * np.exp(-rate * T)
    gone = leaving * (1 - leaving) ** (x - 1) * rate**x * np.exp(-rate * tx) if x else 0 * stayed
    weight = stayed + gone
    active = rng.random(n) * weight < stayed
    clock, by_h, by_t = np.zeros(n), np.zeros(n), np.zeros(n)
    while active.any():
        clock += rng.standard_exponential(n) / rate
        active &= clock <= max(h, t)
        by_h += active & (clock <= h)
        by_t += active & (clock <= t)
        active &= rng.random(n) >= leaving
    return by_h, by_t, weight / weight.sum()


@pytest.mark.parametrize(
    ("x", "tx", "T", "h", "t"),
    [
        (0.0, 0.0, 60.0, 30.0, 90.0),
        (3.0, 70.0, 100.0, 40.0, 160.0),
        (3.0, 20.0, 100.0, 40.0, 160.0),
        (2.0, 50.0, 60.0, 90.0, 30.0),  # the horizon ends before the time within which they buy
        (1.0, 30.0, 60.0, 45.0, 45.0),
    ],
)
def test_predictions_equal_a_simulation_of_the_process(
    x: float, tx: float, T: float, h: float, t: float
):
    by_h, by_t, weight = simulated_future(MODEL, (x, tx, T), h, t)
    bought = weight * (by_h > 0)
    mean_if_active = float(bought @ by_t / bought.sum())
    assert float(p_no_purchase(MODEL, h, x, tx, T)) == pytest.approx(1 - bought.sum(), abs=0.006)
    assert float(expected_purchases(MODEL, t, x, tx, T)) == pytest.approx(weight @ by_t, rel=0.02)
    assert float(expected_purchases_if_active(MODEL, t, h, x, T)) == pytest.approx(
        mean_if_active, rel=0.02
    )


@settings(max_examples=200, deadline=None)
@given(models, histories(), st.floats(0.5, 1000), st.floats(0.5, 1000))
def test_probabilities_and_expectations_are_finite_and_in_their_bounds(
    model: BgNbd, history: tuple[float, float, float], t: float, h: float
):
    x, tx, T = history
    assert 0 <= p_alive(model, x, tx, T) <= 1
    silent = p_no_purchase(model, h, x, tx, T)
    assert 0 <= silent <= 1
    assert p_no_purchase(model, 2 * h, x, tx, T) <= silent
    count = expected_purchases(model, t, x, tx, T)
    assert np.isfinite(count)
    assert count >= 0
    assert expected_purchases(model, 2 * t, x, tx, T) >= count * (1 - 1e-9)
    if_active = expected_purchases_if_active(model, t, h, x, T)
    assert np.isfinite(if_active)
    assert if_active >= count * (1 - 1e-9)
    assert if_active >= (1 - 1e-9 if t >= h else 0)


@settings(max_examples=100, deadline=None)
@given(models, histories(), st.floats(0.5, 1000), st.floats(0.5, 1000))
def test_total_expectation_holds(
    model: BgNbd, history: tuple[float, float, float], t: float, h: float
):
    x, tx, T = history
    silent = p_no_purchase(model, h, x, tx, T)
    active = expected_purchases_if_active(model, t, h, x, T)
    after_silence = expected_purchases(model, max(t - h, 0), x, tx, T + h)
    whole = expected_purchases(model, t, x, tx, T)
    assert (1 - silent) * active + silent * after_silence == pytest.approx(
        whole, rel=1e-7, abs=1e-9
    )


@settings(max_examples=50, deadline=None)
@given(models, histories(), st.floats(0.01, 100))
def test_predictions_do_not_depend_on_the_time_unit(
    model: BgNbd, history: tuple[float, float, float], unit: float
):
    x, tx, T = history
    scaled = model_of(model.r, model.alpha * unit, model.a, model.b)
    assert p_alive(scaled, x, tx * unit, T * unit) == pytest.approx(p_alive(model, x, tx, T))
    assert expected_purchases_if_active(scaled, 90 * unit, 30 * unit, x, T * unit) == pytest.approx(
        expected_purchases_if_active(model, 90, 30, x, T), rel=1e-6
    )


@settings(max_examples=50, deadline=None)
@given(models, st.integers(1, 300), st.floats(1, 900))
def test_the_longer_the_silence_the_less_likely_a_customer_is_alive(
    model: BgNbd, x: int, age: float
):
    alive = p_alive(model, x, age * np.linspace(0, 1, 20), age)
    assert (np.diff(alive) >= 0).all()


def test_a_customer_certain_to_have_left_still_has_a_value_if_they_buy_again():
    silent = p_no_purchase(MODEL, 90, 300, 10, 2000)
    assert silent == 1
    assert expected_purchases_if_active(MODEL, 365, 90, 300, 2000) > 1


def test_a_search_that_stops_early_on_a_ridge_goes_on() -> None:
    """Nobody in this world leaves, so `a` and `b` run away together."""
    sold = simulate_shop(ShopConfig(customers=300, days=400, seed=3)).transactions
    named = np.array([who is not None for who in sold["customer_id"]])
    bought = named & (sold["amount"] > 0)
    who = sold["customer_id"][bought].astype(str)
    day = sold["occurred_at"][bought].astype("datetime64[D]").astype(np.int64)
    end = day.min() + 340
    days = [np.unique(day[(who == one) & (day < end)]) for one in np.unique(who)]
    x, tx, T = np.array([(len(d) - 1, d[-1] - d[0], end - d[0]) for d in days if len(d)]).T
    assert fit_bgnbd(x, tx, T).a > 50
