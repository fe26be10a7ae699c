"""Who is fitted when: what only compares learns once, what serves is measured as it serves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from cip.contract.config import Config
from cip.faces.dashboard.parts import evidence
from cip.flows.churn import Churn, model_churn
from cip.flows.look import Looked
from cip.flows.summary import metric_words, model_figures
from cip.models.evaluate import evaluate
from cip.types import Calendar, FeatureFrame, FeatureInfo, LabelledFrame, joined

START = datetime(2026, 1, 1, tzinfo=UTC)
INFOS = tuple(FeatureInfo(name, "number", "", "", "{v}", name) for name in ("quiet", "spent"))


def frame(days: int, rows: int) -> LabelledFrame:
    rng = np.random.default_rng(days)
    quiet, spent = rng.gamma(2.0, 10.0, rows), rng.lognormal(3, 1, rows)
    features = FeatureFrame(
        np.array([f"k{i}" for i in range(rows)], dtype=object),
        np.full(rows, np.datetime64(START.replace(tzinfo=None) + timedelta(days=days), "us")),
        {"quiet": quiet, "spent": spent},
    )
    return LabelledFrame(features, rng.random(rows) < expit(-1.5 + 0.06 * quiet), np.zeros(rows))


def looked() -> Looked:
    days = [START + timedelta(days=k) for k in (0, 40, 80, 120)]
    return Looked(
        first=START,
        calendar=Calendar((days[0],), *days[1:], 30, 7, 90),
        rows={},
        train=frame(0, 900),
        validation=frame(40, 500),
        test=frame(80, 500),
        score=frame(120, 500).features,
        infos=INFOS,
        recency="quiet",
        names=np.full(500, None, dtype=object),
        attributes={},
        purchases=None,
        subscribers=None,
        others=(),
        sensitivity=(),
    )


def config(**churn: object) -> Config:
    columns = ("customer_id", "occurred_at", "amount", "transaction_id")
    table = {"source": "t", "columns": {name: name for name in columns}}
    return Config.model_validate(
        {
            "format": 1,
            "workspace": {"name": "test", "currency": "EUR"},
            "sources": {"t": {"path": "t.csv"}},
            "tables": {"transactions": table},
            "churn": churn,
            "run": {"draws": 60},
        }
    )


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
