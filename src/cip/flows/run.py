"""The main job: load, look at customers in time, model, decide, publish all of it or nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any

import cip
from cip.contract.config import Config
from cip.errors import ContractError
from cip.flows.backtest import rolling_origins
from cip.flows.calibrated import judge_calibration
from cip.flows.changeable import as_models_read, check_changeable
from cip.flows.churn import Churn, model_churn
from cip.flows.decide import Decided, decide
from cip.flows.engines import check_engine
from cip.flows.features import user_features
from cip.flows.ingest import Loaded, load
from cip.flows.job import Job, open_job
from cip.flows.labels import judge_others, primary_label
from cip.flows.leaks import Leaks, keep_out_of
from cip.flows.look import Looked, look, open_lake
from cip.flows.outcomes import judge_due
from cip.flows.plain import make_plain
from cip.flows.profit import PastScores, profit_of
from cip.flows.publish import publish
from cip.flows.recommend import recommend_items
from cip.flows.rivals import check_rivals, rivals_of
from cip.flows.summary import Results, summarise
from cip.flows.value import Value
from cip.flows.value_purchases import value_by_purchases
from cip.flows.value_subscriptions import value_by_subscriptions
from cip.ports import Progress
from cip.settings import Workspace
from cip.stores.lock import workspace_lock
from cip.stores.published import sweep
from cip.types import Principal


def run(workspace: Workspace, *, actor: Principal, progress: Progress) -> dict[str, Any]:
    """The summary of the new current run.

    A run that fails or is killed leaves the published runs and the pointer as they were.
    Raises: NotReadyError L-101 when another run is at work in this workspace; SettingsError S-130
    to S-133 when `[run] engine` is Spark and it cannot start or gives up.
    """
    job = open_job(workspace, actor=actor, action="run", progress=progress)
    check_engine(job)
    check_rivals(job.config)
    # what is wrong with them is said before anything is read
    check_changeable(job.config, user_features(workspace.root, job.config).features)
    with workspace_lock(workspace.root / ".run.lock"):
        sweep(workspace.published)
        loaded = load(job)
        run_id = job.records.start_run(
            actor,
            data_versions=loaded.versions,
            config_fingerprint=job.config.fingerprint(),
            code_version=cip.__version__,
            seed=job.config.run.seed,
        )
        begun = perf_counter()
        make = make_plain if job.config.shape == "plain" else _make
        try:
            return make(job, run_id, loaded)
        except Exception as error:
            seconds = perf_counter() - begun
            job.records.fail_run(run_id, seconds=seconds, error=f"{type(error).__name__}: {error}")
            raise


def _make(job: Job, run_id: str, loaded: Loaded) -> dict[str, Any]:
    with open_lake(job, loaded) as (con, lake):
        looked, leaks = keep_out_of(job, con, lake, look(job, con, lake))
    # the engine is closed meanwhile: its memory is theirs
    results = _model(job, loaded, as_models_read(looked, job.config), leaks)
    with open_lake(job, loaded) as (con, lake):
        with job.steps.step("recommend", "making lists, judging them on the last weeks") as step:
            lists = recommend_items(
                con, lake, looked.calendar, looked.score.customer_id, job.config
            )
            step.rows = 0 if isinstance(lists, str) else lists.table.num_rows
            step.said = lists if isinstance(lists, str) else lists.evaluation.verdict.word
        outcomes = judge_due(job, con, lake, looked.calendar, run_id)
    results = replace(results, recommendations=lists)
    with job.steps.step("publish", "writing the run") as step:
        summary = summarise(job, run_id, results)
        summary = publish(job, run_id, summary, results, outcomes)
        step.rows = len(looked.score)
        step.said = run_id
    return summary


def _model(job: Job, loaded: Loaded, looked: Looked, leaks: Leaks) -> Results:
    config, steps = job.config, job.steps
    with steps.step("churn", "fitting and measuring the candidates") as step:
        churn = model_churn(looked, config, partial(steps.moved, "churn"))
        labels = (primary_label(looked, churn, config), *judge_others(looked, config))
        step.rows = len(looked.train) + len(looked.validation) + len(looked.test)
        step.said = f"{churn.label}, {churn.signal.word}"
    with steps.step("value", "fitting what customers are worth, testing it") as step:
        value = model_value(looked, config)
        step.rows = len(looked.score)
        step.said = f"{value.method}, {value.verdict.word}"
    with steps.step("decide", "ranking customers, writing reasons, segments") as step:
        decided = decide(looked, churn, value, config)
        step.rows = len(looked.score)
        step.said = _segments_said(decided)
    seen = (looked.test.features, looked.train.features)
    rivals = rivals_of(steps, churn.champion, churn.rivals, seen, infos=looked.infos, config=config)
    calibrated = judge_calibration(churn, config)
    origins = rolling_origins(looked, churn, config)
    ranks = churn.signal.word != "no signal"
    profit = profit_of(_tested(looked, churn), decided.p_churn, value, config, has_signal=ranks)
    return Results(
        loaded,
        looked,
        churn,
        value,
        decided,
        labels,
        leaks,
        "not made",
        calibrated,
        profit,
        origins,
        rivals,
    )


def _tested(looked: Looked, churn: Churn) -> PastScores:
    who = looked.test.features.customer_id
    return PastScores(looked.test.churned, churn.p_test, who, churn.p_recency)


def model_value(looked: Looked, config: Config) -> Value:
    """By subscriptions where they are what customers pay for, else by purchases."""
    if looked.subscribers is not None:
        return value_by_subscriptions(looked, looked.subscribers, config)
    if looked.purchases is not None:
        return value_by_purchases(looked, looked.purchases, config)
    raise ContractError(
        "C-211",
        "neither transactions nor subscriptions were loaded, so nobody has a value.",
        "map tables.transactions or tables.subscriptions",
    )


def _segments_said(decided: Decided) -> str:
    if isinstance(decided.segments, str):
        return "no segments"
    return f"{len(decided.segments.personas)} segments"
