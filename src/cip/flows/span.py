"""When the data begin and end, and the cutoffs that follow from it."""

from __future__ import annotations

from datetime import UTC, datetime, time

import ibis

from cip import columns as c
from cip.contract.calendar import make_calendar
from cip.contract.config import Config
from cip.engine.rows import Span, span
from cip.ports import EventStore
from cip.types import Calendar


def span_of(con: ibis.BaseBackend, store: EventStore, config: Config) -> Span:
    """From the first row with a time to the last, or to the day that the settings name.

    Where there are subscriptions alone, their beginnings count.  Raises: NotReadyError C-203 when
    no row has a time.
    """
    tables = [table for table in ("transactions", "interactions") if store.has(table)]
    spans = [span(con, store.files(table), c.OCCURRED_AT) for table in tables]
    if not spans:
        started = store.files("subscriptions") if store.has("subscriptions") else []
        spans = [span(con, started, c.STARTED_AT)]
    last = max(found.last for found in spans)
    if config.snapshot.as_of is not None:
        last = datetime.combine(config.snapshot.as_of, time.max, tzinfo=UTC)
    return Span(min(found.first for found in spans), last)


def calendar_of(seen: Span, config: Config) -> Calendar:
    """The cutoffs of a run over these data.  Raises: ContractError C-201 for too few days."""
    first = seen.first.replace(hour=0, minute=0, second=0, microsecond=0)
    return make_calendar(first, seen.end, config.snapshot)
