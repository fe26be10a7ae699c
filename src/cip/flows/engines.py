"""The engines of a job: the one that `[run] engine` names, and the one beside the user's files.

Looking at customers (features, labels, sums, histories) is the work that grows, and the chosen
engine does it.  Reading and checking the user's files and changing the lake stay with DuckDB: they
work in bounded memory on files of this machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import ibis

from cip.engine.connect import DUCKDB, connect, open_engine
from cip.engine.spark import check_spark, spark_failures
from cip.flows.job import Job

_ROWS_OF_A_THREAD: Final = 500_000


def check_engine(job: Job) -> None:
    """Nothing, where the chosen engine can be started: said before any file is read.

    Raises: SettingsError S-130 or S-131, see `check_spark`.
    """
    if job.config.run.engine != DUCKDB:
        check_spark()


@contextmanager
def chosen_engine(job: Job, rows: int | None = None) -> Iterator[ibis.BaseBackend]:
    """The engine that the settings name, for about so many `rows`, while the block runs.

    Raises: SettingsError S-130 to S-133, when it is Spark and cannot start or gives up.
    """
    run = job.config.run
    if run.engine == DUCKDB:
        with local_engine(job, rows) as con:
            yield con
        return
    con = open_engine(run.engine, run.threads)
    try:
        with spark_failures():
            yield con
    finally:
        con.disconnect()


@contextmanager
def local_engine(
    job: Job, rows: int | None = None, *, memory: str | None = None, spill: Path | None = None
) -> Iterator[ibis.BaseBackend]:
    """DuckDB, while the block runs; see `connect`.

    It has as many threads as the settings allow, and fewer where it is known that there are few
    `rows`: a second thread then saves no time and costs a twentieth more of the machine.
    """
    most = job.config.run.threads
    threads = most if rows is None else min(most, 1 + rows // _ROWS_OF_A_THREAD)
    con = connect(threads, memory=memory, spill=spill)
    try:
        yield con
    finally:
        con.disconnect()
