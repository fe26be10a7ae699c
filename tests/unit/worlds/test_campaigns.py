from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from cip import columns as c
from cip.worlds.streaming.campaigns import Offers, offers_made
from cip.worlds.streaming.config import DAY, HORIZON, Campaigns, Regime, StreamingConfig
from cip.worlds.streaming.lives import Months, live
from cip.worlds.streaming.months import kept_price, log_odds_of_cancelling
from cip.worlds.streaming.persons import Persons, draw_persons
from cip.worlds.streaming.simulate import StreamingWorld, simulate_streaming
from cip.worlds.streaming.vouchers import draw_arms

REGIMES: tuple[Regime, ...] = ("none", "moderate", "sleeping_dogs")


@cache
def campaign(regime: Regime) -> tuple[StreamingConfig, Persons, Months, Offers, np.ndarray]:
    """Lives and offers without anything to watch, and who left within the horizon."""
    config = StreamingConfig(customers=40_000, seed=11, regime=regime)
    rng = np.random.default_rng(config.seed)
    persons, arms = draw_persons(config, rng), draw_arms(config, rng)
    months = live(config, persons, arms, rng)
    offers = offers_made(config, persons, arms, months, rng)
    return config, persons, months, offers, left_within(months, offers)


def left_within(months: Months, offers: Offers) -> np.ndarray:
    gone = months.cancelled | months.lapsed
    ends = np.sort(months.customer[gone] * 10**9 + months.end[gone])
    first, last = (
        np.searchsorted(ends, offers.customer * 10**9 + offers.second + wait)
        for wait in (0, HORIZON)
    )
    return last > first


def measured(left: np.ndarray, treated: np.ndarray) -> tuple[float, float]:
    """Share that leaves with a voucher less without, and its standard error."""
    shares = [left[treated], left[~treated]]
    error = np.sqrt(sum(part.var() / len(part) for part in shares))
    return shares[0].mean() - shares[1].mean(), error


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("held", [0, 1])
def test_the_effect_measured_under_randomisation_is_the_true_one(regime: Regime, held: int):
    _, _, _, offers, left = campaign(regime)
    true = offers.p_leaves_if_treated - offers.p_leaves_if_control
    for group in (offers.dozes, ~offers.dozes):
        rows = group & (offers.campaign == held)
        effect, error = measured(left[rows], offers.treated[rows])
        assert abs(effect - true[rows].mean()) < 4 * error


def test_without_an_effect_there_is_none_for_anybody():
    _, _, months, offers, left = campaign("none")
    assert (offers.p_leaves_if_treated == offers.p_leaves_if_control).all()
    assert not months.voucher.any()
    effect, error = measured(left, offers.treated)
    assert abs(effect) < 3 * error


def test_a_moderate_voucher_keeps_customers_and_drives_nobody_away():
    _, persons, _, offers, left = campaign("moderate")
    assert (offers.p_leaves_if_treated <= offers.p_leaves_if_control).all()
    effect, error = measured(left, offers.treated)
    assert effect < -5 * error
    uplift = offers.p_leaves_if_control - offers.p_leaves_if_treated
    by_plan = [uplift[persons.plan[offers.customer] == plan].mean() for plan in range(3)]
    assert by_plan[0] > by_plan[1] > by_plan[2] > 0
    assert uplift.std() > 0.5 * uplift.mean()


def test_a_voucher_drives_sleeping_dogs_away_and_keeps_the_others():
    _, _, _, offers, left = campaign("sleeping_dogs")
    uplift = offers.p_leaves_if_control - offers.p_leaves_if_treated
    assert uplift[offers.dozes].max() <= 0
    assert uplift[~offers.dozes].min() >= 0
    assert 0.15 < offers.dozes.mean() < 0.35
    dogs, error = measured(left[offers.dozes], offers.treated[offers.dozes])
    assert dogs > 5 * error
    others, error = measured(left[~offers.dozes], offers.treated[~offers.dozes])
    assert others < -5 * error


@pytest.mark.parametrize("regime", REGIMES)
def test_within_an_arm_customers_leave_as_often_as_the_truth_says_in_every_tenth(regime: Regime):
    _, _, _, offers, left = campaign(regime)
    own = np.where(offers.treated, offers.p_leaves_if_treated, offers.p_leaves_if_control)
    for rows in (offers.treated, ~offers.treated):
        p, gone = own[rows], left[rows]
        tenth = np.argsort(np.argsort(p)) * 10 // len(p)
        deviation = np.sqrt(np.bincount(tenth, p * (1 - p)))
        off = (np.bincount(tenth, gone) - np.bincount(tenth, p)) / deviation
        assert np.abs(off).max() < 4


def test_arms_are_drawn_with_the_known_propensity_whoever_the_customer_is():
    config, persons, _, offers, _ = campaign("sleeping_dogs")
    p = config.campaigns.p_treated
    error = np.sqrt(p * (1 - p) / len(offers.treated))
    assert offers.treated.mean() == pytest.approx(p, abs=4 * error)
    traits = (
        offers.dozes, persons.level[offers.customer], persons.plan[offers.customer],
        offers.p_leaves_if_control,
    )  # fmt: skip
    for trait in traits:
        correlation = np.corrcoef(trait, offers.treated)[0, 1]
        assert abs(correlation) < 4 / np.sqrt(len(offers.treated))


def test_another_propensity_is_kept_and_a_campaign_past_the_end_is_not_held():
    few = Campaigns(days=(150, 400), p_treated=0.2)
    config = StreamingConfig(customers=2_000, days=430, titles=50, seed=2, campaigns=few)
    treatments = simulate_streaming(config).treatments
    assert set(treatments["campaign"]) == {"save-1"}
    assert (treatments[c.ARM] == "voucher").mean() == pytest.approx(0.2, abs=0.06)


@cache
def world() -> StreamingWorld:
    return simulate_streaming(StreamingConfig(customers=2_000, seed=4, titles=60))


def test_everyone_with_a_running_spell_and_nobody_else_takes_part():
    service, start = world(), np.datetime64(world().config.start, "us")
    spells = service.subscriptions
    for day in service.config.campaigns.days:
        at = start + np.timedelta64(day, "D")
        ended = spells[c.ENDED_AT]
        running = (spells[c.STARTED_AT] <= at) & (np.isnat(ended) | (ended > at))
        here = service.treatments[c.OCCURRED_AT] == at
        assert set(service.treatments[c.CUSTOMER_ID][here]) == set(spells[c.CUSTOMER_ID][running])
        assert here.sum() == running.sum() > 300


def test_a_voucher_costs_and_the_control_does_not():
    treatments = world().treatments
    cost = world().config.campaigns.voucher_cost
    assert set(treatments[c.COST][treatments[c.ARM] == "voucher"]) == {cost}
    assert set(treatments[c.COST][treatments[c.ARM] == "control"]) == {0.0}


def test_a_voucher_acts_on_decisions_after_the_offer_for_sixty_days_and_only_of_the_treated():
    config, _, months, offers, _ = campaign("moderate")
    acts = np.flatnonzero(months.voucher != 0)
    decided = months.start[acts] + 30 * DAY
    held = np.searchsorted(config.offered, decided) - 1
    wait = decided - config.offered[held]
    assert (wait > 0).all()
    assert (wait < HORIZON).all()
    treated = set(zip(offers.customer[offers.treated], offers.second[offers.treated], strict=True))
    pairs = zip(months.customer[acts], config.offered[held], strict=True)
    assert set(pairs) <= treated
    assert len(acts) > 1.5 * len(treated)


def test_a_regression_finds_what_a_kept_price_and_a_voucher_do_to_cancelling():
    config, persons, months, _, _ = campaign("sleeping_dogs")
    rows = np.flatnonzero(~np.isnan(months.p_cancel))
    begun, passed = months.take(rows)
    kept, voucher = kept_price(config, persons, begun), months.voucher[rows]
    known = log_odds_of_cancelling(config, persons, begun, passed)
    known += config.hazard.kept_price * kept
    drivers = np.column_stack([known, -kept, voucher])
    fitted = LogisticRegression(C=1e6, max_iter=1000).fit(drivers, months.cancelled[rows])
    p = fitted.predict_proba(drivers)[:, 1]
    design = np.column_stack([np.ones(len(rows)), drivers])
    error = np.sqrt(np.diag(np.linalg.inv((design * (p * (1 - p))[:, None]).T @ design)))
    found = np.append(fitted.intercept_, fitted.coef_[0])
    assert np.abs((found - [0.0, 1.0, config.hazard.kept_price, 1.0]) / error).max() < 4
    assert error[2] < 0.4
    assert error[3] < 0.05
