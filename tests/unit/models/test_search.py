"""Settings as multiples of their defaults, and the budgeted search for better ones."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from cip.errors import ModelError
from cip.models.churn.candidates import LightGBMConfig, LogisticConfig, XGBoostConfig
from cip.models.churn.model import fit_churn
from cip.models.churn.search import (
    Found,
    Split,
    clustered_mean,
    found_settings,
    search,
    splits_in_folds,
)
from cip.models.churn.settings import SPACE, scaled, trials
from cip.types import FeatureFrame, FeatureInfo, LabelledFrame

INFOS = tuple(FeatureInfo(name, "number", "", "", "{v}", name) for name in ("quiet", "spent"))
NAMES = tuple(SPACE)


def world(rows: int, seed: int, strength: float = 0.08) -> LabelledFrame:
    rng = np.random.default_rng(seed)
    quiet, spent = rng.gamma(2.0, 10.0, rows), rng.lognormal(3, 1, rows)
    features = FeatureFrame(
        np.array([f"k{seed}_{i}" for i in range(rows)], dtype=object),
        np.full(rows, np.datetime64("2026-01-01", "us")),
        {"quiet": quiet, "spent": spent},
    )
    churned = rng.random(rows) < expit(-2 + strength * quiet)
    return LabelledFrame(features, churned, np.zeros(rows))


SPLITS = (Split(world(400, 1), world(300, 2)),)


def ticking(seconds: float) -> Callable[[], float]:
    """A clock on which every look takes that long: a setting on one split takes two."""
    now = iter(np.arange(0, 1e6, seconds).tolist())
    return lambda: next(now)


def unheard(done: int, spent: float) -> None:
    """Nobody listens."""


def found(
    seconds: float,
    names: tuple[str, ...] = NAMES,
    splits: tuple[Split, ...] = SPLITS,
    clock: Callable[[], float] | None = None,
    told: Callable[[int, float], None] = unheard,
) -> tuple[Found, ...]:
    return search(
        names, splits, INFOS, seed=7, seconds=seconds, told=told, clock=clock or ticking(0.5)
    )


def test_no_factor_leaves_the_settings_as_they_are() -> None:
    config = LightGBMConfig.for_rarer(5000)
    assert scaled(config, {}) == config
    assert scaled(config, {"leaves": 1.0, "columns": 1.0}) == config


def test_counts_stay_whole_and_shares_at_most_one() -> None:
    config = LightGBMConfig(leaves=3, child_rows=20, trees=200, columns=0.4, rows=0.7)
    made = scaled(config, {"leaves": 0.1, "trees": 0.001, "columns": 9, "rows": 1.4, "l2": 9})
    assert (made.leaves, made.trees) == (2, 1)
    assert made.columns == 1.0
    assert made.rows == pytest.approx(0.98)
    assert made.l2 == 90
    assert scaled(XGBoostConfig.for_rarer(5000), {"child_weight": 2}).child_weight == 30
    assert abs(scaled(LogisticConfig(), {"C": 10}).C - 1) < 1e-12


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ModelError, match="M-127"):
        scaled(LogisticConfig(), {"leaves": 2})


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_that_is_tried_is_one_that_the_candidate_has(name: str) -> None:
    configs = {
        "logistic_regression": LogisticConfig(),
        "lightgbm": LightGBMConfig.for_rarer(900),
        "xgboost": XGBoostConfig.for_rarer(900),
    }
    for factors in islice(trials(name, 3), 200):
        scaled(configs[name], factors)


@pytest.mark.parametrize("name", NAMES)
def test_the_default_comes_first_and_the_rest_in_an_order_of_the_seed(name: str) -> None:
    first, *others = islice(trials(name, 3), 300)
    assert first == {}
    assert all(others)
    keys = [tuple(sorted(factors.items())) for factors in others]
    assert len(set(keys)) == len(keys)
    assert [first, *others] == list(islice(trials(name, 3), 300))
    assert [first, *others] != list(islice(trials(name, 4), 300))


def test_a_small_space_is_tried_to_its_end() -> None:
    assert len(list(trials("logistic_regression", 0))) == len(SPACE["logistic_regression"]["C"])


@pytest.mark.parametrize("name", NAMES)
def test_equal_settings_give_byte_equal_models_and_others_do_not(name: str) -> None:
    factors = list(islice(trials(name, 5), 4))[3]

    def fit(settings: dict[str, object]) -> dict[str, bytes]:
        return fit_churn(
            name, SPLITS[0].learn, INFOS, seed=1, threads=1, settings=settings
        ).artefacts()

    assert fit({name: factors}) == fit({name: dict(factors)})
    assert fit({}) == fit({name: {}})
    assert fit({name: factors}) != fit({})


def test_candidates_take_turns_and_the_clock_is_looked_at_before_every_fit() -> None:
    made = found(seconds=8)
    assert [(one.name, one.tried) for one in made] == [
        ("logistic_regression", 3),
        ("lightgbm", 3),
        ("xgboost", 2),
    ]


def test_a_setting_that_is_not_judged_on_every_split_does_not_count() -> None:
    (one,) = found(seconds=2.5, names=("logistic_regression",), splits=SPLITS * 2)
    assert one.tried == 1
    assert one.gain.reason


def test_without_time_nothing_is_tried_and_nothing_found() -> None:
    made = found(seconds=0)
    assert [one.tried for one in made] == [0, 0, 0]
    assert found_settings(made) == {}


def test_the_same_number_of_turns_finds_the_same_and_says_how_far_it_is() -> None:
    heard: list[int] = []
    one = found(seconds=9, told=lambda done, _: heard.append(done))
    assert heard == list(range(1, 10))
    assert one == found(seconds=9)


def test_the_interval_of_the_gain_is_widened_for_all_settings_tried() -> None:
    (lr,) = found(seconds=6, names=("logistic_regression",))
    assert lr.tried == 6
    assert lr.best  # something was better by its figure
    assert lr.gain.level == pytest.approx(1 - 0.05 / 5)
    assert not lr.departs


def test_a_default_that_is_shown_to_be_worse_is_left() -> None:
    """Of 40 columns none tells anything: what learns less of 400 rows is better on 4,000."""
    rng = np.random.default_rng(0)
    learn, judge = world(400, 3, strength=0.0), world(4000, 4, strength=0.0)
    wide = [f"n{i}" for i in range(40)]
    infos = tuple(FeatureInfo(name, "number", "", "", "{v}", name) for name in wide)

    def noisy(frame: LabelledFrame) -> LabelledFrame:
        columns = {name: rng.normal(size=len(frame)) for name in wide}
        features = FeatureFrame(frame.features.customer_id, frame.features.cutoff, columns)
        return LabelledFrame(features, rng.random(len(frame)) < 0.5, frame.future_value)

    splits = (Split(noisy(learn), noisy(judge)),)
    (one,) = search(
        ("logistic_regression",), splits, infos, seed=1, seconds=9,
        told=unheard, clock=ticking(0.5),
    )  # fmt: skip
    assert one.departs
    assert one.best == {"C": 0.01}
    assert one.gain.low > 0
    assert found_settings([one]) == {"logistic_regression": {"C": 0.01}}


def test_pure_noise_is_left_no_more_often_than_promised() -> None:
    """The widened interval holds though the best of many is looked at (binomial, 200 worlds)."""
    rng = np.random.default_rng(3)
    wrong, tried = 0, 20
    for _ in range(200):
        gains = rng.normal(0, 1, (tried, 400))
        best = gains[np.argmax(gains.mean(axis=1))]
        wrong += clustered_mean(best, np.arange(400), level=1 - 0.05 / tried).low > 0
    assert wrong <= 14  # 2.5 % of 200 is 5; more than 14 has a chance below .001


def test_rows_of_one_customer_are_one_piece_of_evidence() -> None:
    values = np.random.default_rng(2).normal(size=300)
    alone = clustered_mean(values, np.arange(300), level=0.95)
    half = norm.ppf(0.975) * values.std(ddof=1) / np.sqrt(300)
    assert alone.high - alone.value == pytest.approx(half)
    twice = clustered_mean(np.tile(values, 2), np.tile(np.arange(300), 2), level=0.95)
    assert (twice.low, twice.high) == pytest.approx((alone.low, alone.high))


def test_folds_hold_customers_together_and_need_enough_of_both_kinds() -> None:
    rows = world(300, 8)
    splits = splits_in_folds(rows, seed=1)
    assert len(splits) == 3
    for split in splits:
        assert not set(split.learn.features.customer_id) & set(split.judge.features.customer_id)
    some = rows.take(np.arange(60))
    few = LabelledFrame(some.features, np.arange(60) < 25, some.future_value)
    assert splits_in_folds(few, seed=1) == ()
