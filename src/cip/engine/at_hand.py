"""The rows of one pass in the engine's memory, with their days, for as long as the pass lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import ibis
from ibis.expr.types import Table

from cip import columns as c
from cip.engine.connect import forget, in_one_pass, materialise
from cip.engine.events import Events, with_days

_TIMES: Final = {
    "transactions": c.OCCURRED_AT,
    "interactions": c.OCCURRED_AT,
    "subscriptions": c.STARTED_AT,
}
_UNREAD: Final = frozenset({c.ROW_KEY, c.SOURCE_ROW, c.REVISION, c.ORIGINAL_ID})


@contextmanager
def at_hand(con: ibis.BaseBackend, events: Events) -> Iterator[Events]:
    """The events, read and given their days once instead of at every use, while the block runs.

    So is whatever `keep` is asked to keep: one thing is computed after the other, and what it took
    to do so is free for the next.  An engine that divides large work by itself computes everything
    when it is needed, as ever.
    """
    if in_one_pass(con):
        yield events
        return
    kept: list[Table] = []

    def keep(rows: Table) -> Table:
        kept.append(materialise(con, rows))
        return kept[-1]

    given = {name: getattr(events, name) for name in _TIMES}
    tables = {
        name: keep(_with_days(rows, _TIMES[name]))
        for name, rows in given.items()
        if rows is not None
    }
    try:
        yield replace(events, **tables, keep=keep)
    finally:
        forget(con, kept)


def _with_days(rows: Table, time: str) -> Table:
    return with_days(rows.drop(*sorted(_UNREAD & set(rows.columns))), time)
