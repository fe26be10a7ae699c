"""A small published run for the pages: invented customers, in the shape that `cip run` writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.e2e import whole_run
from tests.e2e.serving import SWITCHES

from cip.access.roles import local_owner
from cip.settings import Workspace
from cip.stores.customers import write_customers
from cip.stores.published import seal_run, stage_run, write_summary
from cip.stores.records import open_records

CUSTOMERS = 420
BANDS = ("Low", "Medium", "High")
BASE_P = 0.382
FIRST = "Anna Ben Clara David Elena Felix Greta Hugo Irene Jonas Karin Leon Marta Nils Olga Paul"
LAST = "Sandoberg Kasmark Ferelson Linden Marstein Norvik Petrova Rosmann Ulefeld Westby"
FACTS = (
    ("recency", "Last bought {v:.0f} days ago (typical 31)"),
    ("frequency", "Bought on {v:.0f} days in the last year (typical 4)"),
    ("trend", "Spent {v:.0f} GBP in the last 90 days (typical 310)"),
    ("tenure", "Customer for {v:.0f} days (typical 420)"),
    ("basket", "{v:.0f} different items in a purchase (typical 18)"),
    ("refunds", "Sent back {v:.0f} % of what they bought (typical 2 %)"),
    ("rhythm", "Buys every {v:.0f} days (typical 42)"),
    ("country", "Country is Germany (most customers: United Kingdom)"),
)
ACTIONS = {
    ("High", "High"): "Call in person this week, hear what is wrong and mend it.",
    ("High", "Medium"): "Have someone who knows the account check in before the next renewal.",
    ("High", "Low"): "Say thank you, and leave them in peace: do not spend a discount here.",
    ("Medium", "High"): "Send the strongest offer that pays for itself, and test it on a part.",
    ("Medium", "Medium"): "Remind them of what they use and what they have not tried yet.",
    ("Medium", "Low"): "Show what could make them worth more; no retention offer is needed.",
    ("Low", "High"): "Ask by an automatic message why they go; spend nothing more.",
    ("Low", "Medium"): "Keep them in the ordinary newsletter.",
    ("Low", "Low"): "Nothing to do.",
}
METRICS = (
    ("roc_auc", "ROC-AUC", "", "How often the model ranks a leaver above a stayer: 0.5 is a coin."),
    ("pr_auc", "PR-AUC", "", "Average share of real leavers among those ranked highest."),
    (
        "log_loss",
        "Log loss",
        "nats",
        "How surprised the model is by what happened: lower is better.",
    ),
    ("brier", "Brier score", "", "Average squared distance to what happened: lower is better."),
    ("ece", "Calibration error", "share", "How far said and seen churn rates lie apart."),
    ("recall", "Recall", "share", "Share of those who left that the model had flagged."),
    ("precision", "Precision", "share", "Share of those the model flagged who really left."),
    ("top_decile_lift", "Lift in the top tenth", "times", "Leavers in the top tenth, against any."),
    ("predicted_total", "Leavers predicted", "customers", "Sum of all probabilities."),
    ("realised_total", "Leavers seen", "customers", "How many customers really left."),
    ("predicted_over_realised", "Predicted over seen", "times", "1 is right."),
    ("accuracy", "Accuracy", "share", "Share of right guesses; says little where few leave."),
)
METRIC_FIELDS = ("name", "label", "unit", "description")
MODELS = (
    ("base_rate", "Base rate", False, 0.5, 0.681, 0.613),
    ("recency_only", "Recency alone", False, 0.681, 0.628, 0.652),
    ("logistic_regression", "Logistic regression", True, 0.742, 0.583, 0.701),
    ("lightgbm", "LightGBM", True, 0.751, 0.579, 0.705),
    ("random_forest", "Random forest", False, 0.747, 0.586, 0.698),
)
MODEL_FIELDS = ("name", "label", "servable", "auc", "loss", "accuracy")


def estimate(value: float | None, half: float = 0.0, unit: str = "", reason: str = "") -> dict:
    low, high = (None, None) if value is None else (value - half, value + half)
    return {
        "value": value,
        "low": low,
        "high": high,
        "level": 0.95,
        "unit": unit,
        "reason": reason,
    }


def customers(n: int = CUSTOMERS, seed: int = 7) -> pa.Table:
    rng = np.random.default_rng(seed)
    p = np.clip(rng.beta(1.6, 2.0, n), 0.01, 0.98)
    clv = rng.lognormal(5.9, 1.2, n)
    retained = clv * (1 + 0.5 * p)
    loss = p * retained
    first, last = FIRST.split(), LAST.split()
    recency = rng.integers(1, 180, n)
    why = [reasons(rng, float(risk), int(days)) for risk, days in zip(p, recency, strict=True)]
    churn_band = np.array(BANDS)[np.searchsorted([0.3, 0.6], p, side="right")]
    clv_band = np.array(BANDS)[np.searchsorted([100, 1000], clv, side="right")]
    table = pa.table(
        {
            "customer_id": [str(12_000 + k) for k in rng.permutation(n)],
            "name": [f"{first[k % 16]} {last[(k // 16 + k) % 10]}" for k in rng.permutation(n)],
            "p_churn": p,
            "churn_band": churn_band,
            "clv": clv,
            "clv_if_retained": retained,
            "expected_value_loss": loss,
            "clv_band": clv_band,
            "priority_segment": [
                f"{v} CLV / {r} churn" for v, r in zip(clv_band, churn_band, strict=True)
            ],
            "p_alive": 1 - 0.8 * p,
            "last_purchase_days": recency.astype(float),
            "purchase_days": rng.integers(1, 40, n),
            "main_reason": [listed[0]["sentence"] for listed in why],
            "reasons": [json.dumps(listed) for listed in why],
            "country": rng.choice(["United Kingdom", "Germany", "France"], n, p=[0.8, 0.12, 0.08]),
        }
    )
    ordered = table.take(pa.array(np.argsort(-loss)))
    return ordered.add_column(0, "rank", pa.array(np.arange(1, n + 1)))


def reasons(rng: np.random.Generator, p: float, recency: int) -> list[dict[str, Any]]:
    """Reasons of one customer, largest first, then the rest; they add up to p - BASE_P."""
    parts = rng.normal(0, 1, len(FACTS)) + np.sign(p - BASE_P) * np.array([3, 2, 1, 1, 0, 0, 0, 0])
    points = parts / parts.sum() * (p - BASE_P) if abs(parts.sum()) > 1 else parts * 0.02
    values = [recency, *rng.integers(1, 60, len(FACTS) - 1)]
    listed = [
        {"fact": fact, "sentence": phrase.format(v=value), "points": float(size)}
        for (fact, phrase), value, size in zip(FACTS, values, points, strict=True)
    ]
    listed.sort(key=lambda reason: -abs(reason["points"]))
    rest = p - BASE_P - sum(reason["points"] for reason in listed)
    others = {"fact": "others", "sentence": "All other facts together", "points": rest}
    return [*listed, others]


def model_row(
    name: str, label: str, *, servable: bool, auc: float, loss: float, accuracy: float
) -> dict[str, Any]:
    figures = {
        "roc_auc": estimate(auc, 0.0 if name == "base_rate" else 0.021),
        "pr_auc": estimate(auc - 0.06, 0.03),
        "log_loss": estimate(loss, 0.014, "nats"),
        "brier": estimate(loss / 2.9, 0.006),
        "ece": estimate(0.021, 0.009, "share"),
        "recall": estimate(0.71, 0.03, "share"),
        "precision": estimate(None, reason="nobody was flagged at this threshold")
        if name == "base_rate"
        else estimate(0.66, 0.03, "share"),
        "top_decile_lift": estimate(1.0 if name == "base_rate" else 1.74, 0.12, "times"),
        "predicted_total": estimate(171.4, 11.0, "customers"),
        "realised_total": estimate(164.0, 12.0, "customers"),
        "predicted_over_realised": estimate(1.045, 0.06, "times"),
        "accuracy": estimate(accuracy, 0.02, "share"),
    }
    role = "servable" if servable else "comparison" if name == "random_forest" else "baseline"
    shown = {"name": name, "label": label, "role": role, "servable": servable}
    return {**shown, "validation": figures, "test": figures}


def summary(run_id: str, table: pa.Table) -> dict[str, Any]:
    rows = table.to_pylist()
    cells = [cell(rows, value, risk) for value in BANDS for risk in BANDS]
    loss = sum(row["expected_value_loss"] for row in rows)
    clv = sum(row["clv"] for row in rows)
    return {
        "format": 1,
        "run_id": run_id,
        "created_at": "2011-12-10T09:00:00+00:00",
        "workspace": {"name": "A shop", "currency": "GBP", "about": ""},
        "actor": "tests",
        "calendar": {
            "train": ["2010-08-01T00:00:00+00:00", "2010-12-01T00:00:00+00:00"],
            "validation": "2011-05-25T00:00:00+00:00",
            "test": "2011-09-10T00:00:00+00:00",
            "score": "2011-12-09T00:00:00+00:00",
            "horizon_days": 90,
            "gap_days": 7,
            "active_days": 180,
        },
        "data": {
            "versions": {"transactions": 3},
            "sources": [{"path": "retail.parquet", "sha256": "ab" * 32, "rows": 1_067_371}],
            "first": "2009-12-01T00:00:00+00:00",
            "end": "2011-12-09T00:00:00+00:00",
            "rows": {"transactions": 44_876},
            "findings": [
                finding("C-110", "warning", "customer_id", 243_007, "no customer: guests"),
                finding("C-121", "info", "amount", 19_104, "negative: refunds"),
            ],
        },
        "churn": churn(rows),
        "value": value(),
        "totals": {
            "customers": len(rows),
            "at_risk_customers": sum(row["p_churn"] >= 0.6 for row in rows),
            "at_risk_above": 0.6,
            "clv": estimate(clv, 0.06 * clv, "GBP"),
            "expected_value_loss": estimate(loss, 0.08 * loss, "GBP"),
        },
        "cells": cells,
        "priority_segments": [
            {
                "name": f"{c['clv_band']} CLV / {c['churn_band']} churn",
                "customers": c["customers"],
                "expected_value_loss": c["expected_value_loss"],
                "what_to_do": ACTIONS[c["clv_band"], c["churn_band"]],
            }
            for c in cells
        ],
        "steps": [{"name": "read", "rows": 1_067_371, "seconds": 1.9}],
        "environment": {"cip": "0.1.0", "python": "3.11"},
        "seed": 20260,
    }


def cell(rows: list[dict[str, Any]], clv_band: str, churn_band: str) -> dict[str, Any]:
    inside = [r for r in rows if r["clv_band"] == clv_band and r["churn_band"] == churn_band]
    return {
        "clv_band": clv_band,
        "churn_band": churn_band,
        "customers": len(inside),
        "p_churn": float(np.mean([r["p_churn"] for r in inside])) if inside else None,
        "clv": sum(r["clv"] for r in inside),
        "expected_value_loss": sum(r["expected_value_loss"] for r in inside),
    }


def finding(code: str, severity: str, column: str, rows: int, what: str) -> dict[str, Any]:
    return {
        "code": code,
        "severity": severity,
        "table": "transactions",
        "column": column,
        "rows": rows,
        "total_rows": 1_067_371,
        "message": f"{rows:,} of 1,067,371 rows have {what}.",
        "remedy": "dropped by policy" if severity == "warning" else "kept",
        "first_row": 623,
        "example": None,
    }


def churn(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "definition": "no purchase in the next 90 days",
        "champion": "logistic_regression",
        "champion_label": "Logistic regression",
        "verdicts": {
            "signal": {
                "question": "signal",
                "word": "useful",
                "sentence": "It ranks a leaver above a stayer 74.2 % of the time (a coin: 50 %; "
                "with 99 % confidence at least 71.7 %). Its probabilities are better than giving "
                "everybody the base rate: log loss 0.0980 lower.",
                "evidence": {"roc_auc": estimate(0.742, 0.025)},
            },
            "choice": {
                "question": "choice",
                "word": "simplest",
                "sentence": "Chosen: logistic regression, the simplest that is not shown worse "
                "than the best, LightGBM.",
                "evidence": {"lightgbm": estimate(-0.004, 0.006)},
            },
            "baseline": "It ranks leavers better than recency alone: ROC-AUC +0.061 "
            "(+0.042 to +0.081).",
        },
        "models": [model_row(**dict(zip(MODEL_FIELDS, row, strict=True))) for row in MODELS],
        "base_rate": estimate(0.39, 0.02, "share"),
        "population": {
            "eligible": len(rows),
            "sentence": f"{len(rows)} customers who bought in the 180 days before the date.",
        },
        "threshold": 0.5,
        "bands": [0.3, 0.6],
        "base_p": BASE_P,
        "importance": [
            {"fact": "recency", "label": "Days since the last purchase", "share": 0.37},
            {"fact": "frequency", "label": "Purchase days in the last year", "share": 0.21},
            {"fact": "trend", "label": "Spend now against before", "share": 0.13},
        ],
        "metrics": [
            dict(zip(("name", "label", "unit", "description"), m, strict=True)) for m in METRICS
        ],
    }


def value() -> dict[str, Any]:
    def errors(bias: float, rmse: float, mae: float, gini: float | None, gap: float) -> dict:
        return {
            "total_bias": estimate(bias, 0.05, "share of the realised total"),
            "rmse": estimate(rmse, 90.0, "GBP"),
            "mae": estimate(mae, 22.0, "GBP"),
            "gini": estimate(
                gini, 0.03, "normalised Gini", "all are equal" if gini is None else ""
            ),
            "decile_gap": estimate(gap, 0.04, "share of the mean"),
        }

    return {
        "horizon_days": 365,
        "discount_rate": 0.1,
        "margin": 1.0,
        "currency": "GBP",
        "parameters": {"r": 0.74, "alpha": 61.2, "a": 0.08, "b": 1.9, "customers": 5_878},
        "verdict": {
            "question": "signal",
            "word": "useful",
            "sentence": "The forecast comes closer to what customers spend than any simple rule. "
            "In total GBP 341,200 was expected and GBP 329,900 was spent: 3 % too much.",
            "evidence": {"gini": estimate(0.71, 0.04, "normalised Gini")},
        },
        "backtest": {
            "model": errors(0.034, 1_410.0, 402.0, 0.71, 0.12),
            "repeat_last": errors(0.081, 1_780.0, 455.0, 0.63, 0.21),
            "all_zero": errors(-1.0, 2_250.0, 540.0, None, 1.0),
        },
        "bands": [100.0, 1000.0],
    }


def publish(
    workspace: Workspace,
    table: pa.Table,
    changes: dict[str, Any] | None = None,
    *,
    whole: bool = False,
    more: Callable[[Path, pa.Table], None] | None = None,
) -> str:
    """One run more in the workspace, made current; `changes` replace parts of the summary.

    A `whole` run has segments, lists, labels, curves and predictions as well; `more` writes
    further tables.
    """
    workspace.root.mkdir(parents=True, exist_ok=True)
    workspace.config_path.touch()
    owner = local_owner()
    with open_records(workspace.records_url, lambda: datetime(2011, 12, 10, 9, tzinfo=UTC)) as kept:
        run_id = kept.start_run(
            owner, data_versions={}, config_fingerprint="f", code_version="0", seed=1
        )
        said = {**summary(run_id, table), **(changes or {})}
        staging = stage_run(workspace.published, run_id)
        write_summary(staging, said)
        write_customers(staging, table)
        if whole:
            whole_run.write_tables(staging, table)
        if more is not None:
            more(staging, table)
        seal_run(staging, workspace.published, run_id)
        kept.finish_run(run_id, seconds=1.0, summary=said)
        kept.publish(run_id, owner)
    return run_id


@pytest.fixture(scope="module")
def browser(browser_path: str) -> Iterator[Browser]:
    """Chromium for one module: its event loop must not outlive the tests that want it."""
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=browser_path, args=SWITCHES)


@pytest.fixture(scope="session")
def published_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with one published run of a few hundred customers."""
    workspace = Workspace(tmp_path_factory.mktemp("shop"))
    publish(workspace, customers())
    return workspace


def publish_whole(root: Path, changes: dict[str, Any] | None = None) -> Workspace:
    """A workspace whose run has every part."""
    workspace, table = Workspace(root), whole_run.with_segments(customers())
    said = churn(table.to_pylist()) | {
        "features": whole_run.features_in_words(),
        "profit": whole_run.profit(len(table)).as_dict(),
    }
    said["verdicts"] |= {"calibration": whole_run.verdict("calibrated", "It may be chance.")}
    publish(
        workspace,
        table,
        {"churn": said, **whole_run.parts(table), **(changes or {})},
        whole=True,
    )
    return workspace


@pytest.fixture(scope="session")
def whole_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace whose run has every part, of real customers."""
    return publish_whole(tmp_path_factory.mktemp("whole") / "retail")


@pytest.fixture(scope="session")
def simulated_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The same, marked as simulated, with models of churn, lists and ratings without signal."""
    root = tmp_path_factory.mktemp("simulated") / "streaming"
    table = whole_run.with_segments(customers())
    said = churn(table.to_pylist()) | {"features": whole_run.features_in_words()}
    signal = whole_run.verdict("no signal", "It is not shown to rank better than a coin.")
    return publish_whole(
        root,
        {
            "workspace": {"name": "A stream", "currency": "USD", "about": "", "simulated": True},
            "churn": {**said, "verdicts": {**said["verdicts"], "signal": signal}},
            "recommendations": whole_run.popular_lists(),
        },
    )


@pytest.fixture
def empty_workspace(tmp_path: Path) -> Workspace:
    """A workspace that never ran."""
    workspace = Workspace(tmp_path)
    workspace.config_path.touch()
    return workspace


@pytest.fixture
def publish_changed(tmp_path: Path) -> Callable[[dict[str, Any]], Workspace]:
    """Makes a workspace whose run has other churn verdicts."""

    def publish_with(verdicts: dict[str, Any]) -> Workspace:
        workspace, table = Workspace(tmp_path), customers(60)
        said = churn(table.to_pylist())
        publish(workspace, table, {"churn": {**said, "verdicts": {**said["verdicts"], **verdicts}}})
        return workspace

    return publish_with
