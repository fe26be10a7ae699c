"""What customers were worth at the test date, by what was known before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from tests.made import config_of, looked_of

from cip.engine.aggregates import RfmArrays
from cip.engine.durations import Durations
from cip.engine.subscriptions import RunningSpells
from cip.flows import value_purchases, value_subscriptions
from cip.flows.look import Looked, Purchases, Subscribers
from cip.flows.value import Value
from cip.types import Calendar, FeatureFrame, LabelledFrame

N = 400
IDS = np.array([f"k{i:04}" for i in range(N)], dtype=object)


def frame(who: np.ndarray) -> FeatureFrame:
    return FeatureFrame(who, np.full(len(who), np.datetime64("2026-01-01", "us")), {})


def labelled(who: np.ndarray, seed: int, paid: float = 0.0) -> LabelledFrame:
    rng = np.random.default_rng(seed)
    return LabelledFrame(frame(who), rng.random(len(who)) < 0.2, rng.gamma(2, 1, len(who)) * paid)


def rfm(who: np.ndarray, seed: int = 1) -> RfmArrays:
    rng = np.random.default_rng(seed)
    n = len(who)
    age = rng.uniform(100, 700, n)
    frequency = rng.poisson(age * rng.gamma(1, 0.01, n)).astype(np.float64)
    recency = np.where(frequency > 0, age * rng.uniform(0.2, 1, n), 0.0)
    money = rng.gamma(6, 1, n) * rng.gamma(3, 8, n)
    return RfmArrays(who, frequency, recency, age, money, money, rng.gamma(1, 40, n))


def looked(
    test: LabelledFrame,
    *,
    purchases: Purchases | None = None,
    subscribers: Subscribers | None = None,
    validation_seed: int = 4,
) -> Looked:
    day = datetime(2026, 1, 1)  # noqa: DTZ001 - a midnight of the business
    return looked_of(
        Calendar((day,), day, day, day, 90, 7, 180),
        (test, labelled(IDS, validation_seed), test),
        test.features,
        infos=(),
        recency="recency_days",
        purchases=purchases,
        subscribers=subscribers,
    )


def by_purchases(test: LabelledFrame, at_test: RfmArrays, at_score: RfmArrays) -> Value:
    seen = looked(test, purchases=Purchases(at_test, at_score))
    return value_purchases.value_by_purchases(seen, Purchases(at_test, at_score), config_of())


def test_what_came_after_the_test_date_changes_no_value_at_it():
    test, early, late = labelled(IDS, 2, paid=9), rfm(IDS), rfm(IDS, 7)
    one = by_purchases(test, early, late)
    other = by_purchases(
        replace(test, churned=~test.churned),
        replace(early, future_value=early.future_value[::-1]),
        replace(late, mean_value=3 * late.mean_value),
    )
    assert one.at_test is not None
    assert np.array_equal(one.at_test, other.at_test)
    assert not np.array_equal(one.clv, other.clv)


def test_a_value_at_the_test_date_is_that_of_the_same_history_scored_there():
    test, early = labelled(IDS, 2, paid=9), rfm(IDS)
    made = by_purchases(test, early, early)
    assert made.at_test == pytest.approx(made.clv_if_retained)


def test_who_never_bought_is_worth_nothing_and_not_what_a_neighbour_is():
    test, some = labelled(IDS, 2, paid=9), rfm(IDS[::2])
    made = by_purchases(test, some, some)
    bought = np.isin(IDS, some.customer_id)
    assert made.at_test is not None
    for values in (made.clv, made.clv_if_retained, made.at_test, made.purchase_days):
        assert np.all(values[~bought] == 0)
        assert np.all(values[bought] > 0)
    assert np.isnan(made.p_alive[~bought]).all()
    assert made.total_loss(np.full(N, 0.3)).value == pytest.approx(
        0.3 * made.clv_if_retained.sum(), rel=0.05
    )


def spells(*, ended: bool) -> Subscribers:
    rng = np.random.default_rng(5)
    days = rng.uniform(40, 700, N)
    running = RunningSpells(IDS, rng.choice([8.0, 16.0], N), days)
    seen = Durations(days, rng.random(N) < 0.4 if ended else np.zeros(N, dtype=bool))
    return Subscribers(running, running, seen, seen)


@pytest.mark.parametrize("ended", [True, False])
def test_who_left_after_the_test_date_changes_no_value_of_a_subscription_at_it(ended: bool):
    test, subscribers = labelled(IDS, 2, paid=9), spells(ended=ended)
    made = [
        value_subscriptions.value_by_subscriptions(
            looked(given, subscribers=subscribers), subscribers, config_of()
        )
        for given in (test, replace(test, churned=~test.churned))
    ]
    assert made[0].at_test is not None
    assert np.all(made[0].at_test > 0)
    assert np.array_equal(made[0].at_test, made[1].at_test)


def test_without_an_ended_spell_the_rate_known_at_the_test_date_is_that_of_validation():
    test, subscribers = labelled(IDS, 2, paid=9), spells(ended=False)
    made = [
        value_subscriptions.value_by_subscriptions(
            looked(test, subscribers=subscribers, validation_seed=seed), subscribers, config_of()
        )
        for seed in (4, 11)
    ]
    assert not np.array_equal(made[0].at_test, made[1].at_test)
    assert np.array_equal(made[0].clv, made[1].clv)
