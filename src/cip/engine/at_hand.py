"""The rows of one pass in the engine's memory, with their days, for as long as the pass lasts."""

from __future__ import annotations

from collections.abc import Collection, Iterator
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
UNREAD: Final = frozenset({c.ROW_KEY, c.SOURCE_ROW, c.REVISION, c.ORIGINAL_ID})
"""Columns of the lake that no feature, label or table by day reads."""


@contextmanager
def at_hand(
    con: ibis.BaseBackend, events: Events, unread: Collection[str] = ()
) -> Iterator[Events]:
    """The events, read and given their days once instead of at every use, while the block runs.

    `unread` are tables of events that hardly anybody will ask for, because tables by day say it
    all: they stay in their files.

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
        if rows is not None and name not in unread
    }
    try:
        daily = {name: keep(rows) for name, rows in events.daily.items()}
        yield replace(events, **tables, daily=daily, keep=keep)
    finally:
        forget(con, kept)


def _with_days(rows: Table, time: str) -> Table:
    return with_days(rows.drop(*sorted(UNREAD & set(rows.columns))), time)
