from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln
from scipy.stats import binom

from cip.errors import ModelError, SettingsError
from cip.models.clv.subscription import (
    MONTH_DAYS,
    Retention,
    fit_retention,
    subscription_clv,
    subscription_clv_if_retained,
    survival,
    total_subscription_interval,
    total_subscription_loss_interval,
)
from cip.models.clv.value import ValueTerms
from cip.types import BoolArray, FloatArray, IntArray

NO_ERROR = np.zeros((2, 2))
MODEL = Retention(0.7, 3.8, np.nan, 0, np.diag([0.02, 0.03]))
TERMS = ValueTerms(365, 0.1, 0.5, "EUR")
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]


def model_of(alpha: float, beta: float) -> Retention:
    return Retention(alpha, beta, np.nan, 0, NO_ERROR)


def spells_of(survivors: list[int]) -> tuple[IntArray, BoolArray]:
    """The spells of one cohort of which so many are left after each renewal."""
    left = -np.diff(survivors)
    over = np.repeat(np.arange(1, len(survivors)), left)
    running = np.full(survivors[-1], len(survivors) - 1)
    return np.append(over, running), np.arange(survivors[0]) < len(over)


def some_customers(n: int = 300, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """Prices and ages, some of them whole."""
    rng = np.random.default_rng(seed)
    age = rng.exponential(8, n)
    return rng.uniform(5, 20, n), np.where(rng.random(n) < 0.3, np.floor(age), age)


def last_renewals(
    model: Retention, age: float, futures: int, rng: np.random.Generator
) -> FloatArray:
    """The last renewal each future takes of a customer of that age: theta drawn, then a coin."""
    theta = rng.beta(model.alpha, model.beta + np.floor(age), futures)
    return np.asarray(np.floor(age) + rng.geometric(theta) - 1.0)


def received(age: float, last: FloatArray, terms: ValueTerms, price: float) -> FloatArray:
    """Payment by payment: at each age k in [age, age + horizon) up to the last renewal."""
    total = np.zeros(len(last))
    for k in range(int(np.ceil(age)), int(age + terms.horizon_days / MONTH_DAYS) + 2):
        days = (k - age) * MONTH_DAYS
        if days < terms.horizon_days - 1e-3:
            worth = terms.margin * price / (1 + terms.discount_rate_yearly) ** (days / 365)
            total += (k <= last) * worth
    return total


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta", "later"),
    [
        (HIGH_END, 0.668, 3.806, [468, 445, 427, 409, 394]),
        (REGULAR, 0.704, 1.182, [223, 207, 194, 183, 173]),
    ],
)
def test_the_fit_to_the_papers_cohorts_gives_its_parameters_and_foresees_the_years_after(
    survivors: list[int], alpha: float, beta: float, later: list[int]
):
    found = fit_retention(*spells_of(survivors))
    assert (found.alpha, found.beta) == pytest.approx((alpha, beta), rel=1e-3)
    assert (found.reason, found.customers) == ("", 1000)
    assert 1000 * survival(found, np.arange(8, 13), 0) == pytest.approx(later, rel=0.05)


def test_the_log_likelihood_is_that_of_the_paper():
    found = fit_retention(*spells_of(HIGH_END))
    months, left = np.arange(1, 8), -np.diff(HIGH_END)
    leaving = betaln(found.alpha + 1, found.beta + months - 1) - betaln(found.alpha, found.beta)
    staying = betaln(found.alpha, found.beta + 7) - betaln(found.alpha, found.beta)
    assert found.log_likelihood == pytest.approx(left @ leaving + HIGH_END[-1] * staying)


def test_censored_spells_do_not_bias_the_fit():
    rng = np.random.default_rng(3)
    life = rng.geometric(rng.beta(1.0, 6.0, 40_000))
    watched = rng.integers(0, 18, 40_000)
    over = life <= watched
    found = fit_retention(np.where(over, life, watched), over)
    errors = (np.log(found.parameters) - np.log([1.0, 6.0])) / np.sqrt(np.diag(found.covariance))
    assert (np.abs(errors) < 4).all()
    as_if_over = fit_retention(np.maximum(np.where(over, life, watched), 1), np.ones(40_000, bool))
    assert survival(as_if_over, 12, 0) < 0.5 * survival(found, 12, 0)


def test_the_covariance_is_how_far_fits_to_other_samples_lie_apart():
    rng = np.random.default_rng(4)
    fits = [fit_retention(*cohort(rng, 1500, 0.7, 3.0)) for _ in range(150)]
    spread = np.cov(np.log([found.parameters for found in fits]).T)
    assert spread == pytest.approx(np.mean([found.covariance for found in fits], axis=0), rel=0.5)


def cohort(
    rng: np.random.Generator, n: int, alpha: float, beta: float
) -> tuple[IntArray, BoolArray]:
    life = rng.geometric(rng.beta(alpha, beta, n))
    return np.minimum(life, 12), life <= 12


def test_customers_who_do_not_differ_get_a_constant_rate_and_the_reason():
    survivors = [1024, 768, 576, 432, 324, 243]
    found = fit_retention(*spells_of(survivors))
    assert found.reason.endswith("retention is not shown to rise with age")
    assert "25.0" in found.reason
    assert survival(found, np.arange(30), 7) == pytest.approx(0.75 ** np.arange(30))
    assert found.log_likelihood == pytest.approx(781 * np.log(0.25) + 2343 * np.log(0.75))


def test_retention_that_falls_with_age_gets_a_constant_rate():
    found = fit_retention(*spells_of([1000, 950, 800, 500, 100]))
    assert found.reason.endswith("retention is not shown to rise with age")


def test_when_all_who_leave_do_so_at_once_the_rest_stay():
    found = fit_retention(*spells_of([1000, 700, 700, 700, 700]))
    assert found.reason == ""
    assert survival(found, [1, 24], 0) == pytest.approx([0.7, 0.7], rel=0.01)
    assert np.isfinite(found.covariance).all()


@pytest.mark.parametrize(
    ("survivors", "why"),
    [
        ([500, 491], "9 spells ended, and at least 10 are needed for more"),
        ([500, 400], "nobody came to a second renewal"),
    ],
)
def test_too_little_for_the_sbg_gives_a_constant_rate_and_the_reason(
    survivors: list[int], why: str
):
    found = fit_retention(*spells_of(survivors))
    assert found.reason.endswith(why)
    assert survival(found, 1, 0) == pytest.approx(survivors[1] / survivors[0])


def test_the_constant_rate_is_as_unsure_as_a_share_is():
    found = fit_retention(*spells_of([20, 11]))
    rng = np.random.default_rng(0)
    logs = rng.multivariate_normal(np.log(found.parameters), found.covariance, 20_000)
    drawn = np.exp(logs - np.logaddexp(*logs.T)[:, None])[:, 0]
    assert np.log(drawn / (1 - drawn)).std() == pytest.approx(np.sqrt(1 / 9 + 1 / 11), rel=0.03)


@pytest.mark.parametrize("survivors", [[100, 100, 100], [100, 0]])
def test_without_an_end_or_without_a_renewal_there_is_no_retention(survivors: list[int]):
    with pytest.raises(ModelError, match="V-108"):
        fit_retention(*spells_of(survivors))


@pytest.mark.parametrize(
    ("duration", "over"),
    [(0, True), (-1, False), (2.5, True), (np.nan, False), (np.inf, False), (1500, False)],
)
def test_impossible_durations_are_refused_by_row(duration: float, over: bool):
    with pytest.raises(ModelError, match=r"V-107: .*1 of 3 .*row 1"):
        fit_retention([3, duration, 4], [True, over, False])


@pytest.mark.parametrize("age", [0, 3, 3.4, 30.9])
@pytest.mark.parametrize("ahead", [0, 0.5, 1, 6.7])
def test_survival_is_the_share_of_simulated_customers_who_stay(age: float, ahead: float):
    last = last_renewals(MODEL, age, 40_000, np.random.default_rng(1))
    stayed = (last >= np.floor(age + ahead)).mean()
    assert survival(MODEL, ahead, age) == pytest.approx(stayed, abs=4 * 0.5 / 200)


def test_survival_falls_at_the_renewal_and_not_between():
    months = [0.59, 0.61, 1.59, 1.61]
    found = survival(MODEL, months, 3.4)
    assert found == pytest.approx([1, 6.8 / 7.5, 6.8 / 7.5, 6.8 / 7.5 * 7.8 / 8.5])


ages = st.floats(0, 100)
months = st.floats(0, 100)
models = st.builds(model_of, st.floats(0.01, 50), st.floats(0.01, 500))


@settings(max_examples=100, deadline=None)
@given(models, ages, months, months)
def test_survival_falls_with_time_and_chains(
    model: Retention, age: float, first: float, more: float
):
    near, far = survival(model, [first, first + more], age)
    assert 0 <= far <= near <= 1
    assert far == pytest.approx(near * survival(model, more, age + first), rel=1e-9)


@settings(max_examples=100, deadline=None)
@given(models, st.integers(0, 100), months, months)
def test_who_has_stayed_longer_is_likelier_to_stay(
    model: Retention, age: int, ahead: float, older: float
):
    whole = np.floor(older)
    assert survival(model, ahead, age + whole) >= survival(model, ahead, age) * (1 - 1e-12)


@pytest.mark.parametrize("age", [0, 2, 2.3, 17.95])
@pytest.mark.parametrize("horizon", [10, 180, 365])
def test_clv_is_what_simulated_customers_pay(age: float, horizon: float):
    terms = ValueTerms(horizon, 0.2, 0.5, "EUR")
    last = last_renewals(MODEL, age, 40_000, np.random.default_rng(2))
    paid = received(age, last, terms, 12.0)
    found = subscription_clv(MODEL, 12.0, [age], terms)
    assert found == pytest.approx([paid.mean()], abs=4 * paid.std() / 200 + 1e-9)


@pytest.mark.parametrize("within", [5, 30, 90, 400])
@pytest.mark.parametrize("age", [0, 2.3, 11])
def test_clv_if_retained_is_what_simulated_customers_pay_who_stay(age: float, within: float):
    last = last_renewals(MODEL, age, 40_000, np.random.default_rng(3))
    stayed = last[last >= np.floor(age + within / MONTH_DAYS)]
    paid = received(age, stayed, TERMS, 12.0)
    found = subscription_clv_if_retained(MODEL, 12.0, [age], TERMS, within)
    assert found == pytest.approx([paid.mean()], abs=4 * paid.std() / np.sqrt(len(paid)) + 1e-9)


@pytest.mark.parametrize("within", [5, 30, 90, 365, 500])
def test_clv_is_the_mean_of_those_who_stay_and_those_who_leave(within: float):
    price, age = some_customers()
    stays = survival(MODEL, within / MONTH_DAYS, age)
    retained = subscription_clv_if_retained(MODEL, price, age, TERMS, within)
    lost = np.array([of_leavers(one, within) for one in age]) * price  # carries 1 - stays
    mixed = stays * retained + lost
    assert subscription_clv(MODEL, price, age, TERMS) == pytest.approx(mixed, rel=1e-9)


def of_leavers(age: float, within: float) -> float:
    """Chance to leave at each renewal in the churn horizon, times what was paid until then."""
    known, until = int(np.floor(age)), int(np.floor(age + within / MONTH_DAYS + 1e-6))
    value = 0.0
    for k in range(known + 1, until + 1):
        leaves = survival(MODEL, k - 1 - known, known) - survival(MODEL, k - known, known)
        value += float(leaves * received(age, np.array([k - 1.0]), TERMS, 1.0)[0])
    return value


@settings(max_examples=60, deadline=None)
@given(models, st.integers(10, 800), st.integers(1, 400), st.floats(0, 1))
def test_clv_if_retained_is_never_below_clv_and_grows_with_the_stay(
    model: Retention, horizon: int, within: int, rate: float
):
    (price, age), terms = some_customers(50), ValueTerms(horizon, rate, 0.5, "EUR")
    plain = subscription_clv(model, price, age, terms)
    stay = subscription_clv_if_retained(model, price, age, terms, within)
    longer = subscription_clv_if_retained(model, price, age, terms, within + 60)
    assert (plain >= 0).all()
    assert np.isfinite(longer).all()
    assert (stay >= plain * (1 - 1e-9)).all()
    assert (longer >= stay * (1 - 1e-9)).all()


@settings(max_examples=60, deadline=None)
@given(models, st.floats(1, 800), st.floats(0, 400), st.floats(0, 1), st.floats(0, 1))
def test_clv_grows_with_the_horizon_and_shrinks_with_the_discount(
    model: Retention, horizon: float, more: float, rate: float, dearer: float
):
    price, age = some_customers(50)
    short, long, discounted = (
        subscription_clv(model, price, age, ValueTerms(days, r, 0.5, "EUR"))
        for days, r in ((horizon, rate), (horizon + more, rate), (horizon, rate + dearer))
    )
    assert (long >= short).all()
    assert (discounted <= short * (1 + 1e-12)).all()


def test_payments_fall_on_the_cutoff_inclusive_and_on_the_end_exclusive():
    loyal, year = model_of(1e-9, 1.0), ValueTerms(365, 0.0, 1.0, "EUR")
    assert subscription_clv(loyal, 1.0, [0, 5, 5.5], year) == pytest.approx([12, 12, 12])
    a_month = ValueTerms(MONTH_DAYS, 0.0, 1.0, "EUR")
    assert subscription_clv(loyal, 1.0, [0, 5, 5.5], a_month) == pytest.approx([1, 1, 1])
    a_week = ValueTerms(7, 0.0, 1.0, "EUR")
    assert subscription_clv(loyal, 1.0, [0, 5, 5.5, 5.9], a_week) == pytest.approx([1, 1, 0, 1])


@pytest.mark.parametrize("error", [-1e-9, 1e-9])
@pytest.mark.parametrize("age", [3.0, 3.5])
def test_rounding_moves_no_payment_over_a_boundary(age: float, error: float):
    """The age 3.5 is that at which a payment falls on the end of the horizon."""
    terms = ValueTerms(4.5 * MONTH_DAYS, 0.1, 0.5, "EUR")
    exact, rounded = (subscription_clv(MODEL, 9.0, [a], terms) for a in (age, age + error))
    assert rounded == pytest.approx(exact)
    assert survival(MODEL, 1.5, age + error) == pytest.approx(survival(MODEL, 1.5, age))


def test_an_unknown_price_has_no_value_and_leaves_the_total_with_a_reason():
    found = subscription_clv(MODEL, [10.0, np.nan], [2, 2], TERMS)
    assert np.isnan(found).tolist() == [False, True]
    total = total_subscription_interval(MODEL, [10.0, np.nan], [2, 2], TERMS)
    assert np.isnan([total.value, total.low, total.high]).all()
    assert total.reason == "1 of 2 customers have no price"


@pytest.mark.parametrize(
    ("price", "age", "name"),
    [
        (-1, 2, "price"),
        (np.inf, 2, "price"),
        (9, -1, "age_months"),
        (9, np.nan, "age_months"),
        (9, 1500, "age_months"),
    ],
)
def test_impossible_prices_and_ages_are_refused_by_name(price: float, age: float, name: str):
    with pytest.raises(ModelError, match=rf"V-109: .*1 of 2 values of {name} .*row 1"):
        subscription_clv(MODEL, [9.0, price], [3, age], TERMS)


def test_an_impossible_chance_or_churn_horizon_is_refused():
    with pytest.raises(ModelError, match=r"V-109: .*p_churn"):
        total_subscription_loss_interval(
            MODEL, 9.0, [1, 2], TERMS, p_churn=np.array([0.5, np.nan]), churn_horizon_days=90
        )
    with pytest.raises(SettingsError, match="churn_horizon_days is 0"):
        subscription_clv_if_retained(MODEL, 9.0, [1], TERMS, 0)


@pytest.mark.parametrize("within", [5, 90, 500])
def test_futures_bring_on_average_what_the_expectation_says(within: float):
    """20,000 customers under a sure model: futures lie within a few per cent of each other."""
    price, age = some_customers(20_000)
    sure = replace(MODEL, covariance=NO_ERROR)
    kept = total_subscription_interval(sure, price, age, TERMS, draws=100)
    lost = total_subscription_loss_interval(
        sure, price, age, TERMS, p_churn=np.full(20_000, 0.3), churn_horizon_days=within, draws=100
    )
    for found in (kept, lost):
        assert found.low < found.value < found.high
        assert found.high - found.low < 0.06 * found.value
    retained = subscription_clv_if_retained(sure, price, age, TERMS, within)
    assert lost.value == pytest.approx(0.3 * retained.sum())
    assert kept.value == pytest.approx(subscription_clv(sure, price, age, TERMS).sum())


def test_a_loss_that_is_certain_is_the_value_of_all_and_no_churn_loses_nothing():
    price, age = some_customers()
    everybody, nobody = (
        total_subscription_loss_interval(
            MODEL, price, age, TERMS, p_churn=np.full(300, p), churn_horizon_days=90, draws=100
        )
        for p in (1.0, 0.0)
    )
    retained = subscription_clv_if_retained(MODEL, price, age, TERMS, 90)
    assert everybody.value == pytest.approx(retained.sum())
    assert everybody.low < everybody.value < everybody.high
    assert (nobody.value, nobody.low, nobody.high) == (0, 0, 0)


def test_the_same_seed_gives_the_same_interval():
    price, age = some_customers(50)
    one, two, other = (
        total_subscription_interval(MODEL, price, age, TERMS, draws=50, seed=s) for s in (1, 1, 2)
    )
    assert one == two
    assert one.low != other.low
    assert one.unit == "EUR"


def test_uncertain_parameters_widen_the_interval():
    price, age = some_customers(5000)
    sure, unsure = (
        total_subscription_interval(replace(MODEL, covariance=c), price, age, TERMS, draws=200)
        for c in (NO_ERROR, MODEL.covariance)
    )
    assert unsure.high - unsure.low > 2 * (sure.high - sure.low)


@dataclass(frozen=True)
class Service:
    """Spells begun evenly over two years: what is known at the cutoff, and what then happened."""

    duration: IntArray
    over: BoolArray
    life: IntArray
    age: FloatArray
    price: FloatArray

    @classmethod
    def drawn(cls, seed: int, alpha: float, beta: float) -> Service:
        rng = np.random.default_rng(seed)
        life, age = rng.geometric(rng.beta(alpha, beta, 500)), rng.uniform(0, 24, 500)
        over = life <= age
        known = np.where(over, life, np.floor(age)).astype(np.int64)
        return cls(known, over, life[~over], age[~over], rng.uniform(5, 20, 500)[~over])

    def paid(self, rows: BoolArray) -> float:
        """Discounted margin of those customers."""
        each = zip(self.age[rows], self.life[rows], self.price[rows], strict=True)
        return sum(
            float(received(age, np.array([life - 1.0]), TERMS, price)[0])
            for age, life, price in each
        )


@pytest.mark.parametrize(("alpha", "beta"), [(0.7, 3.8), (50.0, 950.0)])
def test_the_interval_holds_the_money_really_received(alpha: float, beta: float):
    """40 services: customers who differ much, and who hardly do (then mostly a constant rate)."""
    held, worlds = 0, 40
    for seed in range(worlds):
        service = Service.drawn(seed, alpha, beta)
        model = fit_retention(service.duration, service.over)
        found = total_subscription_interval(
            model, service.price, service.age, TERMS, draws=150, seed=seed
        )
        held += found.low <= service.paid(np.full(len(service.age), True)) <= found.high
    assert held >= binom.ppf(0.001, worlds, 0.95)


def test_the_loss_interval_holds_what_leavers_would_have_brought():
    """40 services; who stays through 90 days stands for the value of who leaves by a coin."""
    held, worlds = 0, 40
    for seed in range(worlds):
        service = Service.drawn(seed, 0.7, 3.8)
        model = fit_retention(service.duration, service.over)
        stays = service.life - 1 >= np.floor(service.age + 90 / MONTH_DAYS)
        p_churn = np.full(int(stays.sum()), 0.3)
        found = total_subscription_loss_interval(
            model, service.price[stays], service.age[stays], TERMS,
            p_churn=p_churn, churn_horizon_days=90, draws=150, seed=seed,
        )  # fmt: skip
        leaves = stays.copy()
        leaves[stays] = np.random.default_rng(1000 + seed).random(len(p_churn)) < p_churn
        held += found.low <= service.paid(leaves) <= found.high
    assert held >= binom.ppf(0.001, worlds, 0.95)
