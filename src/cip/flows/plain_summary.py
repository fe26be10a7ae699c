"""What a run on a table without time found, in the same document as any run's.

What a run with events has and this one cannot have is null, and `unknown` says so in sentences.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isnan
from typing import Any, Final

from cip.contract.config import Config
from cip.decisions.priority import PrioritySegment
from cip.flows import paying
from cip.flows.decide import Decided
from cip.flows.fairness import fairness_table
from cip.flows.ingest import Loaded
from cip.flows.job import Job
from cip.flows.labels import JudgedLabel, definition
from cip.flows.leaks import Leaks
from cip.flows.plain_churn import PlainChurn
from cip.flows.plain_look import PlainLooked
from cip.flows.profit import Earned
from cip.flows.read import counts_of
from cip.flows.rivals import Rivals, rivals_figures
from cip.flows.search_words import search_figures, settings_figures
from cip.flows.summary import (
    environment,
    head_of,
    importances,
    insights_of,
    metric_words,
    model_figures,
    profit_figures,
)
from cip.flows.value import Value
from cip.models.calibrate_verdict import CalibrationVerdict
from cip.models.churn.candidates import candidate_named
from cip.models.shares import share_of
from cip.types import Estimate
from cip.wording import count, percent

_NO_CALENDAR: Final = dict.fromkeys(
    ("validation", "test", "score", "horizon_days", "gap_days", "active_days")
)
_NAN: Final = float("nan")
_NO_MONEY: Final = Estimate(_NAN, _NAN, _NAN, reason="what customers are worth is not known")
_NO_LISTS: Final = (
    "Lists need to know who used or bought which item; a customer table does not say it."
)
_WHEN: Final = (
    "When somebody leaves: the table has no dates, so the risk has no horizon, and how long "
    "customers stay cannot be said."
)
_SEEN: Final = (
    "Whether the attributes saw what came after: each is taken as the table has it now, for those "
    "who left perhaps as it was changed afterwards."
)
_NEVER: Final = (
    (
        "Whether it holds next month: the model was measured on customers held out of the same "
        "table, not on a later date. A table of another day would tell."
    ),
    "What to show them next: that needs to know who used or bought which item, and when.",
    "Whether an offer keeps anybody: that takes a test with a control group, and dates.",
)
_WORTH: Final = (
    "What customers will really bring: their value here is a rule about what they pay a month, "
    "tested on nothing."
)


@dataclass(frozen=True)
class PlainResults:
    """Everything a run on a table without time made, before it is written."""

    loaded: Loaded
    looked: PlainLooked
    churn: PlainChurn
    value: Value | str
    decided: Decided
    labels: tuple[JudgedLabel, ...]
    leaks: Leaks
    calibrated: CalibrationVerdict
    profit: Earned | str
    rivals: Rivals | str | None = None


def summarise_plain(job: Job, run_id: str, results: PlainResults) -> dict[str, Any]:
    """The document; JSON-ready, NaN is null."""
    config = job.config
    made = {
        **head_of(job, run_id, "plain"),
        "calendar": {"train": [], **_NO_CALENDAR},
        "unknown": unknown(results, config),
        "data": _data(results),
        "policies": [line.as_dict() for line in results.loaded.policies],
        "churn": _churn(results, config),
        "labels": [label.as_dict() for label in results.labels],
        "sensitivity": [],
        "leaks": results.leaks.as_dict(),
        "insights": insights_of(results.decided),
        "fairness": _fairness(results, config),
        "value": _value(results.value, config),
        "totals": _totals(results, config),
        "cells": [_cell(segment) for segment in results.decided.priorities],
        "priority_segments": [_priority(segment) for segment in results.decided.priorities],
        "segments": _segments(results),
        "recommendations": {"reason": _NO_LISTS},
        "steps": list(job.steps.done),
        "environment": environment(),
        "config": config.model_dump(mode="json"),
        "seed": config.run.seed,
    }
    return made | {"cells": paying.counted(made, results.decided.customers)}


def unknown(results: PlainResults, config: Config) -> list[str]:
    """What cannot be known without time, a sentence each."""
    gone = f"What gives {config.churn.label.column} away is kept out where it is found."
    said = [_WHEN, f"{_SEEN} {gone}", *_NEVER]
    return said if isinstance(results.value, str) else [*said, _WORTH]


def primary_plain(looked: PlainLooked, churn: PlainChurn, config: Config) -> JudgedLabel:
    """The label that is modelled, as the run measured it."""
    rows, rule = looked.labelled, config.churn.label
    measured = next(m for m in churn.made.models if m.candidate.name == churn.made.chosen)
    return JudgedLabel(
        name=rule.column or rule.kind,
        definition=definition(rule, config),
        kind=rule.kind,
        is_primary=True,
        how="nested cross-validation",
        customers=len(rows),
        base_rate=share_of(rows.churned),
        roc_auc=measured.test["roc_auc"],
        verdict=churn.made.signal,
        note="The column has no date: nothing can be said about when.",
    )


def _data(results: PlainResults) -> dict[str, Any]:
    return {
        "versions": results.loaded.versions,
        "sources": list(results.loaded.sources),
        "first": None,
        "end": None,
        "rows": results.looked.rows,
        "findings": counts_of((*results.loaded.findings, *results.looked.findings)),
    }


def _churn(results: PlainResults, config: Config) -> dict[str, Any]:
    made, looked = results.churn.made, results.looked
    rows = looked.labelled
    return {
        "definition": definition(config.churn.label, config),
        "champion": made.champion.name,
        "champion_label": candidate_named(made.champion.name).label,
        "chosen": made.chosen,
        "chosen_label": made.label,
        "promoted": made.promoted,
        "calibration": made.champion.calibration.as_dict(),
        "cross_validation": results.churn.as_dict(),
        "search": search_figures(
            made.searched, config.churn.search_seconds, results.churn.searched_in
        ),
        "settings": settings_figures(made.searched.settings),
        "verdicts": {
            "signal": made.signal.as_dict(),
            "choice": made.choice.as_dict(),
            "baseline": made.against_recency,
            "calibration": results.calibrated.as_dict(),
        },
        "profit": profit_figures(results.profit),
        "rivals": rivals_figures(results.rivals),
        "models": [model_figures(model) for model in made.models],
        "base_rate": share_of(rows.churned).as_dict(),
        "population": {
            "eligible": len(looked.score),
            "sentence": population(looked, config),
            "train_rows": len(rows),
            "validation_rows": len(rows),
            "test_rows": len(rows),
        },
        "label_values": dict(looked.values),
        "threshold": config.churn.threshold,
        "bands": list(config.churn.bands),
        "base_p": results.decided.base_p,
        "importance": importances(results.decided),
        "features": [asdict(info) for info in looked.infos],
        "metrics": metric_words(),
    }


def _fairness(results: PlainResults, config: Config) -> dict[str, Any] | None:
    """Of those with a label, by what models said that did not see it."""
    made = results.churn.made
    return fairness_table(results.looked.labelled, made.p_test, made.champion.features, config)


def population(looked: PlainLooked, config: Config) -> str:
    """Who was looked at, and what the label says of them."""
    rows = looked.labelled
    left, blank = int(rows.churned.sum()), len(looked.score) - len(rows)
    said = (
        f"{count(len(looked.score))} customers of the table: {count(left)} "
        f"({percent(left / len(rows))} of those with a label) left by the column "
        f"{config.churn.label.column}, {count(len(rows) - left)} stayed"
    )
    if blank:
        return f"{said}, and of {count(blank)} it says nothing: they are scored, not learnt from."
    return f"{said}."


def _value(value: Value | str, config: Config) -> dict[str, Any]:
    if not isinstance(value, str):
        return value.as_dict(config)
    return {
        "reason": value,
        "method": None,
        "horizon_days": config.value.horizon_days,
        "discount_rate": config.value.discount_rate_yearly,
        "margin": config.value.margin,
        "currency": config.workspace.currency,
        "parameters": {},
        "notes": [value],
        "verdict": {
            "question": "signal",
            "word": "not known",
            "sentence": value,
            "evidence": {},
        },
        "backtest": {},
        "bands": list(config.value.bands),
    }


def _totals(results: PlainResults, config: Config) -> dict[str, Any]:
    """Of those who are still here; who has left is counted beside them."""
    above, here = config.churn.bands[1], results.looked.is_here
    p, value = results.decided.p_churn, results.value
    clv, loss = (
        (_NO_MONEY, _NO_MONEY) if isinstance(value, str) else (value.total_clv, value.total_loss(p))
    )
    return {
        "customers": int(here.sum()),
        "left_customers": int((~here).sum()),
        "at_risk_customers": int((p[here] >= above).sum()),
        "at_risk_above": above,
        "clv": clv.as_dict(),
        "expected_value_loss": loss.as_dict(),
    }


def _cell(segment: PrioritySegment) -> dict[str, Any]:
    return {
        "clv_band": segment.value_band or None,
        "churn_band": segment.churn_band,
        "customers": segment.customers,
        "p_churn": _known(segment.mean_p_churn),
        "clv": _known(segment.clv),
        "expected_value_loss": _known(segment.expected_value_loss),
    }


def _priority(segment: PrioritySegment) -> dict[str, Any]:
    return {
        "name": segment.name,
        "customers": segment.customers,
        "expected_value_loss": _known(segment.expected_value_loss),
        "what_to_do": segment.action,
    }


def _segments(results: PlainResults) -> dict[str, Any]:
    made = results.decided.segments
    if isinstance(made, str):
        return {"reason": made}
    document = made.as_dict()
    if isinstance(results.value, str):
        nothing = {"clv": None, "expected_value_loss": None}
        document["items"] = [item | nothing for item in document["items"]]
    return document


def _known(value: float) -> float | None:
    return None if isnan(value) else value
