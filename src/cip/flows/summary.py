"""What a run found, as one JSON document: every figure with its interval, every choice stated."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from math import isnan
from typing import Any

import cip
from cip.contract.config import Config, LabelRule
from cip.flows import paying
from cip.flows.backtest import Origins
from cip.flows.churn import Churn, MeasuredModel
from cip.flows.decide import Decided
from cip.flows.fairness import fairness_table
from cip.flows.ingest import Loaded
from cip.flows.job import Job
from cip.flows.labels import JudgedLabel, definition, population
from cip.flows.leaks import Leaks
from cip.flows.look import Looked
from cip.flows.profit import Earned
from cip.flows.read import counts_of
from cip.flows.recommend import Recommendations
from cip.flows.rivals import Rivals, rivals_figures
from cip.flows.search_words import search_figures, settings_figures
from cip.flows.segment import Segments
from cip.flows.value import Value
from cip.models.calibrate_verdict import CalibrationVerdict
from cip.models.churn.candidates import candidate_named
from cip.models.metrics import METRICS
from cip.models.shares import share_of
from cip.types import Calendar, Estimate

FORMAT = 1
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "lightgbm", "duckdb", "ibis-framework", "deltalake")


@dataclass(frozen=True)
class Results:
    """Everything a run made, before it is written."""

    loaded: Loaded
    looked: Looked
    churn: Churn
    value: Value
    decided: Decided
    labels: tuple[JudgedLabel, ...]
    leaks: Leaks
    recommendations: Recommendations | str
    calibrated: CalibrationVerdict
    profit: Earned | str
    origins: Origins
    rivals: Rivals | str | None = None


def summarise(job: Job, run_id: str, results: Results) -> dict[str, Any]:
    """The document; JSON-ready, NaN is null."""
    config = job.config
    made = {
        **head_of(job, run_id, "events"),
        "calendar": _calendar(results.looked.calendar),
        "data": _data(results),
        "policies": [line.as_dict() for line in results.loaded.policies],
        "churn": _churn(results, config),
        "labels": [label.as_dict() for label in results.labels],
        "sensitivity": _sensitivity(results.looked, config.churn.label),
        "leaks": results.leaks.as_dict(),
        "insights": insights_of(results.decided),
        "fairness": fairness_table(
            results.looked.test, results.churn.p_test, results.churn.champion.features, config
        ),
        "value": results.value.as_dict(config),
        "totals": _totals(results, config),
        "cells": _cells(results.decided),
        "priority_segments": _segments(results.decided),
        "segments": _or_reason(results.decided.segments),
        "recommendations": _or_reason(results.recommendations),
        "steps": list(job.steps.done),
        "environment": environment(),
        "config": config.model_dump(mode="json"),
        "seed": config.run.seed,
    }
    return made | {"cells": paying.counted(made, results.decided.customers)}


def head_of(job: Job, run_id: str, shape: str) -> dict[str, Any]:
    """What every summary begins with; `shape` of the data: "events" or "plain"."""
    return {
        "format": FORMAT,
        "shape": shape,
        "run_id": run_id,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "workspace": job.config.workspace.model_dump(),
        "actor": job.actor.name,
    }


def _calendar(calendar: Calendar) -> dict[str, Any]:
    return {
        "train": [cutoff.isoformat() for cutoff in calendar.train],
        "validation": calendar.validation.isoformat(),
        "test": calendar.test.isoformat(),
        "score": calendar.score.isoformat(),
        "horizon_days": calendar.horizon_days,
        "gap_days": calendar.gap_days,
        "active_days": calendar.active_days,
    }


def _data(results: Results) -> dict[str, Any]:
    return {
        "versions": results.loaded.versions,
        "sources": list(results.loaded.sources),
        "first": results.looked.first.isoformat(),
        "end": results.looked.calendar.score.isoformat(),
        "rows": results.looked.rows,
        "findings": counts_of(results.loaded.findings),
        "user_features": results.looked.features.as_dict(),
    }


def _churn(results: Results, config: Config) -> dict[str, Any]:
    churn, looked = results.churn, results.looked
    return {
        "definition": definition(config.churn.label, config),
        "champion": churn.champion.name,
        "champion_label": candidate_named(churn.champion.name).label,
        "chosen": churn.chosen,
        "chosen_label": churn.label,
        "promoted": churn.promoted,
        "calibration": churn.champion.calibration.as_dict(),
        "verdicts": {
            "signal": churn.signal.as_dict(),
            "choice": churn.choice.as_dict(),
            "baseline": churn.against_recency,
            "calibration": results.calibrated.as_dict(),
        },
        "profit": profit_figures(results.profit),
        "rivals": rivals_figures(results.rivals),
        "origins": [origin.as_dict() for origin in results.origins.rows],
        "steadiness": results.origins.as_dict(),
        "search": search_figures(churn.searched, config.churn.search_seconds),
        "settings": settings_figures(churn.searched.settings),
        "models": [model_figures(model) for model in churn.models],
        "base_rate": share_of(looked.test.churned).as_dict(),
        "population": {
            "eligible": len(looked.score),
            "sentence": population(config.churn.label, config, len(looked.score)),
            "train_rows": len(looked.train),
            "raced_rows": churn.raced_rows,
            "validation_rows": len(looked.validation),
            "test_rows": len(looked.test),
        },
        "threshold": config.churn.threshold,
        "bands": list(config.churn.bands),
        "base_p": results.decided.base_p,
        "importance": importances(results.decided),
        "features": [asdict(info) for info in looked.infos],
        "metrics": metric_words(),
    }


def importances(decided: Decided) -> list[dict[str, Any]]:
    """The facts that move the risk, the weightiest first."""
    return [
        {
            "fact": entry.fact,
            "label": entry.fact,
            "share": entry.share,
            "low": entry.low,
            "high": entry.high,
        }
        for entry in decided.importance
    ]


def insights_of(decided: Decided) -> dict[str, Any] | None:
    """Segments in points of risk and facts that interplay; None where no model serves."""
    return None if decided.insights is None else decided.insights.as_dict()


def profit_figures(profit: Earned | str) -> dict[str, Any]:
    """What acting on the risk would have earned, or why no sum can be said."""
    return {"reason": profit} if isinstance(profit, str) else profit.as_dict()


def metric_words() -> list[dict[str, str]]:
    """What each metric is, for tables and tooltips."""
    return [
        {"name": m.name, "label": m.label, "unit": m.unit, "description": m.description}
        for m in METRICS
    ]


def model_figures(model: MeasuredModel) -> dict[str, Any]:
    """A candidate and what it was worth."""
    return {
        "name": model.candidate.name,
        "label": model.candidate.label,
        "role": model.candidate.role,
        "servable": model.candidate.servable,
        "validation": _estimates(model.validation),
        "test": _estimates(model.test),
        "compared": _estimates(model.compared),
    }


def _sensitivity(looked: Looked, rule: LabelRule) -> list[dict[str, Any]]:
    """The churn rate and its size by definition and horizon; a given label has no horizon."""
    return [
        {
            "label": rate.rule.column or rate.rule.kind,
            "is_primary": rate.rule == rule,
            "horizon_days": rate.horizon_days,
            "customers": rate.customers,
            "churn_rate": None if isnan(rate.rate) else rate.rate,
        }
        for rate in looked.sensitivity
    ]


def _or_reason(part: Segments | Recommendations | str) -> dict[str, Any]:
    """The part, or why there is none."""
    return {"reason": part} if isinstance(part, str) else part.as_dict()


def _totals(results: Results, config: Config) -> dict[str, Any]:
    above = config.churn.bands[1]
    value, p_churn = results.value, results.decided.p_churn
    return {
        "customers": len(results.looked.score),
        "at_risk_customers": int((p_churn >= above).sum()),
        "at_risk_above": above,
        "clv": value.total_clv.as_dict(),
        "expected_value_loss": value.total_loss(p_churn).as_dict(),
    }


def _cells(decided: Decided) -> list[dict[str, Any]]:
    return [
        {
            "clv_band": segment.value_band,
            "churn_band": segment.churn_band,
            "customers": segment.customers,
            "p_churn": None if isnan(segment.mean_p_churn) else segment.mean_p_churn,
            "clv": segment.clv,
            "expected_value_loss": segment.expected_value_loss,
        }
        for segment in decided.priorities
    ]


def _segments(decided: Decided) -> list[dict[str, Any]]:
    return [
        {
            "name": segment.name,
            "customers": segment.customers,
            "expected_value_loss": segment.expected_value_loss,
            "what_to_do": segment.action,
        }
        for segment in decided.priorities
    ]


def environment() -> dict[str, str]:
    """The versions that made the run."""
    libraries = {name: version(name) for name in _LIBRARIES}
    return {"cip": cip.__version__, "python": platform.python_version(), **libraries}


def _estimates(metrics: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: estimate.as_dict() for name, estimate in metrics.items()}
