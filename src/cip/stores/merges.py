"""Which customer ids mean one customer: every merge and its undoing, kept for good.

A merge is `merging` until every table of the lake holds it, then `merged`; `undoing` and `undone`
are the way back.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import insert, select, update

from cip.stores import schema
from cip.stores.records import Records
from cip.types import Principal

MergeState = Literal["merging", "merged", "undoing", "undone"]
IN_FORCE: Final[frozenset[MergeState]] = frozenset({"merging", "merged"})
OPEN: Final[frozenset[MergeState]] = frozenset({"merging", "undoing"})
EVERY: Final[frozenset[MergeState]] = IN_FORCE | OPEN | {"undone"}
_NEXT: Final[dict[MergeState, MergeState]] = {"merging": "merged", "undoing": "undone"}


@dataclass(frozen=True, slots=True)
class Merge:
    """`old_id` counts as `into_id`: why, since when, by whom, and until when."""

    merge_id: int
    old_id: str
    into_id: str
    why: str
    state: MergeState
    merged_at: datetime
    merged_by: str
    undone_at: datetime | None
    undone_by: str | None


def merges(records: Records, states: Collection[MergeState] = EVERY) -> list[Merge]:
    """Those in one of these states, oldest first."""
    table = schema.merges
    query = select(table).where(table.c.state.in_(sorted(states))).order_by(table.c.merge_id)
    with records.reading() as connection:
        return [Merge(**row) for row in connection.execute(query).mappings()]


def promise_merge(records: Records, actor: Principal, old_id: str, into_id: str, why: str) -> None:
    """Notes that the merge is to be made, with an audit line."""
    with records.writing(actor) as to:
        to.connection.execute(
            insert(schema.merges).values(
                old_id=old_id,
                into_id=into_id,
                why=why,
                state="merging",
                merged_at=to.now,
                merged_by=actor.name,
            )
        )
        to.audit("merge", old_id, {"into": into_id, "why": why})


def promise_undo(records: Records, actor: Principal, merge: Merge) -> None:
    """Notes that the merge is to be undone, with an audit line."""
    with records.writing(actor) as to:
        values = {"state": "undoing", "undone_at": to.now, "undone_by": actor.name}
        chosen = schema.merges.c.merge_id == merge.merge_id
        to.connection.execute(update(schema.merges).where(chosen).values(**values))
        to.audit("unmerge", merge.old_id, {"into": merge.into_id})


def keep_promise(records: Records, actor: Principal, merge: Merge) -> None:
    """Notes that every table holds it now."""
    with records.writing(actor) as to:
        chosen = schema.merges.c.merge_id == merge.merge_id
        state = _NEXT[merge.state]
        to.connection.execute(update(schema.merges).where(chosen).values(state=state))
