"""Two ids that are one customer: merge them, undo it, list the merges.

From a merge on, rows of the old id count for the other one, those in the lake and those of every
later load.  A merge and its undoing are promised in the records first and kept table by table, each
in one commit; whoever opens the lake next keeps a promise that a killed process left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import ibis
from ibis.expr.types import Table

from cip import columns as c
from cip.engine.batches import sorted_batches
from cip.engine.bucket import bucket_of
from cip.engine.connect import together
from cip.engine.merging import filled, merged
from cip.errors import ContractError, NotFoundError
from cip.flows.engines import local_engine
from cip.flows.job import Job, open_job
from cip.flows.move import APART, Moves, customer_tables, move_back, move_rows, rows_in, sort_keys
from cip.flows.steps import Silent
from cip.settings import Workspace
from cip.stores.lake import Lake
from cip.stores.lock import workspace_lock
from cip.stores.merges import (
    IN_FORCE,
    OPEN,
    Merge,
    keep_promise,
    merges,
    promise_merge,
    promise_undo,
)
from cip.types import Principal


@dataclass(frozen=True)
class MergeList:
    """Every merge there ever was, the oldest first."""

    merges: tuple[Merge, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"merges": [asdict(merge) for merge in self.merges]}

    def lines(self) -> list[str]:
        """For people."""
        if not self.merges:
            return ["No customers were merged."]
        return [
            f"{m.old_id} counts as {m.into_id}: {m.state}, {m.merged_at:%Y-%m-%d %H:%M} by "
            f"{m.merged_by} ({m.why})"
            + (f"; undone {m.undone_at:%Y-%m-%d %H:%M} by {m.undone_by}" if m.undone_at else "")
            for m in self.merges
        ]


def merge_customers(
    workspace: Workspace, old_id: str, into_id: str, *, why: str, actor: Principal
) -> None:
    """`old_id` counts as `into_id` from now on.

    Raises: ContractError C-150 for one id twice, C-151 for a chain or a cycle, C-152 without a
    reason; NotFoundError C-153 for an id that no table of the lake holds.
    """
    job = open_job(workspace, actor=actor, action="configure", progress=Silent())
    with workspace_lock(workspace.root / ".run.lock"), local_engine(job) as con:
        keep_promises(job, con)
        _check(merges(job.records, IN_FORCE), old_id, into_id, why)
        for each in (old_id, into_id):
            _check_known(job, con, each)
        promise_merge(job.records, actor, old_id, into_id, why)
        keep_promises(job, con)


def unmerge_customers(workspace: Workspace, old_id: str, *, actor: Principal) -> None:
    """`old_id` is a customer of its own again, with everything that its sources ever said of it.

    Raises: NotFoundError C-154 when it was not merged.
    """
    job = open_job(workspace, actor=actor, action="configure", progress=Silent())
    with workspace_lock(workspace.root / ".run.lock"), local_engine(job) as con:
        keep_promises(job, con)
        found = [m for m in merges(job.records, IN_FORCE) if m.old_id == old_id]
        if not found:
            raise NotFoundError(
                "C-154", f"{old_id!r} was not merged.", "`cip customers merges` lists them"
            )
        promise_undo(job.records, actor, found[0])
        keep_promises(job, con)


def list_merges(workspace: Workspace, *, actor: Principal) -> MergeList:
    """Those in force and those that were undone."""
    job = open_job(workspace, actor=actor, action="read", progress=Silent())
    return MergeList(tuple(merges(job.records)))


def moves_of(job: Job) -> Moves:
    """Which ids count for which customers now."""
    return Moves({merge.old_id: merge.into_id for merge in merges(job.records, IN_FORCE)})


def keep_promises(job: Job, con: ibis.BaseBackend) -> None:
    """Everything that a merge or its undoing still has to do in the lake is done."""
    lake = Lake(job.workspace.lake)
    for merge in merges(job.records, OPEN):
        move = move_rows if merge.state == "merging" else move_back
        for table in customer_tables():
            move(lake, con, table, merge.old_id, merge.into_id)
        _settle(job, con, lake, merge)
        keep_promise(job.records, job.actor, merge)


def customers_with_merges(
    job: Job, con: ibis.BaseBackend, delivered: Table, there: Table | None
) -> Table:
    """The customers table after a delivery: attributes of merged customers are put together.

    What the sources say of each id that is merged is kept apart first, so that it can be undone.
    """
    moves, aside = moves_of(job), _apart(job)
    if not moves.into:
        return merged(delivered, there)
    news = delivered.filter(delivered[c.CUSTOMER_ID].isin(moves.involved))
    _replace(aside, con, merged(news, rows_in(aside, con, "customers")))
    apart = rows_in(aside, con, "customers")
    rows = merged(delivered, there)
    return rows if apart is None else _together(rows, apart, moves)


def as_sources_said(job: Job, con: ibis.BaseBackend, there: Table | None) -> Table | None:
    """The customers table as if nobody was merged: what a delivery is compared with."""
    apart = rows_in(_apart(job), con, "customers")
    if there is None or apart is None:
        return there
    involved = moves_of(job).involved
    return together([there.filter(there[c.CUSTOMER_ID].notin(involved)), apart])


def _settle(job: Job, con: ibis.BaseBackend, lake: Lake, merge: Merge) -> None:
    """The customers table as the merges in force want it; done again it changes nothing."""
    there = rows_in(lake, con, "customers")
    if there is None:
        return
    aside, moves = _apart(job), moves_of(job)
    apart = rows_in(aside, con, "customers")
    if merge.state == "merging":
        first = there.filter(there[c.CUSTOMER_ID].isin(_to_keep(job, apart, merge)))
        apart = first if apart is None else together([apart, first])
        _replace(aside, con, apart)
    if apart is None:
        return
    kept = _ids(apart)
    if merge.state == "undoing" and merge.old_id in kept:
        # the row of `into_id` is still the one that was put together
        there = there.filter(there[c.CUSTOMER_ID] != merge.into_id)
    _replace(lake, con, _together(there, apart, moves))
    if merge.state == "undoing":
        _replace(aside, con, apart.filter(apart[c.CUSTOMER_ID].isin(moves.involved)))


def _to_keep(job: Job, apart: Table | None, merge: Merge) -> list[str]:
    """The ids whose rows in the customers table still are what their source said."""
    kept = set() if apart is None else _ids(apart)
    if merge.old_id in kept:
        return []
    done = {m.into_id for m in merges(job.records, IN_FORCE) if m.merge_id != merge.merge_id}
    return [each for each in (merge.old_id, merge.into_id) if each not in {*kept, *done}]


def _ids(rows: Table) -> set[str]:
    return set(rows[c.CUSTOMER_ID].to_pyarrow().to_pylist())


def _together(rows: Table, apart: Table, moves: Moves) -> Table:
    """`rows` with one row a merged customer: its own attributes, gaps filled from the old ids."""
    apart = together([apart, rows.limit(0)]).select(*rows.columns)
    others, involved = rows.anti_join(apart, c.CUSTOMER_ID), moves.involved
    parts = [
        each.filter(each[c.CUSTOMER_ID].notin(involved)) if involved else each
        for each in (others, apart)
    ]
    for into in sorted(set(moves.into.values())):
        olds = [old for old, to in moves.into.items() if to == into]
        kept = apart.filter(apart[c.CUSTOMER_ID].isin([into, *olds]))
        if kept.count().to_pyarrow().as_py():
            parts.append(filled(kept, [into, *olds], into, bucket_of(into)))
    return together(parts)


def _replace(lake: Lake, con: ibis.BaseBackend, rows: Table) -> None:
    """The customers table of a lake; nothing is written where there was and is nobody."""
    count = rows.count().to_pyarrow().as_py()
    if count or lake.version("customers") is not None:
        lake.replace("customers", sorted_batches(con, rows, sort_keys("customers")))


def _apart(job: Job) -> Lake:
    return Lake(job.workspace.lake / APART)


def _check(in_force: Iterable[Merge], old_id: str, into_id: str, why: str) -> None:
    if old_id == into_id:
        raise ContractError("C-150", f"{old_id!r} cannot be merged into itself.", "name two ids")
    if not why.strip():
        raise ContractError("C-152", "a merge needs a reason.", 'say it: --why "same e-mail"')
    for merge in in_force:
        taken = {merge.old_id, merge.into_id} & {old_id, into_id}
        if merge.old_id in taken or merge.into_id == old_id:
            raise ContractError(
                "C-151",
                f"{merge.old_id!r} counts as {merge.into_id!r} already; merging {old_id!r} into "
                f"{into_id!r} would make a chain or a circle.",
                f"undo that merge first (`cip customers unmerge {merge.old_id}`), then merge every "
                "old id into the one that stays",
            )


def _check_known(job: Job, con: ibis.BaseBackend, customer_id: str) -> None:
    lake = Lake(job.workspace.lake)
    for table in (*customer_tables(), "customers"):
        rows = rows_in(lake, con, table, [bucket_of(customer_id)])
        if rows is not None:
            found = rows.filter(rows[c.CUSTOMER_ID] == customer_id)
            if found.limit(1).count().to_pyarrow().as_py():
                return
    raise NotFoundError(
        "C-153", f"no table holds a customer {customer_id!r}.", "ids are written as in the lake"
    )
