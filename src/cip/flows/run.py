"""The main job: load, look at customers in time, model, decide, publish all of it or nothing."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import cip
from cip.flows.churn import model_churn
from cip.flows.decide import decide
from cip.flows.ingest import Loaded, load
from cip.flows.job import Job, open_job
from cip.flows.look import look
from cip.flows.publish import publish
from cip.flows.summary import Results, summarise
from cip.flows.value import clv_total, loss_total, model_value
from cip.ports import Progress
from cip.settings import Workspace
from cip.stores.lock import workspace_lock
from cip.stores.published import sweep
from cip.types import Principal


def run(workspace: Workspace, *, actor: Principal, progress: Progress) -> dict[str, Any]:
    """The summary of the new current run.

    A run that fails or is killed leaves the published runs and the pointer as they were.
    Raises: NotReadyError L-101 when another run is at work in this workspace.
    """
    job = open_job(workspace, actor=actor, action="run", progress=progress)
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
        try:
            return _make(job, run_id, loaded)
        except Exception as error:
            seconds = perf_counter() - begun
            job.records.fail_run(run_id, seconds=seconds, error=f"{type(error).__name__}: {error}")
            raise


def _make(job: Job, run_id: str, loaded: Loaded) -> dict[str, Any]:
    config, steps = job.config, job.steps
    looked = look(job, loaded)
    with steps.step("churn", "fitting and measuring the candidates") as step:
        churn = model_churn(looked, config)
        step.rows = len(looked.train) + len(looked.validation) + len(looked.test)
        step.said = f"{churn.label}, {churn.signal.word}"
    with steps.step("value", "fitting BG/NBD and Gamma-Gamma, testing them") as step:
        value = model_value(looked, config)
        step.rows = len(looked.rfm_score)
        step.said = f"{value.backtest.verdict.word}"
    with steps.step("decide", "ranking customers, writing reasons") as step:
        decided = decide(looked, churn, value, config)
        totals = (clv_total(value, config), loss_total(value, decided.p_churn, config))
        step.rows = len(looked.score)
        step.said = f"{len(decided.segments)} priority segments"
    results = Results(loaded, looked, churn, value, decided, totals)
    with steps.step("publish", "writing the run") as step:
        summary = summarise(job, run_id, results)
        publish(job, run_id, summary, results)
        step.rows = len(looked.score)
        step.said = run_id
    return summary
