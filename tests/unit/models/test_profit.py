import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import beta

from cip.errors import ModelError
from cip.models.profit import (
    Costs,
    expected_maximum_profit,
    profit_curve,
    profit_figures,
)

PAPER = Costs(200.0, 10.0, 1.0)  # the costs of Verbraken, Verbeke and Baesens 2013
OTHERS = (
    PAPER,
    Costs(50.0, 10.0, 2.0),
    Costs(500.0, 100.0, 5.0, 2.0, 3.0),
    Costs(200.0, 0.0, 15.0),
    Costs(30.0, 10.0, 1.0, 1.0, 1.0),
)
# empulse 0.13.1 (2026-11-22): empc_score and its optimal_rate of `hand_made(k)` under OTHERS
EMPULSE = {
    0: (
        (12.9243066449041, 0.5717656075346927),
        (1.045583623274746, 0.22168755298469559),
        (23.752559865127495, 0.31222453221223906),
        (9.021568273709294, 0.4499772079822459),
        (1.0544649745475112, 0.21089273190045243),
    ),
    1: (
        (12.337019885586722, 0.5388067224429124),
        (0.9751780033190938, 0.20771447121410486),
        (22.595592781103676, 0.29903293208442205),
        (8.608130073111662, 0.43224264237902277),
        (0.9934265625000002, 0.20324062500000004),
    ),
    2: (
        (12.059363442229122, 0.5812760953143629),
        (0.7841356552601384, 0.19494694169146629),
        (19.865822571315235, 0.29859641743152143),
        (8.163351367928431, 0.46703341017059197),
        (0.8239424851190473, 0.18428318452380953),
    ),
}


def hand_made(k):
    """400 rows without a random generator; with ties where k is odd."""
    i = np.arange(400)
    p = ((i * 7919 + 13 * k) % 397) / 397
    q = ((i * 104729 + 29 * k) % 401) / 401
    return q < p**2 * 0.9, np.round(p, 2 if k % 2 else 6)


def world(n, seed=0):
    rng = np.random.default_rng(seed)
    p = expit(rng.normal(-1, 1.5, n))
    return rng.random(n) < p, p


rows = st.lists(
    st.tuples(st.booleans(), st.integers(0, 6).map(lambda k: k / 6), st.integers(0, 300)),
    min_size=1,
    max_size=25,
)
money = st.builds(
    Costs,
    clv=st.floats(1, 500),
    offer=st.floats(0, 60),
    contact=st.floats(0, 20),
    accept_alpha=st.floats(0.5, 10),
    accept_beta=st.floats(0.5, 20),
)


def columns(drawn):
    y, p, v = zip(*drawn, strict=True)
    return np.array(y, bool), np.array(p, float), np.array(v, float)


def slow_maximum(churned, p, costs, value):
    """The best cut for each acceptance, tried one by one, integrated by quadrature."""
    cuts = [p > 1] + [p >= t for t in np.unique(p)]

    def best(accept):
        gain = np.where(
            churned, accept * (value - costs.offer) - costs.contact, -costs.offer - costs.contact
        )
        return max(gain[cut].sum() for cut in cuts) / len(p)

    law = beta(costs.accept_alpha, costs.accept_beta)
    grid = law.ppf((np.arange(4000) + 0.5) / 4000)
    return float(np.mean([best(accept) for accept in grid]))


@pytest.mark.parametrize("k", EMPULSE)
@pytest.mark.parametrize(("costs", "place"), [(costs, i) for i, costs in enumerate(OTHERS)])
def test_the_expected_maximum_profit_is_that_of_empulse(k, costs, place):
    found = expected_maximum_profit(*hand_made(k), costs)
    assert (found.profit, found.share) == pytest.approx(EMPULSE[k][place], rel=1e-10)


def test_the_example_of_eight_customers():
    churned = np.array([0, 1, 0, 1, 0, 1, 0, 1], bool)
    p = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9])
    found = expected_maximum_profit(churned, p, PAPER)
    assert found.profit == pytest.approx(23.875593418348124, rel=1e-12)  # empulse 0.13.1


@settings(max_examples=25, deadline=None)
@given(rows, money)
def test_the_closed_form_is_the_average_of_the_best_cuts(drawn, costs):
    churned, p, value = columns(drawn)
    slow = slow_maximum(churned, p, costs, value)
    found = expected_maximum_profit(churned, p, costs, value).profit
    assert found == pytest.approx(slow, rel=2e-3, abs=2e-3 * value.max() + 1e-6)


def test_one_leaver_alone_is_worth_the_integral_where_contacting_pays():
    law = beta(6, 14)
    paid, _ = quad(lambda g: max(g * 190 - 1, 0) * law.pdf(g), 0, 1)
    found = expected_maximum_profit(np.array([True]), np.array([0.5]), PAPER)
    assert found.profit == pytest.approx(paid, rel=1e-8)


@settings(max_examples=50, deadline=None)
@given(rows, money)
def test_contacting_nobody_earns_nothing_so_the_maximum_is_never_below(drawn, costs):
    churned, p, value = columns(drawn)
    curve = profit_curve(churned, p, costs, value)
    assert (curve.share[0], curve.profit[0]) == (0.0, 0.0)
    assert curve.share[-1] == pytest.approx(1)
    assert expected_maximum_profit(churned, p, costs, value).profit >= max(curve.profit) - 1e-9


@settings(max_examples=50, deadline=None)
@given(rows, money, st.floats(0.01, 1000))
def test_another_currency_scales_the_profit_alone(drawn, costs, rate):
    churned, p, value = columns(drawn)
    abroad = Costs(
        costs.clv * rate,
        costs.offer * rate,
        costs.contact * rate,
        costs.accept_alpha,
        costs.accept_beta,
    )
    here = expected_maximum_profit(churned, p, costs, value)
    there = expected_maximum_profit(churned, p, abroad, value * rate)
    assert there.profit == pytest.approx(here.profit * rate, rel=1e-6, abs=1e-9 * rate)
    assert abroad.break_even == pytest.approx(costs.break_even)


@settings(max_examples=50, deadline=None)
@given(rows, money, st.integers(0, 24), st.integers(0, 24))
def test_moving_a_leaver_above_a_stayer_never_earns_less(drawn, costs, i, j):
    churned, p, _ = columns(drawn)
    i, j = i % len(p), j % len(p)
    better = p.copy()
    if churned[i] and not churned[j] and p[i] < p[j]:
        better[i], better[j] = p[j], p[i]
    before = expected_maximum_profit(churned, p, costs).profit
    assert expected_maximum_profit(churned, better, costs).profit >= before - 1e-9


@settings(max_examples=30, deadline=None)
@given(rows, money)
def test_equal_values_are_the_value_of_the_costs(drawn, costs):
    churned, p, _ = columns(drawn)
    everybody = np.full(len(p), costs.clv)
    alone, given_ = profit_curve(churned, p, costs), profit_curve(churned, p, costs, everybody)
    assert given_.profit == pytest.approx(alone.profit)


def test_the_order_of_customers_with_equal_probabilities_does_not_matter():
    churned, _ = world(200)
    p = np.full(200, 0.4)
    curve = profit_curve(churned, p, PAPER)
    assert curve.share.tolist() == [0, 1]
    assert curve.threshold.tolist() == [np.inf, 0.4]


def test_the_curve_counts_the_money_of_who_is_contacted():
    churned, p = np.array([True, False, True]), np.array([0.9, 0.6, 0.2])
    curve = profit_curve(churned, p, Costs(100, 10, 1, 1, 1))
    assert curve.profit * 3 == pytest.approx([0, 44, 33, 77])  # 90/2 - 1, then -11, then 44


def test_at_break_even_a_contact_earns_nothing_on_average():
    p = PAPER.break_even
    assert p * (PAPER.accept * 190 - 1) - (1 - p) * 11 == pytest.approx(0)
    assert Costs(5, 10, 1).break_even > 1


def test_the_figures_are_those_of_the_curve():
    churned, p = world(1500)
    figures = profit_figures(churned, {"m": p}, np.arange(1500), PAPER, seed=0, draws=60)["m"]
    curve = profit_curve(churned, p, PAPER)
    assert figures.maximum.value == expected_maximum_profit(churned, p, PAPER).profit
    assert figures.everybody.value == pytest.approx(curve.profit[-1])
    reached = curve.profit[np.count_nonzero(p >= PAPER.break_even)]
    assert figures.at_break_even.value == pytest.approx(reached)
    assert figures.band.profit == pytest.approx(
        np.interp(figures.band.share, curve.share, curve.profit)
    )
    assert (figures.band.low <= figures.band.high).all()
    assert figures.maximum.low < figures.maximum.value < figures.maximum.high


def test_where_nobody_is_worth_contacting_the_break_even_earns_nothing():
    churned, p = world(300)
    dear = Costs(20, 10, 30)
    figures = profit_figures(churned, {"m": p}, np.arange(300), dear, seed=0, draws=50)["m"]
    assert figures.at_break_even.value == figures.at_break_even.high == 0
    assert figures.maximum.value == 0
    assert figures.everybody.value < 0


def test_the_interval_covers_the_profit_of_the_process():
    many_churned, many_p = world(400_000, 99)
    truth = profit_figures(many_churned, {"m": many_p}, np.arange(400_000), PAPER, seed=0, draws=1)[
        "m"
    ].at_break_even.value
    held = 0
    for seed in range(60):
        churned, p = world(400, seed)
        found = profit_figures(churned, {"m": p}, np.arange(400), PAPER, seed=seed, draws=100)
        held += found["m"].at_break_even.low <= truth <= found["m"].at_break_even.high
    assert held >= 50


@pytest.mark.parametrize(
    "wrong",
    [
        {"clv": 0.0},
        {"clv": float("nan")},
        {"offer": -1.0},
        {"contact": -0.1},
        {"accept_alpha": 0.0},
        {"accept_beta": float("inf")},
    ],
)
def test_impossible_costs_are_refused(wrong):
    with pytest.raises(ModelError, match=next(iter(wrong))) as error:
        Costs(**({"clv": 200.0, "offer": 10.0, "contact": 1.0} | wrong))
    assert error.value.code == "M-141"


def test_rows_that_do_not_match_are_refused():
    for churned, p in ((np.zeros(2, bool), np.zeros(3)), (np.zeros(0, bool), np.zeros(0))):
        with pytest.raises(ModelError) as error:
            profit_curve(churned, p, PAPER)
        assert error.value.code == "M-142"
    with pytest.raises(ModelError, match="1 of 2") as error:
        profit_curve(np.zeros(2, bool), np.zeros(2), PAPER, np.array([1.0, np.nan]))
    assert error.value.code == "M-143"
