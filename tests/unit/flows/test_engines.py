from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cip.flows.actors import local_owner
from cip.flows.engines import chosen_engine
from cip.flows.job import Job, open_job
from cip.flows.steps import Silent
from cip.settings import Workspace


@pytest.fixture
def job(tmp_path: Path, put, players) -> Job:
    put("cip.toml", players())
    put("plays.csv", "who,at,what", "ann,2024-01-01,play")
    return open_job(Workspace(tmp_path), actor=local_owner(), action="run", progress=Silent())


@pytest.mark.parametrize(
    ("allowed", "rows", "threads"),
    [(2, 10, 1), (2, 600_000, 2), (4, 1_700_000, 4), (3, 10**9, 3), (1, 10**9, 1), (2, None, 2)],
)
def test_few_rows_wake_one_thread_and_many_all_that_are_allowed(
    job: Job, allowed: int, rows: int | None, threads: int
) -> None:
    run = job.config.run.model_copy(update={"threads": allowed})
    job = replace(job, config=job.config.model_copy(update={"run": run}))
    with chosen_engine(job, rows) as con:
        assert int(con.settings["threads"]) == threads
