"""Write what a run made, all of it aside, then make it current by one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cip import columns as c
from cip.engine.days import opening
from cip.flows.insights import insight_tables
from cip.flows.job import Job
from cip.flows.ledger import ledger_with
from cip.flows.lineage import lineage_of
from cip.flows.model_folder import MODEL, SCHEMA_HASH, SERVING, schema_hash, serving_manifest
from cip.flows.outcomes import Outcome
from cip.flows.profit import Earned
from cip.flows.recommend import Recommendations
from cip.flows.sealing import forecast
from cip.flows.summary import Results
from cip.flows.value import Value
from cip.models.churn.model import ChurnModel
from cip.models.evaluate import Curves
from cip.stores.customers import write_customers
from cip.stores.ledger import add_line
from cip.stores.published import seal_run, stage_run, write_summary, write_table
from cip.stores.records import Writing
from cip.stores.registry import write_artefacts
from cip.stores.versions import add_version
from cip.types import FeatureFrame, FeatureInfo, FloatArray


@dataclass(frozen=True)
class Publication:
    """What every run publishes beside its summary; `tables` by file name."""

    customers: pa.Table
    tables: Mapping[str, pa.Table]
    champion: ChurnModel
    versions: Mapping[str, int]
    lists: Recommendations | str
    scored: FeatureFrame
    infos: Sequence[FeatureInfo]
    outcomes: tuple[Outcome, ...] = ()


def publish(
    job: Job,
    run_id: str,
    summary: Mapping[str, Any],
    results: Results,
    outcomes: tuple[Outcome, ...],
) -> dict[str, Any]:
    """The published folder of a run with events, and the pointer to it; see `publish_files`."""
    made = Publication(
        customers=results.decided.customers,
        tables={
            "features": features_table(results.looked.score, job.config.workspace.time_zone),
            "test_predictions": _predictions(results),
            **curve_tables(results.churn.curves, results.profit),
            **insight_tables(results.decided.insights),
        },
        champion=results.churn.champion,
        versions=results.loaded.versions,
        lists=results.recommendations,
        scored=results.looked.score,
        infos=results.looked.infos,
        outcomes=outcomes,
    )
    return publish_files(job, run_id, summary, made)


def publish_files(
    job: Job, run_id: str, found: Mapping[str, Any], made: Publication
) -> dict[str, Any]:
    """The summary with the ledger, once the folder is sealed and the pointer moved.

    The pointer is the only commit: the model version and the lines of the ledger stand in its
    transaction.
    """
    sealed = forecast(made.customers, found, job.config)
    summary = {**found, "ledger": ledger_with(job.records, run_id, sealed, made.outcomes)}
    staging = stage_run(job.workspace.published, run_id)
    write_summary(staging, summary)
    write_customers(staging, made.customers)
    for name, table in made.tables.items():
        write_table(staging, name, table)
    if not isinstance(made.lists, str):
        _write_lists(staging, run_id, made.lists)
    write_artefacts(
        staging / MODEL,
        made.champion.artefacts(),
        {
            "name": made.champion.name,
            "run_id": run_id,
            "features": list(made.champion.features),
            "data_versions": dict(made.versions),
            "settings": summary["churn"]["settings"],
            SCHEMA_HASH: schema_hash(made.champion.encoder),
            SERVING: serving_manifest(
                made.champion, made.scored, made.infos, job.config.churn.bands
            ),
        },
    )
    folder = seal_run(staging, job.workspace.published, run_id)
    version = lineage_of(job, folder, summary, made.champion, made.versions)

    def beside(writing: Writing) -> None:
        add_version(writing, version)
        for outcome in made.outcomes:
            if not outcome.reason:
                add_line(writing, outcome.run_id, "outcome", outcome.said)
        add_line(writing, run_id, "forecast", sealed)

    job.records.finish_run(run_id, seconds=_seconds(job), summary=summary)
    job.records.publish(run_id, job.actor, beside=beside)
    return summary


def _write_lists(staging: Path, run_id: str, made: Recommendations) -> None:
    """The lists, the ratings behind predicted ones, and the models that serve."""
    write_table(staging, "recommendations", made.table)
    write_table(staging, "ratings", made.ratings)
    files = made.popularity.artefacts()
    if made.ease is not None:
        files |= made.ease.artefacts()
    kind = "popularity" if made.ease is None else "ease"
    write_artefacts(staging / "recommender", files, {"name": kind, "run_id": run_id})


def features_table(frame: FeatureFrame, zone: str = "UTC") -> pa.Table:
    """Customer, cutoff and every feature, one row a customer.

    The cutoff is an instant, shown on the clock of the zone.
    """
    return pa.table(
        {
            c.CUSTOMER_ID: pa.array(frame.customer_id, pa.string()),
            c.CUTOFF: _instants(frame.cutoff, zone),
            **{name: pa.array(values, from_pandas=True) for name, values in frame.columns.items()},
        }
    )


def _instants(midnights: NDArray[np.datetime64], zone: str) -> pa.Array:
    """Of local midnights, of which there are few, the instants at which they strike.

    A customer table alone has no cutoff: NaT becomes null.
    """
    days, places = np.unique(midnights.astype("datetime64[D]"), return_inverse=True)
    struck = [None if d is None else opening(d, zone).astimezone(UTC) for d in days.tolist()]
    return pa.array(struck, pa.timestamp("us", zone)).take(pa.array(places))


def _predictions(results: Results) -> pa.Table:
    test = results.looked.test
    return pa.table(
        {
            c.CUSTOMER_ID: pa.array(test.features.customer_id, pa.string()),
            c.P_CHURN: results.churn.p_test,
            c.CHURNED: test.churned,
            c.FUTURE_VALUE: pa.array(_paid(results), from_pandas=True),
            **value_at_test(results.value),
        }
    )


def _paid(results: Results) -> FloatArray:
    """What each test customer paid in the horizon; NaN where the data hold no payments."""
    paid = results.looked.test.future_value
    has_payments = "transactions" in results.looked.rows
    return paid if has_payments else np.full_like(paid, np.nan)


def value_at_test(value: Value | None) -> dict[str, FloatArray]:
    """What each test customer was worth on that date if retained, where the method can say."""
    if value is None or value.at_test is None:
        return {}
    return {c.CLV_IF_RETAINED: value.at_test}


def curve_tables(drawn: Curves, profit: Earned | str) -> dict[str, pa.Table]:
    """The curves, by file name."""
    bins = drawn.calibration
    money = {} if isinstance(profit, str) else {"curve_profit": profit.table()}
    return {
        "curve_roc": pa.table({"false_alarm_rate": drawn.roc.x, "recall": drawn.roc.y}),
        "curve_precision_recall": pa.table({"recall": drawn.pr.x, "precision": drawn.pr.y}),
        "curve_calibration": pa.table({f.name: getattr(bins, f.name) for f in fields(bins)}),
        **money,
    }


def _seconds(job: Job) -> float:
    return float(sum(step["seconds"] for step in job.steps.done))
