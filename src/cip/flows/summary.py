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
from cip.contract.config import Config
from cip.flows.churn import Churn, MeasuredModel
from cip.flows.decide import Decided
from cip.flows.ingest import Loaded
from cip.flows.job import Job
from cip.flows.look import Looked
from cip.flows.read import counts_of
from cip.flows.value import Value
from cip.models.churn.candidates import candidate_named
from cip.models.metrics import METRICS
from cip.types import Calendar, Estimate

FORMAT = 1
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "lightgbm", "duckdb", "ibis-framework", "deltalake")


@dataclass(frozen=True)
class Results:
    """Everything a run made, before it is written.  `totals`: CLV, expected value loss."""

    loaded: Loaded
    looked: Looked
    churn: Churn
    value: Value
    decided: Decided
    totals: tuple[Estimate, Estimate]


def summarise(job: Job, run_id: str, results: Results) -> dict[str, Any]:
    """The document; JSON-ready, NaN is null."""
    config = job.config
    return {
        "format": FORMAT,
        "run_id": run_id,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "workspace": config.workspace.model_dump(),
        "actor": job.actor.name,
        "calendar": _calendar(results.looked.calendar),
        "data": _data(results),
        "churn": _churn(results, config),
        "value": _value(results.value, config),
        "totals": _totals(results, config),
        "cells": _cells(results.decided),
        "priority_segments": _segments(results.decided),
        "steps": list(job.steps.done),
        "environment": _environment(),
        "config": config.model_dump(mode="json"),
        "seed": config.run.seed,
    }


def population(config: Config, customers: int) -> str:
    """Who was looked at, in a sentence that stands beside every figure."""
    days = config.snapshot.active_days
    return f"{customers:,} customers who bought in the {days} days before the date."


def definition(config: Config) -> str:
    """What leaving means here."""
    return f"no purchase in the next {config.snapshot.horizon_days} days"


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
    }


def _churn(results: Results, config: Config) -> dict[str, Any]:
    churn, looked = results.churn, results.looked
    return {
        "definition": definition(config),
        "champion": churn.champion.name,
        "champion_label": candidate_named(churn.champion.name).label,
        "chosen": churn.chosen,
        "chosen_label": churn.label,
        "promoted": churn.promoted,
        "calibration": asdict(churn.champion.calibration),
        "verdicts": {
            "signal": churn.signal.as_dict(),
            "choice": churn.choice.as_dict(),
            "baseline": churn.against_recency,
        },
        "models": [_model(model) for model in churn.models],
        "base_rate": _share(float(looked.test.churned.mean()), len(looked.test)),
        "population": {
            "eligible": len(looked.score),
            "sentence": population(config, len(looked.score)),
            "train_rows": len(looked.train),
            "validation_rows": len(looked.validation),
            "test_rows": len(looked.test),
        },
        "threshold": config.churn.threshold,
        "bands": list(config.churn.bands),
        "base_p": results.decided.base_p,
        "importance": [
            {"fact": entry.fact, "label": entry.fact, "share": entry.share}
            for entry in results.decided.importance
        ],
        "features": [asdict(info) for info in looked.infos],
        "metrics": [
            {"name": m.name, "label": m.label, "unit": m.unit, "description": m.description}
            for m in METRICS
        ],
    }


def _model(model: MeasuredModel) -> dict[str, Any]:
    return {
        "name": model.candidate.name,
        "label": model.candidate.label,
        "role": model.candidate.role,
        "servable": model.candidate.servable,
        "validation": _estimates(model.validation),
        "test": _estimates(model.test),
    }


def _value(value: Value, config: Config) -> dict[str, Any]:
    return {
        "horizon_days": config.value.horizon_days,
        "discount_rate": config.value.discount_rate_yearly,
        "margin": config.value.margin,
        "currency": config.workspace.currency,
        "parameters": {
            **{name: getattr(value.model, name) for name in ("r", "alpha", "a", "b")},
            **{name: getattr(value.spend, name) for name in ("p", "q", "gamma")},
            "customers": value.model.customers,
        },
        "independence": value.independence.as_dict(),
        "verdict": value.backtest.verdict.as_dict(),
        "backtest": {
            name: {field: figure.as_dict() for field, figure in _fields(errors).items()}
            for name, errors in value.backtest.errors.items()
        },
        "bands": list(config.value.bands),
    }


def _totals(results: Results, config: Config) -> dict[str, Any]:
    above = config.churn.bands[1]
    clv, loss = results.totals
    return {
        "customers": len(results.looked.score),
        "at_risk_customers": int((results.decided.p_churn >= above).sum()),
        "at_risk_above": above,
        "clv": clv.as_dict(),
        "expected_value_loss": loss.as_dict(),
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
        for segment in decided.segments
    ]


def _segments(decided: Decided) -> list[dict[str, Any]]:
    return [
        {
            "name": segment.name,
            "customers": segment.customers,
            "expected_value_loss": segment.expected_value_loss,
            "what_to_do": segment.action,
        }
        for segment in decided.segments
    ]


def _environment() -> dict[str, str]:
    libraries = {name: version(name) for name in _LIBRARIES}
    return {"cip": cip.__version__, "python": platform.python_version(), **libraries}


def _estimates(metrics: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: estimate.as_dict() for name, estimate in metrics.items()}


def _fields(errors: Any) -> dict[str, Estimate]:
    return {name: getattr(errors, name) for name in errors.__dataclass_fields__}


def _share(value: float, rows: int) -> dict[str, Any]:
    """A share with its 95 % Wilson interval."""
    z = 1.959963984540054
    middle = (value + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z * ((value * (1 - value) + z * z / (4 * rows)) / rows) ** 0.5 / (1 + z * z / rows)
    return Estimate(value, middle - half, middle + half, unit="share").as_dict()
