"""What pages say of probabilities: the verdict, the interval of one customer, earlier dates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cip.faces.dashboard.parts import evidence, profile, through_time
from cip.flows.headlines import _calibration_line, _profit_line
from cip.flows.results import Customer
from cip.types import Estimate

THIN = "\u202f"
CUSTOMER = Customer(
    rank=1, customer_id="7", name=None, p_churn=0.31, churn_band="Medium", clv=10.0,
    clv_if_retained=12.0, expected_value_loss=3.7, clv_band="Low", priority_segment="Low / Medium",
    p_alive=None, last_purchase_days=3.0, purchase_days=4.0, main_reason=None,
)  # fmt: skip


def verdict(word: str, sentence: str) -> dict[str, Any]:
    return {"question": "signal", "word": word, "sentence": sentence, "evidence": {}}


def summary(**churn: Any) -> dict[str, Any]:
    return {
        "shape": "events",
        "churn": {
            "definition": "no purchase in 90 days",
            "base_p": 0.2,
            "base_rate": Estimate(0.2, 0.1, 0.3, unit="share").as_dict(),
            "population": {"sentence": "9 customers."},
            "verdicts": {
                "signal": verdict("useful", "It ranks."),
                "choice": verdict("best", "Chosen: one."),
                "baseline": "Better than recency.",
            },
            "metrics": [{"name": "roc_auc", "label": "ROC-AUC", "unit": "", "description": ""}],
            **churn,
        },
        "calendar": {"train": ["2026-01-01"], "validation": "2026-02-01", "test": "2026-03-01"},
        "value": {"horizon_days": 365, "verdict": verdict("useful", "Close."), "reason": ""},
        "workspace": {"currency": "EUR"},
        "totals": {"customers": 9},
    }


def test_the_interval_of_a_customer_stands_below_the_risk_where_the_run_has_one() -> None:
    bare = profile.cards(CUSTOMER, summary())[0]
    assert "typical customer" in bare
    assert "Venn-Abers" not in bare
    shown = profile.cards(replace(CUSTOMER, p_churn_low=0.28, p_churn_high=0.35), summary())[0]
    assert f"28.0{THIN}%–35.0{THIN}% · typical customer" in shown
    assert "Venn-Abers" in shown


def test_a_model_that_is_not_calibrated_is_warned_of_in_red() -> None:
    said = summary()
    assert "calibrated" not in evidence.verdicts(said)
    said["churn"]["verdicts"]["calibration"] = verdict("not calibrated", "Too bold. Do not <b>.")
    html = evidence.verdicts(said)
    assert '<span class="pill bad">not calibrated</span>' in html
    assert "Do not &lt;b&gt;." in html


def test_earlier_dates_are_a_row_each_and_an_old_run_has_none() -> None:
    assert through_time.origins(summary()) == ""
    row = {
        "cutoff": "2026-01-02",
        "learned_to": "2025-11-01",
        "learned_rows": 1200,
        "customers": 310,
        "churn_rate": 0.4,
        "figures": {"roc_auc": Estimate(0.7, 0.6, 0.8).as_dict()},
    }
    html = through_time.origins(summary(origins=[row], chosen="lightgbm"))
    for said in ("2026-01-01", "1,200 rows up to 2025-10-31", "310", "0.700", "ROC-AUC"):
        assert said in html


def test_the_headlines_say_calibration_and_profit_where_the_run_has_them() -> None:
    said = summary(profit={"sentence": "A contact pays."})
    assert _calibration_line(said["churn"]["verdicts"]) == []
    assert _profit_line(said) == [
        "A contact pays. An accounting with assumed acceptance, not a measured effect."
    ]
    assert _profit_line(summary()) == []
    assert _profit_line(summary(profit={"reason": "No value."})) == []
    said["churn"]["verdicts"]["signal"]["word"] = "no signal"
    assert _profit_line(said) == []
