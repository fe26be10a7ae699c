from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cip.errors import SettingsError
from cip.models.clv.bgnbd import BgNbd, expected_purchases, p_no_purchase
from cip.models.clv.gamma_gamma import GammaGamma, expected_value
from cip.models.clv.value import (
    PurchaseHistory,
    ValueTerms,
    clv,
    clv_if_retained,
    discounted,
    period_ends,
)

MODEL = BgNbd(0.9, 30.0, 0.8, 2.5, np.nan, 0)
SPEND = GammaGamma(6.25, 3.74, 15.44, np.nan, 0)
TERMS = ValueTerms(365, 0.1, 0.3, "GBP")


def some_customers(n: int = 200, seed: int = 0) -> PurchaseHistory:
    rng = np.random.default_rng(seed)
    age = rng.integers(0, 700, n).astype(float)
    frequency = np.where(age > 0, rng.poisson(rng.gamma(1.0, 4.0, n)), 0).astype(float)
    frequency = np.minimum(frequency, age)
    recency = np.where(frequency > 0, np.maximum(frequency, age * rng.random(n)), 0.0)
    return PurchaseHistory(frequency, recency, age, rng.gamma(4.0, 10.0, n))


def test_without_discount_clv_is_margin_times_purchases_times_value():
    who, terms = some_customers(), ValueTerms(365, 0, 0.3, "GBP")
    purchases = expected_purchases(MODEL, 365, who.frequency, who.recency, who.age)
    value = expected_value(SPEND, who.frequency + 1, who.mean_value)
    assert clv(MODEL, SPEND, who, terms) == pytest.approx(0.3 * purchases * value)


def test_thirty_day_periods_discount_as_single_days_would():
    who = some_customers()
    days = np.arange(1.0, 366.0)
    daily = expected_purchases(MODEL, days[:, None], who.frequency, who.recency, who.age)
    value = TERMS.margin * expected_value(SPEND, who.observations, who.mean_value)
    exact = discounted(daily, days, TERMS) * value
    assert clv(MODEL, SPEND, who, TERMS) == pytest.approx(exact, rel=5e-4)


def test_money_in_a_year_is_worth_less_by_the_yearly_rate():
    ends, bought = np.array([364.0, 366.0]), np.array([[0.0], [1.0]])
    worth = discounted(bought, ends, ValueTerms(366, 0.1, 1, "GBP"))
    assert worth == pytest.approx([1 / 1.1])


@pytest.mark.parametrize(
    ("horizon", "ends"), [(20, [20]), (30, [30]), (45, [30, 45]), (90, [30, 60, 90])]
)
def test_periods_end_at_the_horizon(horizon: float, ends: list[float]):
    assert period_ends(horizon).tolist() == ends


models = st.builds(
    lambda r, alpha, a, b: BgNbd(r, alpha, a, b, np.nan, 0),
    st.floats(0.1, 5), st.floats(1, 200), st.floats(0.1, 8), st.floats(0.1, 50),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(models, st.integers(10, 800), st.integers(5, 400), st.floats(0, 1))
def test_clv_if_retained_is_never_below_clv(model: BgNbd, horizon: int, within: int, rate: float):
    who, terms = some_customers(50), ValueTerms(horizon, rate, 0.5, "GBP")
    plain = clv(model, SPEND, who, terms)
    retained = clv_if_retained(model, SPEND, who, terms, within)
    assert (plain >= 0).all()
    assert np.isfinite(retained).all()
    assert (retained >= plain * (1 - 1e-9)).all()


@pytest.mark.parametrize("within", [30, 90, 365, 500])
def test_clv_is_the_mean_of_the_value_if_retained_and_the_value_after_silence(within: int):
    who = some_customers()
    silent = p_no_purchase(MODEL, within, who.frequency, who.recency, who.age)
    ends = period_ends(TERMS.horizon_days)
    later = np.maximum(ends - within, 0)[:, None]
    after = expected_purchases(MODEL, later, who.frequency, who.recency, who.age + within)
    value = TERMS.margin * expected_value(SPEND, who.observations, who.mean_value)
    retained = clv_if_retained(MODEL, SPEND, who, TERMS, within)
    mixed = (1 - silent) * retained + silent * discounted(after, ends, TERMS) * value
    assert clv(MODEL, SPEND, who, TERMS) == pytest.approx(mixed, rel=1e-9)


def test_the_value_if_retained_does_not_depend_on_recency():
    age, seen = np.full(3, 400.0), np.full(3, 40.0)
    who = PurchaseHistory(np.full(3, 5.0), np.array([20.0, 200.0, 390.0]), age, seen)
    retained = clv_if_retained(MODEL, SPEND, who, TERMS, 90)
    assert retained == pytest.approx(np.full(3, retained[0]))
    assert (np.diff(clv(MODEL, SPEND, who, TERMS)) > 0).all()


@pytest.mark.parametrize(
    ("field", "value"),
    [("horizon_days", 0), ("discount_rate_yearly", -0.1), ("margin", 0), ("margin", 30)],
)
def test_impossible_terms_are_refused_by_name(field: str, value: float):
    good = {"horizon_days": 365, "discount_rate_yearly": 0.1, "margin": 0.3, "currency": "GBP"}
    with pytest.raises(SettingsError, match=f"{field} is {value}"):
        ValueTerms(**(good | {field: value}))


def test_a_churn_horizon_of_no_length_is_refused():
    with pytest.raises(SettingsError, match="churn_horizon_days"):
        clv_if_retained(MODEL, SPEND, some_customers(), TERMS, 0)
