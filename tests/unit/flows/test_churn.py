"""Who is fitted when: what only compares learns once, what serves is measured as it serves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit
from tests.made import QUIET, SPENT, calendar_of, config_of, frame_of, looked_of

from cip.contract.config import Config
from cip.faces.dashboard.parts import evidence
from cip.flows.churn import Churn, model_churn
from cip.flows.look import Looked
from cip.flows.summary import metric_words, model_figures
from cip.models.churn.model import from_artefacts
from cip.models.evaluate import evaluate
from cip.types import FeatureInfo, LabelledFrame, joined


def frame(day: int, rows: int) -> LabelledFrame:
    return frame_of(day, rows, base=-1.5, slope=0.06)


def looked() -> Looked:
    rows = frame(0, 900), frame(40, 500), frame(80, 500)
    return looked_of(calendar_of(0, 40, 80, 120), rows, frame(120, 500).features)


def config(**churn: object) -> Config:
    return config_of(churn=churn)


@pytest.fixture(scope="module")
def churn() -> Churn:
    return model_churn(looked(), config())


def test_the_figures_of_the_chosen_model_are_those_of_the_model_that_serves(churn: Churn) -> None:
    test, settings = looked().test, config()
    chosen = next(m for m in churn.models if m.candidate.name == churn.chosen)
    assert churn.promoted
    assert churn.champion.predict(test.features).tobytes() == churn.p_test.tobytes()
    assert chosen.test == evaluate(
        test.churned,
        churn.champion.predict(test.features),
        test.features.customer_id,
        threshold=settings.churn.threshold,
        seed=settings.run.seed,
        draws=settings.run.draws,
    )


def test_only_the_chosen_model_and_the_baselines_learn_from_the_validation_cutoff(
    churn: Churn,
) -> None:
    again = {m.candidate.name for m in churn.models if m.test["log_loss"] != m.compared["log_loss"]}
    assert again == {"base_rate", "recency_only", churn.chosen}
    both = joined(looked().train, looked().validation).churned.mean()
    base = next(m for m in churn.models if m.candidate.name == "base_rate")
    assert base.test["predicted_total"].value == pytest.approx(500 * both)
    assert base.compared["predicted_total"].value == pytest.approx(
        500 * looked().train.churned.mean()
    )


def test_a_candidate_compares_alike_whether_or_not_it_is_chosen(churn: Churn) -> None:
    other = model_churn(looked(), config(candidates=["lightgbm", "hgb"]))
    assert other.chosen == "lightgbm"
    assert churn.chosen != "lightgbm"
    first, second = (
        next(m for m in found.models if m.candidate.name == "lightgbm") for found in (churn, other)
    )
    assert first.compared == second.compared
    assert first.test != second.test


def test_the_page_compares_like_with_like_and_shows_the_one_that_serves_beside(
    churn: Churn,
) -> None:
    calendar = looked().calendar
    summary: dict[str, Any] = {
        "calendar": {
            "train": [calendar.train[0].isoformat()],
            "validation": calendar.validation.isoformat(),
            "test": calendar.test.isoformat(),
        },
        "churn": {
            "chosen": churn.chosen,
            "champion": churn.champion.name,
            "models": [model_figures(m) for m in churn.models],
            "metrics": metric_words(),
        },
    }
    html = evidence.models(summary)
    assert html.count("<small>chosen</small>") == 1
    assert html.count("<small>chosen, as it serves</small>") == 1
    assert html.index("<small>chosen, as") > html.index("<small>chosen</small>")
    summary["churn"]["promoted"] = False
    assert "<small>chosen, as it would serve</small>" in evidence.models(summary)
    summary["churn"]["population"] = {"train_rows": 53_000, "raced_rows": churn.raced_rows}
    assert "All learned from the same 900 of 53,000 rows up to" in evidence.models(summary)
    for model in summary["churn"]["models"]:
        del model["compared"]
    assert "serve</small>" not in evidence.models(summary).replace("can serve", "")


def mixed_world(days: int, rows: int) -> LabelledFrame:
    """Half of it is a sum, which logistic regression sees, half an interplay, which trees see."""
    rng = np.random.default_rng(days + 5)
    X = rng.normal(size=(rows, 10))
    names = ["quiet", "spent", *(f"x{i}" for i in range(8))]
    features = replace(
        frame(days, rows).features, columns={name: X[:, i] for i, name in enumerate(names)}
    )
    margin = 0.25 * X[:, :8].sum(axis=1) + 2.2 * (X[:, 8] * X[:, 9] > 0) - 1.8
    return LabelledFrame(features, rng.random(rows) < expit(margin), np.zeros(rows))


@pytest.fixture(scope="module")
def mixed_looked() -> Looked:
    names = [f"x{i}" for i in range(8)]
    infos = [FeatureInfo(name, "number", "", "", "{v}", name) for name in names]
    return replace(
        looked(),
        train=mixed_world(0, 2500),
        validation=mixed_world(40, 8000),
        test=mixed_world(80, 2000),
        infos=(QUIET, SPENT, *infos),
    )


@pytest.fixture(scope="module")
def mixed_churn(mixed_looked: Looked) -> Churn:
    names = ["logistic_regression", "lightgbm", "xgboost", "blend", "stack"]
    return model_churn(mixed_looked, config(candidates=names))


def test_a_mix_serves_where_it_is_shown_better_than_each_of_its_members(
    mixed_churn: Churn, mixed_looked: Looked
) -> None:
    assert mixed_churn.chosen in {"blend", "stack"}
    assert mixed_churn.champion.name == mixed_churn.chosen
    test = mixed_looked.test
    assert mixed_churn.champion.predict(test.features).tobytes() == mixed_churn.p_test.tobytes()
    base, shap = mixed_churn.champion.contributions(test.features)
    assert expit(base + shap.sum(axis=1)) == pytest.approx(mixed_churn.p_test, abs=1e-5)
    files = mixed_churn.champion.artefacts()
    again = from_artefacts(mixed_churn.chosen, files).predict(test.features)
    assert again.tobytes() == mixed_churn.p_test.tobytes()


def test_the_members_of_the_chosen_mix_keep_the_figures_of_the_race(mixed_churn: Churn) -> None:
    again = {
        m.candidate.name for m in mixed_churn.models if m.test["log_loss"] != m.compared["log_loss"]
    }
    assert again == {"base_rate", "recency_only", mixed_churn.chosen}


def test_one_servable_candidate_makes_no_mix() -> None:
    alone = model_churn(looked(), config(candidates=["lightgbm", "blend", "stack"]))
    assert alone.chosen == "lightgbm"
    assert {m.candidate.name for m in alone.models} == {"base_rate", "recency_only", "lightgbm"}
