"""Who is asked what moves the risk, and what is said where nobody can be."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from tests.made import config_of

from cip.contract.config import Config
from cip.errors import ModelError
from cip.flows.rivals import (
    Rivals,
    check_rivals,
    compared_only,
    plain_rivals,
    rivals_figures,
    rivals_of,
)
from cip.flows.steps import Silent, Steps
from cip.models.churn.model import ChurnModel, fit_churn
from cip.models.churn.settings import NO_SETTINGS
from cip.types import FeatureFrame, FeatureInfo, LabelledFrame

INFOS = [
    FeatureInfo(name, "number", "", "", "{v} ({usual})", name) for name in ("quiet", "spent", "age")
]
with_shap = pytest.mark.skipif(
    importlib.util.find_spec("shap") is None, reason="needs the extra `shap`"
)


def config(*, explain: bool = True, candidates: tuple[str, ...] = ("lightgbm", "hgb")) -> Config:
    return config_of(churn={"explain_comparison": explain, "candidates": candidates})


def world(n: int, seed: int) -> LabelledFrame:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    ids = np.array([f"k{seed}{i}" for i in range(n)], dtype=object)
    days = np.full(n, np.datetime64("2026-01-01", "us"))
    columns = {info.name: X[:, at] for at, info in enumerate(INFOS)}
    left = rng.random(n) < expit(-1 + 1.5 * X[:, 0] + 0.6 * X[:, 1])
    return LabelledFrame(FeatureFrame(ids, days, columns), left, np.zeros(n))


TRAIN, LATER = world(700, 1), world(90, 2)
SEEN = (LATER.features, TRAIN.features)


@pytest.fixture(scope="module")
def models() -> dict[str, ChurnModel]:
    names = ("base_rate", "lightgbm", "hgb")
    return {n: fit_churn(n, TRAIN, INFOS, seed=1, threads=1) for n in names}


def asked(models: dict[str, ChurnModel], serves: str, given: Config) -> Any:
    rivals, steps = compared_only(models, given), Steps(Silent())
    return rivals_of(steps, models[serves], rivals, SEEN, infos=INFOS, config=given)


def test_by_default_nobody_is_asked(models: dict[str, ChurnModel]):
    assert not Config.model_validate(config().model_dump() | {"churn": {}}).churn.explain_comparison
    assert asked(models, "lightgbm", config(explain=False)) is None
    assert compared_only(models, config(explain=False)) == {}
    assert rivals_figures(None) is None


def test_without_a_model_that_serves_or_a_candidate_to_ask_a_sentence_says_so(
    models: dict[str, ChurnModel],
):
    assert "No model serves" in asked(models, "base_rate", config())
    alone = {"lightgbm": models["lightgbm"]}
    said = asked(alone, "lightgbm", config())
    assert "[churn] candidates" in said
    assert rivals_figures(said) == {"reason": said}


@with_shap
def test_the_champion_and_its_rivals_speak_of_the_same_customers(models: dict[str, ChurnModel]):
    found = asked(models, "lightgbm", config())
    assert isinstance(found, Rivals)
    told = found.as_dict()
    assert told["customers"] == 90
    assert [m["name"] for m in told["models"]] == ["lightgbm", "hgb"]
    assert [m["serves"] for m in told["models"]] == [True, False]
    assert told["facts"][0] == "quiet"
    assert told["models"][1]["agreement"]["value"] == 1
    assert "histogram gradient boosting 1.00" in told["sentence"]


@with_shap
def test_without_time_the_rivals_speak_of_customers_that_they_did_not_see(
    models: dict[str, ChurnModel],
):
    found = plain_rivals(
        Steps(Silent()),
        models["lightgbm"],
        TRAIN,
        infos=INFOS,
        settings=NO_SETTINGS,
        config=config(),
    )
    assert isinstance(found, Rivals)
    assert 130 <= found.found.customers <= 150  # of the last fifth


def test_without_the_extra_a_run_that_asks_ends_before_it_begins(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    check_rivals(config(explain=False))
    with pytest.raises(ModelError, match="M-129"):
        check_rivals(config())
