"""The main job on one customer table without time: model who left, decide whom to keep, publish."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa

from cip import columns as c
from cip.contract.config import Config
from cip.flows.calibrated import judge_calibration
from cip.flows.changeable import read_by
from cip.flows.ingest import Loaded
from cip.flows.insights import insight_tables
from cip.flows.job import Job
from cip.flows.labels import judge_given
from cip.flows.leaks import Leaks, leaks_of, rest, together, without, without_from
from cip.flows.look import open_lake
from cip.flows.plain_churn import PlainChurn, model_plain
from cip.flows.plain_decide import decide_plain
from cip.flows.plain_look import PlainLooked, look_plain
from cip.flows.plain_summary import PlainResults, primary_plain, summarise_plain
from cip.flows.plain_value import value_of_months
from cip.flows.profit import Earned, PastScores, profit_of
from cip.flows.publish import (
    Publication,
    curve_tables,
    features_table,
    publish_files,
    value_at_test,
)
from cip.flows.rivals import plain_rivals
from cip.flows.value import Value


def make_plain(job: Job, run_id: str, loaded: Loaded) -> dict[str, Any]:
    """The summary of the run, which is published."""
    with open_lake(job, loaded) as (con, lake):
        seen = look_plain(job, con, lake)
    results = _model(job, loaded, seen)
    with job.steps.step("publish", "writing the run") as step:
        summary = summarise_plain(job, run_id, results)
        summary = publish_files(job, run_id, summary, _publication(results))
        step.rows, step.said = len(seen.score), run_id
    return summary


def _model(job: Job, loaded: Loaded, seen: PlainLooked) -> PlainResults:
    config, steps = job.config, job.steps
    with steps.step("leaks", "looking for attributes that know the answer") as step:
        looked, leaks = _without_leaks(seen, config)
        step.rows, step.said = len(looked.labelled), leaks.said()
    with steps.step("churn", "choosing and measuring the candidates in folds") as step:
        churn = model_plain(looked, config, partial(steps.moved, "churn"))
        others = (judge_given(o.parts[0], o.infos, o.rule, config) for o in looked.others)
        labels = (primary_plain(looked, churn, config), *others)
        step.rows = len(looked.labelled)
        step.said = f"{churn.made.label}, {churn.made.signal.word}"
    with steps.step("decide", "ranking customers, writing reasons, segments") as step:
        value = value_of_months(looked, churn.scored.p, config)
        decided = decide_plain(looked, churn, value, config)
        step.rows = len(looked.score)
        step.said = "no value in money" if isinstance(value, str) else value.method
    rivals = plain_rivals(
        steps,
        churn.made.champion,
        looked.labelled,
        infos=looked.infos,
        settings=churn.made.searched.settings,
        config=config,
    )
    calibrated = judge_calibration(churn.made, config)
    return PlainResults(
        loaded,
        looked,
        churn,
        value,
        decided,
        labels,
        leaks,
        calibrated,
        _profit(looked, churn, value, config),
        rivals,
    )


def _profit(
    looked: PlainLooked, churn: PlainChurn, value: Value | str, config: Config
) -> Earned | str:
    """Of those with a label, by what models said that did not see it."""
    rows = looked.labelled
    tested = PastScores(rows.churned, churn.made.p_test, rows.features.customer_id)
    known = None if isinstance(value, str) else value
    ranks = churn.made.signal.word != "no signal"
    return profit_of(tested, churn.scored.p, known, config, has_signal=ranks)


def _without_leaks(seen: PlainLooked, config: Config) -> tuple[PlainLooked, Leaks]:
    """What the models may read; the customers' own columns stay beside them for people.

    What gives one of the labels away is kept out under all of them.
    """
    found = together(
        leaks_of(seen.labelled, seen.infos, config),
        *(leaks_of(o.parts[0], o.infos, config, label=o.rule.column or "") for o in seen.others),
    )
    names = found.names_out
    kept = replace(
        seen,
        labelled=without(seen.labelled, names),
        infos=read_by(seen.score, rest(seen.infos, names), config),
        others=tuple(
            without_from(other, names | set(config.churn.leave_out)) for other in seen.others
        ),
    )
    return kept, found


def _publication(results: PlainResults) -> Publication:
    made = results.churn.made
    features = features_table(results.looked.score).drop_columns([c.CUTOFF])
    return Publication(
        customers=results.decided.customers,
        tables={
            "features": features,
            "test_predictions": _out_of_fold(results),
            **curve_tables(made.curves, results.profit),
            **insight_tables(results.decided.insights),
        },
        champion=made.champion,
        versions=results.loaded.versions,
        lists="",
        scored=results.looked.score,
        infos=results.looked.infos,
    )


def _out_of_fold(results: PlainResults) -> pa.Table:
    """What was said of each customer with a label by models that did not see it."""
    rows, value = results.looked.labelled, results.value
    return pa.table(
        {
            c.CUSTOMER_ID: pa.array(rows.features.customer_id, pa.string()),
            c.P_CHURN: results.churn.made.p_test,
            c.CHURNED: rows.churned,
            **value_at_test(None if isinstance(value, str) else value),
        }
    )
