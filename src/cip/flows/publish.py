"""Write what a run made, all of it aside, then make it current by one row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pyarrow as pa

from cip import columns as c
from cip.flows.job import Job
from cip.flows.recommend import Recommendations
from cip.flows.summary import Results
from cip.models.churn.model import ChurnModel
from cip.models.evaluate import Curves
from cip.stores.customers import write_customers
from cip.stores.published import seal_run, stage_run, write_summary, write_table
from cip.stores.registry import write_artefacts
from cip.types import FeatureFrame


@dataclass(frozen=True)
class Publication:
    """What every run publishes beside its summary; `tables` by file name."""

    customers: pa.Table
    tables: Mapping[str, pa.Table]
    champion: ChurnModel
    versions: Mapping[str, int]
    lists: Recommendations | str


def publish(job: Job, run_id: str, summary: Mapping[str, Any], results: Results) -> None:
    """The published folder of a run with events, and the pointer to it."""
    made = Publication(
        customers=results.decided.customers,
        tables={
            "features": features_table(results.looked.score),
            "test_predictions": _predictions(results),
            **curve_tables(results.churn.curves),
        },
        champion=results.churn.champion,
        versions=results.loaded.versions,
        lists=results.recommendations,
    )
    publish_files(job, run_id, summary, made)


def publish_files(job: Job, run_id: str, summary: Mapping[str, Any], made: Publication) -> None:
    """The published folder, sealed; then the pointer, the only commit."""
    staging = stage_run(job.workspace.published, run_id)
    write_summary(staging, summary)
    write_customers(staging, made.customers)
    for name, table in made.tables.items():
        write_table(staging, name, table)
    if not isinstance(made.lists, str):
        _write_lists(staging, run_id, made.lists)
    write_artefacts(
        staging / "model",
        made.champion.artefacts(),
        {
            "name": made.champion.name,
            "run_id": run_id,
            "features": list(made.champion.features),
            "data_versions": dict(made.versions),
        },
    )
    seal_run(staging, job.workspace.published, run_id)
    job.records.finish_run(run_id, seconds=_seconds(job), summary=summary)
    job.records.publish(run_id, job.actor)


def _write_lists(staging: Path, run_id: str, made: Recommendations) -> None:
    """The lists, the ratings behind predicted ones, and the models that serve."""
    write_table(staging, "recommendations", made.table)
    write_table(staging, "ratings", made.ratings)
    files = made.popularity.artefacts()
    if made.ease is not None:
        files |= made.ease.artefacts()
    kind = "popularity" if made.ease is None else "ease"
    write_artefacts(staging / "recommender", files, {"name": kind, "run_id": run_id})


def features_table(frame: FeatureFrame) -> pa.Table:
    """Customer, cutoff and every feature, one row a customer."""
    return pa.table(
        {
            c.CUSTOMER_ID: pa.array(frame.customer_id, pa.string()),
            c.CUTOFF: pa.array(frame.cutoff, pa.timestamp("us")).cast(pa.timestamp("us", "UTC")),
            **{name: pa.array(values, from_pandas=True) for name, values in frame.columns.items()},
        }
    )


def _predictions(results: Results) -> pa.Table:
    test = results.looked.test
    return pa.table(
        {
            c.CUSTOMER_ID: pa.array(test.features.customer_id, pa.string()),
            c.P_CHURN: results.churn.p_test,
            c.CHURNED: test.churned,
            c.FUTURE_VALUE: test.future_value,
        }
    )


def curve_tables(drawn: Curves) -> dict[str, pa.Table]:
    """The curves, by file name."""
    bins = drawn.calibration
    return {
        "curve_roc": pa.table({"false_alarm_rate": drawn.roc.x, "recall": drawn.roc.y}),
        "curve_precision_recall": pa.table({"recall": drawn.pr.x, "precision": drawn.pr.y}),
        "curve_calibration": pa.table({f.name: getattr(bins, f.name) for f in fields(bins)}),
    }


def _seconds(job: Job) -> float:
    return float(sum(step["seconds"] for step in job.steps.done))
