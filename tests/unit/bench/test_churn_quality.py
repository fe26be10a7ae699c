from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from bench.churn_events import figures_of
from bench.churn_folds import Fold
from bench.churn_quality import Match, autogluon_gap

MINE = (0.84, 0.85, 0.86, 0.85, 0.85)


def _folds(aucs: tuple[float, ...], cpu_s: float) -> list[Fold]:
    none = np.empty(0)
    return [Fold(none.astype(int), none, auc, 1 - auc, cpu_s, "autogluon 1.6.3") for auc in aucs]


def _estimate(value: float) -> dict[str, Any]:
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


def _model(name: str, test: float, compared: float) -> dict[str, Any]:
    metrics = ("roc_auc", "log_loss")
    return {
        "name": name,
        "label": name,
        "test": {metric: _estimate(test) for metric in metrics},
        "compared": {metric: _estimate(compared) for metric in metrics},
    }


@pytest.mark.parametrize(("ahead", "met"), [(-0.01, True), (0.001, True), (0.003, False)])
def test_the_gap_is_what_the_peer_is_ahead_by(ahead: float, met: bool) -> None:
    theirs = _folds(tuple(auc + ahead for auc in MINE), 600)
    gap = autogluon_gap(_folds(MINE, 6), theirs)[0]

    assert gap.value == pytest.approx(ahead)
    assert gap.met is met
    assert gap.interval == pytest.approx((ahead, ahead))


def test_the_cpu_ratio_is_ours_over_theirs() -> None:
    *_, ratio = autogluon_gap(_folds(MINE, 6), _folds(MINE, 600))

    assert (ratio.value, ratio.met) == (pytest.approx(0.01), True)


def test_a_difference_is_ours_less_theirs_with_its_paired_interval() -> None:
    theirs = _folds((0.83, 0.85, 0.83, 0.84, 0.85), 1)
    match = Match(_folds(MINE, 1), theirs, "data", "peer")
    auc, loss = match.auc("auc", -0.001), match.log_loss("loss")

    # +.01, 0, +.03, +.01, 0: variance .00015, half = 2.776 * sqrt(.45 * .00015)
    assert auc.value == pytest.approx(0.01)
    assert auc.interval == pytest.approx((-0.012811, 0.032811), abs=1e-6)
    assert (loss.value, loss.direction) == (pytest.approx(-0.01), "lower")


def test_smaller_training_parts_are_less_sure_of_the_same_differences() -> None:
    match = Match(_folds(MINE * 2, 1), _folds((0.83,) * 10, 1), "data", "peer", folds=10)
    ten, five = match.auc("a").interval, replace(match, folds=5).auc("a").interval

    assert ten is not None
    assert five is not None
    assert ten[1] - ten[0] < five[1] - five[0]


def test_a_run_is_quoted_by_its_test_cutoff_and_set_against_splines_in_the_race() -> None:
    models = [_model("logistic_regression", 0.1, 0.70), _model("lightgbm", 0.73, 0.72)]
    churn = {"models": models, "chosen": "lightgbm", "population": {"test_rows": 6_046}}
    auc, gain, loss, _ = figures_of(churn)

    assert (auc.value, auc.interval) == (0.73, (0.72, 0.74))
    assert (gain.value, gain.interval) == (pytest.approx(0.02), None)
    assert (loss.direction, loss.goal, loss.tier) == ("lower", None, "full")
    assert "6,046 customers" in auc.data
