"""What moves the risk by models that only compare; and `shap` as referee of our own reasons."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import warnings

import numpy as np
import pytest
from scipy.special import expit

from cip.errors import ModelError
from cip.models.churn import rivals
from cip.models.churn.model import ChurnModel, fit_churn
from cip.models.churn.rivals import check_shap, customers_explained, rival_points
from cip.models.rivals import leanings
from cip.types import FeatureFrame, FeatureInfo, LabelledFrame

INFOS = [
    FeatureInfo("quiet", "number", "days", "days since", "{v} ({usual})", "recency"),
    FeatureInfo("spent", "number", "EUR", "money", "{v} ({usual})", "money"),
    FeatureInfo("paid", "number", "EUR", "paid", "{v} ({usual})", "money"),
    FeatureInfo("plan", "category", "", "the plan", "{v} ({usual})", "plan"),
]
with_shap = pytest.mark.skipif(
    importlib.util.find_spec("shap") is None, reason="needs the extra `shap`"
)


def world(n: int, seed: int) -> LabelledFrame:
    rng = np.random.default_rng(seed)
    quiet, spent = rng.gamma(2.0, 10.0, n), rng.lognormal(3, 1, n)
    plan = rng.choice(np.array(["basic", "plus", None], dtype=object), n, p=[0.6, 0.3, 0.1])
    paid = np.where(rng.random(n) < 0.2, np.nan, spent * rng.uniform(0.5, 1, n))
    margin = -2 + 0.09 * quiet + 0.5 * (plan == "basic")
    frame = FeatureFrame(
        np.array([f"k{i}" for i in range(n)], dtype=object),
        np.full(n, np.datetime64("2026-01-01", "us")),
        {"quiet": quiet, "spent": spent, "paid": paid, "plan": plan},
    )
    return LabelledFrame(frame, rng.random(n) < expit(margin), np.zeros(n))


TRAIN, LATER = world(800, 0), world(30, 1)


def fitted(name: str) -> ChurnModel:
    return fit_churn(name, TRAIN, INFOS, seed=3, threads=1)


def imported():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("shap")


@with_shap
@pytest.mark.parametrize("name", ["hgb", "random_forest", "neural_network"])
def test_points_of_a_rival_add_up_to_its_risk_from_one_base(name: str):
    model = fitted(name)
    points = rival_points(model, LATER.features, TRAIN.features, seed=5)
    assert points.shape == (30, 4)
    base = model.predict(LATER.features) - points.sum(axis=1)
    assert np.ptp(base) < 1e-6
    assert np.abs(points).mean(axis=0).argmax() == 0  # what the world is made of


@with_shap
def test_points_of_a_network_are_the_same_for_the_same_seed():
    model = fitted("neural_network")
    one, two = (rival_points(model, LATER.features, TRAIN.features, seed=5) for _ in range(2))
    assert np.array_equal(one, two)


@with_shap
def test_what_does_not_add_up_is_refused(monkeypatch: pytest.MonkeyPatch):
    model = fitted("hgb")
    monkeypatch.setattr(rivals, "_of_hgb", lambda _, X: (0.0, np.zeros_like(X)))
    with pytest.raises(ModelError, match="M-133"):
        rival_points(model, LATER.features, TRAIN.features, seed=5)


def test_a_network_with_many_columns_is_asked_about_fewer_customers():
    model = fitted("neural_network")
    assert customers_explained(fitted("hgb"), 10_000) == rivals.CUSTOMERS
    asked = customers_explained(model, 10_000)
    masks = 2 * model.core.width + 1
    assert asked * masks * rivals.BACKGROUND <= rivals.EVALUATIONS or asked == 1
    assert customers_explained(model, 7) == 7


def test_without_the_extra_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ModelError, match="M-129") as caught:
        check_shap()
    assert "pip install" in caught.value.hint


def test_nothing_imports_shap_before_somebody_asks():
    code = "import sys, cip.flows.run, cip.flows.plain; print('shap' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@with_shap
@pytest.mark.parametrize(("name", "near"), [("lightgbm", 1e-9), ("xgboost", 1e-5)])
def test_our_reasons_of_trees_are_those_that_shap_counts_itself(name: str, near: float):
    model = fitted(name)
    X = model.encoder.transform(LATER.features.columns)
    explainer = imported().TreeExplainer(model.core.booster)
    explainer.model.model_type = "internal"  # else it asks the library that we ask
    theirs = explainer.shap_values(X, check_additivity=False)
    _, ours = model.core.contributions(X)
    assert np.abs(ours).max() > 0.1
    assert ours == pytest.approx(theirs, abs=near)


@with_shap
def test_our_reasons_of_a_linear_model_are_those_of_shap():
    model = fitted("logistic_regression")
    X = model.encoder.transform(LATER.features.columns)
    core = model.core
    masker = imported().maskers.Independent(
        model.encoder.transform(TRAIN.features.columns), max_samples=len(TRAIN)
    )
    explainer = imported().LinearExplainer((core.weights, core.intercept), masker)
    base, ours = core.contributions(X)
    assert ours == pytest.approx(explainer.shap_values(X), abs=1e-9)
    assert base == pytest.approx(explainer.expected_value, abs=1e-9)


def points(sizes: list[float], n: int = 60, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, len(sizes))) * sizes


def test_facts_stand_in_the_order_of_the_serving_model_and_features_of_one_fact_are_added():
    given = {"lightgbm": points([0.1, 0.3, 0.3, 0.02]), "hgb": points([0.4, 0.1, 0.1, 0.1])}
    made = leanings(given, dict.fromkeys(given, INFOS), seed=1, draws=100)
    assert made.facts == ("money", "recency", "plan")
    both = np.abs(given["lightgbm"][:, 1] + given["lightgbm"][:, 2]).mean()
    first = made.models[0].sizes[0]
    assert first.value == pytest.approx(both)
    assert first.low < first.value < first.high


def test_the_same_order_agrees_fully_and_the_opposite_one_not_at_all():
    sizes = [4.0, 2.0, 0.0, 1.0]
    given = {
        "lightgbm": points(sizes),
        "hgb": points([40.0, 20.0, 0.0, 10.0], seed=1),
        "random_forest": points([1.0, 2.0, 0.0, 4.0], seed=2),
    }
    made = leanings(given, dict.fromkeys(given, INFOS), seed=1, draws=100)
    same, opposite = (one.agreement for one in made.models[1:])
    assert same.value == same.high == 1
    assert opposite.value == -1
    assert "serves" in made.models[0].agreement.reason


def test_a_fact_that_a_model_does_not_read_has_no_size_and_two_facts_no_order():
    given = {"recency_only": points([1.0]), "hgb": points([1.0, 1.0], seed=1)}
    made = leanings(given, {"recency_only": INFOS[:1], "hgb": INFOS[:2]}, seed=1, draws=50)
    assert made.models[0].sizes[1].value == 0
    assert "fewer than" in made.models[1].agreement.reason
