"""Several models as one: sums of log-odds, and of reasons."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import log_loss
from tests.made import planned_frame

from cip.errors import ModelError
from cip.models.churn.mix import FILE, Mix, best_blend, learn_mixes, stacked, stacked_elsewhere
from cip.models.churn.model import ChurnModel, fit_churn, from_artefacts, mixed
from cip.types import FeatureInfo

SERVABLE = ("logistic_regression", "lightgbm", "xgboost")
INFOS = [
    FeatureInfo("quiet", "number", "days", "days since", "{v} ({usual})", "recency"),
    FeatureInfo("spent", "number", "EUR", "money", "{v} ({usual})", "money"),
    FeatureInfo("plan", "category", "", "the plan", "{v} ({usual})", "plan"),
    FeatureInfo("constant", "number", "", "the same for all", "{v} ({usual})", "nothing"),
]


TRAIN, LATER = planned_frame(900), planned_frame(900, seed=1)


@pytest.fixture(scope="module")
def models() -> dict[str, ChurnModel]:
    return {name: fit_churn(name, TRAIN, INFOS, seed=3, threads=1) for name in SERVABLE}


MIXES = [
    Mix({"logistic_regression": 0.5, "xgboost": 0.5}),
    Mix({"lightgbm": 0.5, "xgboost": 0.5}),
    Mix({"logistic_regression": 0.7, "lightgbm": 0.1, "xgboost": -0.2}, intercept=0.3),
]


@pytest.mark.parametrize("mix", MIXES)
def test_log_odds_are_the_weighted_sum_of_the_members(models, mix) -> None:
    one = mixed("blend", mix, models)
    alone = sum(w * models[name].margin(LATER.features) for name, w in mix.weights.items())
    assert one.margin(LATER.features) == pytest.approx(mix.intercept + alone, abs=1e-12)


@pytest.mark.parametrize("mix", MIXES)
def test_reasons_are_the_weighted_sum_and_add_up(models, mix) -> None:
    one = mixed("blend", mix, models)
    base, shap = one.contributions(LATER.features)
    assert one.features == tuple(info.name for info in INFOS)
    assert base + shap.sum(axis=1) == pytest.approx(one.margin(LATER.features), abs=1e-5)
    alone = [w * models[name].contributions(LATER.features)[1] for name, w in mix.weights.items()]
    assert shap == pytest.approx(np.sum(alone, axis=0), abs=1e-9)


@pytest.mark.parametrize("mix", MIXES)
def test_one_customer_is_scored_as_in_a_batch(models, mix) -> None:
    one, frame = mixed("stack", mix, models), LATER.features
    batch = one.margin(frame)
    for place in range(0, 900, 91):
        row = {name: values[place] for name, values in frame.columns.items()}
        assert one.margin_one(row) == batch[place]


@pytest.mark.parametrize("mix", MIXES)
def test_files_give_the_same_model_to_the_last_bit(models, mix) -> None:
    one = mixed("blend", mix, models)
    again = from_artefacts("blend", one.artefacts())
    assert again.margin(LATER.features).tobytes() == one.margin(LATER.features).tobytes()
    assert again.artefacts() == one.artefacts()


def test_files_that_do_not_fit_are_refused(models) -> None:
    files = mixed("blend", MIXES[0], models).artefacts()
    with pytest.raises(ModelError, match=f"M-105: The model has no file {FILE}"):
        from_artefacts("blend", {k: v for k, v in files.items() if k != FILE})
    with pytest.raises(ModelError, match="M-105"):
        from_artefacts("blend", {k: v for k, v in files.items() if not k.startswith("xgboost")})
    given_ = json.loads(files[FILE])
    for wrong in ({"members": []}, {"width": 3}, {"intercept": "x"}):
        damaged = files | {FILE: json.dumps(given_ | wrong).encode()}
        with pytest.raises(ModelError, match=r"M-10[46]"):
            from_artefacts("blend", damaged)
    given_["members"][0]["name"] = "os.system"
    with pytest.raises(ModelError, match="M-104"):
        from_artefacts("blend", files | {FILE: json.dumps(given_).encode()})


def test_a_mix_cannot_be_fitted_without_its_members() -> None:
    with pytest.raises(ModelError, match="M-126"):
        fit_churn("stack", TRAIN, INFOS, seed=0, threads=1)


def told(seed: int, noise: dict[str, float], rows: int = 4000):
    """Outcomes, and what members with so much noise of their own say of them."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(-1, 1, rows)
    margins = {name: truth + rng.normal(0, sd, rows) for name, sd in noise.items()}
    return margins, rng.random(rows) < expit(truth)


def test_a_blend_leaves_out_who_does_harm() -> None:
    margins, churned = told(0, {"a": 0.8, "b": 0.8, "bad": 6.0})
    assert set(best_blend(margins, churned).weights) == {"a", "b"}


def test_a_blend_of_equals_takes_all() -> None:
    margins, churned = told(1, {"a": 0.8, "b": 0.8, "c": 0.8})
    assert best_blend(margins, churned).weights == dict.fromkeys("abc", 1 / 3)


def test_a_stack_shrinks_members_that_say_too_much() -> None:
    margins, churned = told(2, {"a": 0.01, "b": 3.0})
    mix = stacked({"a": margins["a"] * 4, "b": margins["b"]}, churned)
    assert mix.weights["a"] == pytest.approx(0.25, abs=0.03)
    assert mix.weights["b"] == pytest.approx(0.0, abs=0.03)


def test_what_is_compared_of_a_stack_did_not_see_the_customer() -> None:
    """On pure noise a stack seems useful where it learned, and is useless elsewhere."""
    rng = np.random.default_rng(3)
    margins = {name: rng.normal(0, 1, 150) for name in "abcdef"}
    churned = rng.random(150) < 0.5
    who = np.array([f"k{i}" for i in range(150)], dtype=object)
    inside = stacked(margins, churned).margin(margins)
    elsewhere = stacked_elsewhere(margins, churned, who, seed=0)
    assert log_loss(churned, expit(inside)) < np.log(2) < log_loss(churned, expit(elsewhere))


def test_one_member_makes_no_mix() -> None:
    margins, churned = told(4, {"a": 1.0}, rows=50)
    who = np.array([f"k{i}" for i in range(50)], dtype=object)
    assert learn_mixes(["blend", "stack"], margins, churned, who, seed=0) == {}


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), sd=st.lists(st.floats(0.1, 4), min_size=2, max_size=4))
def test_no_blend_is_better_than_the_best(seed: int, sd: list[float]) -> None:
    margins, churned = told(seed, {str(i): value for i, value in enumerate(sd)}, rows=200)
    best = log_loss(churned, expit(best_blend(margins, churned).margin(margins)))
    mean = log_loss(churned, expit(np.mean(list(margins.values()), axis=0)))
    assert best <= mean + 1e-12
