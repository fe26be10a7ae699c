"""Contacting in the order of expected gain, each customer at their own value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cip.errors import ModelError
from cip.models.profit import Costs, profit_curve
from cip.models.profit_own import OwnFigures, expected_gain, own_figures

COSTS = Costs(clv=200.0, offer=10.0, contact=1.0)
N = 400


def world(seed: int, n: int = N, spread: float = 1.0):
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 3, n)
    value = rng.lognormal(5, spread, n) if spread else np.full(n, COSTS.clv)
    return rng.random(n) < p, p, value


def figures(churned, p, value, *, budgets=(40, 100), draws=200) -> OwnFigures:
    who = np.arange(len(p))
    return own_figures(churned, p, value, who, COSTS, budgets=budgets, seed=1, draws=draws)


def test_where_all_are_worth_the_same_both_orders_are_one_and_the_curve_is_the_flat_one():
    churned, p, value = world(2, spread=0)
    made, flat = figures(churned, p, value), profit_curve(churned, p, COSTS)
    assert np.all(made.more.profit == 0)
    assert made.budgets[0].more.low == made.budgets[0].more.high == 0
    assert made.by_risk.profit == pytest.approx(
        np.interp(made.by_risk.share, flat.share, flat.profit)
    )


def test_the_curve_by_risk_is_the_profit_curve_with_values_of_their_own():
    churned, p, value = world(3)
    curve = profit_curve(churned, p, COSTS, value)
    made = figures(churned, p, value)
    expected = np.interp(made.by_risk.share, curve.share, curve.profit)
    assert made.by_risk.profit == pytest.approx(expected)


def test_a_budget_earns_the_sum_over_those_it_reaches():
    churned, p, value = world(4)
    gain = expected_gain(p, value, COSTS)
    best = np.argsort(-gain)[:40]
    earned = np.where(churned, 0.3 * (value - 10) - 1, -11.0)[best].sum() / N
    assert figures(churned, p, value).budgets[0].by_gain.value == pytest.approx(earned)


@given(st.integers(0, 10_000))
def test_no_order_is_expected_to_earn_more_than_that_by_gain(seed: int):
    _, p, value = world(seed, 60)
    gain = expected_gain(p, value, COSTS)
    top = np.sort(gain)[::-1].cumsum()
    assert np.all(top >= gain[np.argsort(-p)].cumsum() - 1e-9)


def test_expected_gain_is_above_zero_from_the_break_even_of_each_own_value():
    for worth in (50.0, 200.0, 5000.0):
        costs = Costs(worth, COSTS.offer, COSTS.contact)
        at = np.array([costs.break_even])
        assert expected_gain(at, np.array([worth]), costs) == pytest.approx(0, abs=1e-9)


def test_both_orders_earn_the_same_where_everybody_is_contacted():
    made = figures(*world(5), budgets=(N,))
    assert made.budgets[0].more.value == pytest.approx(0, abs=1e-12)
    assert made.budgets[0].more.high == pytest.approx(0, abs=1e-12)


def test_the_difference_is_paired_so_its_interval_is_narrower_than_those_of_both():
    one = figures(*world(6, 2000), budgets=(400,)).budgets[0]
    apart = one.by_gain.high - one.by_gain.low + one.by_risk.high - one.by_risk.low
    assert one.more.high - one.more.low < apart
    assert one.more.low < one.more.value < one.more.high


def test_the_interval_of_the_difference_covers_that_of_the_process():
    rng = np.random.default_rng(9)
    p, value = rng.beta(1, 3, N), rng.lognormal(5, 1, N)
    # of all who might come: the very population is drawn from again
    gain = expected_gain(p, value, COSTS)
    truth = (gain[np.argsort(-gain)][:100].sum() - gain[np.argsort(-p)][:100].sum()) / N
    held = 0
    for world_ in range(120):
        rows = rng.integers(0, N, N)
        churned = rng.random(N) < p[rows]
        made = own_figures(
            churned,
            p[rows],
            value[rows],
            np.arange(N),
            COSTS,
            budgets=(100,),
            seed=world_,
            draws=100,
        )
        held += made.budgets[0].more.low <= truth <= made.budgets[0].more.high
    assert 105 <= held <= 120


def test_a_value_that_is_no_number_is_refused():
    churned, p, value = world(1)
    with pytest.raises(ModelError, match="M-143"):
        figures(churned, p, np.where(p > 0.5, np.nan, value))
