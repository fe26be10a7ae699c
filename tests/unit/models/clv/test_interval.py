from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from cip import columns as c
from cip.errors import ModelError
from cip.models.clv import interval
from cip.models.clv.bgnbd import BgNbd, fit_bgnbd
from cip.models.clv.gamma_gamma import GammaGamma, fit_gamma_gamma
from cip.models.clv.interval import draw_parameters, total_clv_interval, total_loss_interval
from cip.models.clv.value import PurchaseHistory, ValueTerms, clv, clv_if_retained
from cip.worlds.shop import ShopConfig, ShopWorld, simulate_shop

MODEL = BgNbd(0.9, 30.0, 0.8, 2.5, np.nan, 0, np.diag([0.01, 0.01, 0.02, 0.02]))
SPEND = GammaGamma(6.25, 3.74, 15.44, np.nan, 0, np.diag([0.01, 0.01, 0.01]))
TERMS = ValueTerms(365, 0.1, 0.3, "GBP")


def customers_of(n: int, seed: int = 0) -> PurchaseHistory:
    rng = np.random.default_rng(seed)
    age = rng.integers(50, 700, n).astype(float)
    frequency = rng.poisson(3, n).astype(float)
    recency = np.where(frequency > 0, np.maximum(frequency, age * rng.random(n)), 0.0)
    return PurchaseHistory(frequency, recency, age, rng.gamma(4.0, 10.0, n))


def history_of(world: ShopWorld, start: str, cutoff: float) -> PurchaseHistory:
    """What was known before the cutoff day, by purchase days."""
    table = world.transactions
    day = (table[c.OCCURRED_AT] - np.datetime64(start)) / np.timedelta64(1, "D")
    who = np.searchsorted(world.customers[c.CUSTOMER_ID], table[c.CUSTOMER_ID])
    known = day < cutoff
    pairs = np.unique(np.column_stack([who, np.floor(day)])[known], axis=0)
    ids, at, days = np.unique(pairs[:, 0].astype(int), return_index=True, return_counts=True)
    first, last = pairs[at, 1], pairs[at + days - 1, 1]
    spent = np.bincount(who[known], table[c.AMOUNT][known], minlength=int(ids.max()) + 1)
    return PurchaseHistory(days - 1.0, last - first, cutoff - first, spent[ids] / days)


def received(world: ShopWorld, start: str, cutoff: float, terms: ValueTerms) -> float:
    """Discounted margin of what every customer, known at the cutoff or not, spent after it."""
    table = world.transactions
    day = (table[c.OCCURRED_AT] - np.datetime64(start)) / np.timedelta64(1, "D") - cutoff
    inside = (day >= 0) & (day < terms.horizon_days)
    worth = np.exp(-terms.daily_rate * day[inside])
    return float(terms.margin * table[c.AMOUNT][inside] @ worth)


def test_futures_bring_on_average_what_clv_says():
    who = customers_of(200)
    future = interval._Future.fitted(MODEL, SPEND, TERMS, seed=1)
    drawn = np.array([future.value(who) for _ in range(2000)])
    error = drawn.sum(axis=1).std() / np.sqrt(2000)
    assert drawn.sum(axis=1).mean() == pytest.approx(
        clv(MODEL, SPEND, who, TERMS).sum(), abs=4 * error
    )


@pytest.mark.parametrize("within", [30, 120, 500])
def test_futures_of_retained_customers_bring_on_average_what_clv_if_retained_says(within: int):
    who = customers_of(200)
    future = interval._Future.fitted(MODEL, SPEND, TERMS, seed=2)
    drawn = np.array([future.value_if_retained(who, within).sum() for _ in range(2000)])
    expected = clv_if_retained(MODEL, SPEND, who, TERMS, within).sum()
    assert drawn.mean() == pytest.approx(expected, abs=4 * drawn.std() / np.sqrt(2000))


def test_drawn_parameters_have_the_covariance_of_the_fit():
    logs = np.log(draw_parameters(MODEL, 20_000, seed=0))
    assert logs.mean(axis=0) == pytest.approx(np.log(MODEL.parameters), abs=0.01)
    assert np.cov(logs.T) == pytest.approx(MODEL.covariance, abs=1e-3)


def test_without_a_covariance_there_is_a_reason_instead_of_an_interval():
    blind = replace(MODEL, covariance=None, covariance_reason="the likelihood is flat")
    found = total_clv_interval(blind, SPEND, customers_of(10), TERMS)
    assert np.isnan([found.value, found.low, found.high]).all()
    assert found.reason == "the likelihood is flat"
    with pytest.raises(ModelError, match=r"V-105.*the likelihood is flat"):
        draw_parameters(blind, 10, seed=0)


def test_the_same_seed_gives_the_same_interval():
    who = customers_of(50)
    one, two, other = (
        total_clv_interval(MODEL, SPEND, who, TERMS, draws=50, seed=s) for s in (1, 1, 2)
    )
    assert one == two
    assert one.low != other.low
    assert one.unit == "GBP"


def test_a_loss_that_is_certain_is_the_value_of_all_and_no_churn_loses_nothing():
    who = customers_of(300)
    everybody = total_loss_interval(
        MODEL, SPEND, who, TERMS, p_churn=np.ones(300), churn_horizon_days=90, draws=100
    )
    assert everybody.value == pytest.approx(clv_if_retained(MODEL, SPEND, who, TERMS, 90).sum())
    assert everybody.low < everybody.value < everybody.high
    nobody = total_loss_interval(
        MODEL, SPEND, who, TERMS, p_churn=np.zeros(300), churn_horizon_days=90, draws=100
    )
    assert (nobody.value, nobody.low, nobody.high) == (0, 0, 0)


def test_uncertain_parameters_widen_the_interval():
    who = customers_of(2000)
    sure = total_clv_interval(
        replace(MODEL, covariance=np.zeros((4, 4))), replace(SPEND, covariance=np.zeros((3, 3))),
        who, TERMS, draws=200,
    )  # fmt: skip
    unsure = total_clv_interval(MODEL, SPEND, who, TERMS, draws=200)
    assert unsure.high - unsure.low > 1.5 * (sure.high - sure.low)


def test_the_interval_holds_the_money_really_received_in_simulated_shops():
    """40 shops; tests/proofs/test_clv_coverage.py asks 200."""
    held, worlds, cutoff = 0, 40, 365.0
    terms = ValueTerms(180, 0.1, 0.3, "GBP")
    for seed in range(worlds):
        shop = ShopConfig(500, 545, seed, joining_share=365 / 545, fade=0, refund_rate=0)
        world = simulate_shop(shop)
        who = history_of(world, shop.start, cutoff)
        model = fit_bgnbd(who.frequency, who.recency, who.age)
        spend = fit_gamma_gamma(who.observations, who.mean_value)
        found = total_clv_interval(model, spend, who, terms, draws=150, seed=seed)
        held += found.low <= received(world, shop.start, cutoff, terms) <= found.high
    assert held >= binom.ppf(0.001, worlds, 0.95)
