"""What pages say of earlier dates and of a search for settings; old runs have neither."""

from __future__ import annotations

from typing import Any

import pytest

from cip.faces.dashboard.parts import plain, through_time
from cip.flows.headlines import _search_line, _through_time
from cip.types import Estimate

AUC = Estimate(0.7, 0.6, 0.8, 0.95, "ROC-AUC").as_dict()
NOTHING = Estimate(float("nan"), float("nan"), float("nan"), reason="only <one> tried").as_dict()


def summary(**churn: Any) -> dict[str, Any]:
    model = {"name": "lightgbm", "label": "LightGBM", "test": {"roc_auc": {**AUC, "value": 0.72}}}
    return {
        "churn": {
            "chosen": "lightgbm",
            "models": [model],
            "base_rate": Estimate(0.2, 0.1, 0.3).as_dict(),
            "population": {"test_rows": 321},
            "metrics": [{"name": "roc_auc", "label": "ROC-AUC", "unit": "", "description": ""}],
            **churn,
        },
        "calendar": {"test": "2026-03-01T00:00:00+00:00"},
    }


def origin() -> dict[str, Any]:
    return {
        "cutoff": "2026-01-02",
        "learned_to": "2025-11-01",
        "learned_rows": 1200,
        "customers": 310,
        "churn_rate": 0.4,
        "figures": {"roc_auc": AUC},
    }


def found(**changed: Any) -> dict[str, Any]:
    one = {
        "name": "lightgbm",
        "tried": 12,
        "log_loss": 0.4,
        "best": {"child_rows": 0.5},
        "gain": Estimate(0.004, 0.001, 0.007, 0.99).as_dict(),
        "departs": True,
        **changed,
    }
    return {
        "budget_seconds": 60,
        "seconds": 60.2,
        "found": [one],
        "sentence": "Searched for <60> s.",
        "toml": "[churn.settings.lightgbm]\nchild_rows = 0.5" if one["departs"] else "",
    }


def test_old_runs_have_neither_and_nothing_breaks() -> None:
    assert through_time.origins(summary()) == ""
    assert through_time.search(summary()) == ""
    assert through_time.search(summary(search=None)) == ""
    assert _through_time(summary()) == _search_line(summary()) == []


def test_a_run_of_yesterday_shows_its_dates_without_a_verdict() -> None:
    html = through_time.origins(summary(origins=[origin()]))
    assert "<b>2026-01-01</b>" in html
    assert "up to 2025-10-31" in html
    assert "Through time" not in html


def test_the_test_date_stands_below_the_earlier_ones_with_the_verdict_above() -> None:
    verdict = {"word": "held steady", "sentence": "It did <well>."}
    html = through_time.origins(summary(origins=[origin()], steadiness=verdict))
    assert '<span class="pill good">held steady</span>' in html
    assert "It did &lt;well&gt;." in html
    assert html.index("2026-01-01") < html.index("<b>2026-02-28</b><small>the test date</small>")
    assert "0.720" in html
    assert "321" in html


def test_why_nothing_was_looked_at_is_said_without_a_table() -> None:
    verdict = {"word": "not looked at", "sentence": "No model serves."}
    html = through_time.origins(summary(origins=[], steadiness=verdict))
    assert "No model serves." in html
    assert "<table" not in html
    assert _through_time(summary(steadiness=verdict)) == [
        "Order through time: not looked at. No model serves."
    ]


def test_found_settings_are_shown_with_their_gain_and_can_be_pasted() -> None:
    html = through_time.search(summary(search=found()))
    assert "Better settings than the defaults were found" in html
    assert "0.5 × child rows" in html
    assert "+0.0010 to +0.0070" in html
    assert "<pre>[churn.settings.lightgbm]\nchild_rows = 0.5</pre>" in html
    assert "&lt;60&gt;" in html
    assert _search_line(summary(search=found())) == ["Settings: Searched for <60> s."]


@pytest.mark.parametrize("best", [{}, {"leaves": 2.0}])
def test_nothing_gained_is_a_finding_too(best: dict[str, float]) -> None:
    html = through_time.search(summary(search=found(departs=False, best=best, gain=NOTHING)))
    assert "No better settings than the defaults were found" in html
    assert "default kept" in html
    assert "only &lt;one&gt; tried" in html
    assert "<pre>" not in html


def test_repeated_folds_are_said_and_old_runs_had_one_set_of_folds() -> None:
    assert plain.folds(summary(cross_validation={"folds": 5})) == "5-fold cross-validation"
    again = summary(cross_validation={"folds": 5, "repeats": 3})
    assert plain.folds(again) == "5-fold cross-validation repeated 3 times"
