"""Bring the workspace's tables by day up to date before a run looks at its customers."""

from __future__ import annotations

import ibis

from cip.engine.bucket import bucket_of
from cip.engine.connect import in_one_pass
from cip.engine.daily_parts import Part
from cip.engine.daily_update import bring_up_to_date, forget_buckets
from cip.flows.job import Job
from cip.stores.daily import DailyFolder
from cip.stores.lake import LakeSnapshot

_EVENTS = ("transactions", "interactions")


def daily_tables(job: Job, con: ibis.BaseBackend, lake: LakeSnapshot) -> tuple[Part, ...]:
    """What is stored by day of the lake, for engines that read it; nothing of a small lake.

    `[run] store_daily_from` says how many events make a lake large.  The caller holds the
    workspace's lock.
    """
    run = job.config.run
    events = sum(lake.rows(table) for table in _EVENTS if lake.has(table))
    if in_one_pass(con) or events < run.store_daily_from:
        return ()
    folder = DailyFolder(job.workspace.daily)
    folder.sweep()
    with job.steps.step("daily", "bringing the tables by day up to date") as step:

        def on_pass(number: int, passes: int, rows: int) -> None:
            step.rows = (step.rows or 0) + rows
            job.steps.moved("daily", f"adding up by day: {number} of {passes}")

        parts = bring_up_to_date(con, lake, folder, run.rows_per_pass, on_pass)
        step.said = "added up by day" if step.rows else "nothing new"
    return parts


def forget_customers(job: Job, ids: list[str]) -> None:
    """Nothing that is stored by day holds these customers any more; a later run makes it anew."""
    folder = DailyFolder(job.workspace.daily)
    forget_buckets(folder, [bucket_of(each) for each in ids])
    folder.sweep()
