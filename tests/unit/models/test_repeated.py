"""Figures of repeated cross-validation: means, and intervals that repeats do not make narrower."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from cip.models.evaluate import evaluate
from cip.models.metrics import METRICS
from cip.models.repeated import each_repeat, evaluate_repeats
from cip.types import BoolArray, FloatArray

FIXED = {"threshold": 0.5, "seed": 4, "draws": 200}


def scored(rows: int, repeats: int, seed: int) -> tuple[BoolArray, list[FloatArray]]:
    """Outcomes, and probabilities that err a little differently in every repeat."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(-0.5, 1.2, rows)
    churned = rng.random(rows) < expit(truth)
    return churned, [expit(truth + rng.normal(0, 0.5, rows)) for _ in range(repeats)]


def test_one_repeat_is_what_evaluate_says() -> None:
    churned, parts = scored(400, 1, 0)
    who = np.arange(400)
    assert evaluate_repeats(churned, parts, who, **FIXED) == evaluate(
        churned, parts[0], who, **FIXED
    )


def test_every_figure_is_the_mean_over_the_repeats() -> None:
    churned, parts = scored(400, 3, 1)
    who = np.arange(400)
    each = [evaluate(churned, p, who, **FIXED) for p in parts]
    for name, figure in evaluate_repeats(churned, parts, who, **FIXED).items():
        assert figure.value == pytest.approx(np.mean([one[name].value for one in each])), name


def test_saying_the_same_again_makes_no_interval_narrower() -> None:
    churned, parts = scored(400, 1, 2)
    who = np.arange(400)
    once = evaluate(churned, parts[0], who, **FIXED)
    for name, figure in evaluate_repeats(churned, parts * 4, who, **FIXED).items():
        assert (figure.low, figure.high) == pytest.approx((once[name].low, once[name].high)), name


def test_what_cannot_be_computed_keeps_its_reason() -> None:
    _, parts = scored(50, 2, 3)
    figures = evaluate_repeats(np.zeros(50, dtype=bool), parts, np.arange(50), **FIXED)
    assert len(figures) == len(METRICS)
    assert figures["roc_auc"].reason
    assert np.isnan(figures["roc_auc"].value)


def test_every_repeat_has_its_own_figure() -> None:
    churned, parts = scored(300, 3, 5)
    found = each_repeat(churned, parts, "roc_auc")
    assert found == pytest.approx([roc_auc_score(churned, p) for p in parts])


def test_the_interval_of_repeats_covers_the_figure_of_the_population() -> None:
    """60 worlds; fewer than 51 hits have a chance below .001 at a true coverage of 95 %."""
    truth, many = scored(200_000, 3, 99)
    population = float(np.mean(each_repeat(truth, many, "roc_auc")))
    hits = 0
    for seed in range(60):
        churned, parts = scored(200, 3, seed)
        auc = evaluate_repeats(churned, parts, np.arange(200), **FIXED)["roc_auc"]
        hits += auc.low <= population <= auc.high
    assert hits >= 51
