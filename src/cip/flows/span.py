"""When the data begin and end, and the cutoffs that follow from it."""

from __future__ import annotations

from datetime import datetime, time

import ibis

from cip import columns as c
from cip.contract.calendar import make_calendar
from cip.contract.config import Config
from cip.engine.rows import Span, span
from cip.engine.zones import clock_of
from cip.ports import EventStore
from cip.types import Calendar


def span_of(con: ibis.BaseBackend, store: EventStore, config: Config) -> Span:
    """From the first row with a time to the last, or to the day that the settings name.

    Both are told on the clock of the business.  Where there are subscriptions alone, their
    beginnings count.  Raises: NotReadyError C-203 when no row has a time.
    """
    tables = [table for table in ("transactions", "interactions") if store.has(table)]
    spans = [span(con, store.files(table), c.OCCURRED_AT) for table in tables]
    if not spans:
        started = store.files("subscriptions") if store.has("subscriptions") else []
        spans = [span(con, started, c.STARTED_AT)]
    clock, last = clock_of(store.zone), max(found.last for found in spans)
    if config.snapshot.as_of is not None:
        last = datetime.combine(config.snapshot.as_of, time.max, tzinfo=clock)
    first = min(found.first for found in spans)
    return Span(first.astimezone(clock), last.astimezone(clock), store.zone)


def calendar_of(seen: Span, config: Config) -> Calendar:
    """The cutoffs of a run over these data.  Raises: ContractError C-201 for too few days."""
    return make_calendar(seen.begin, seen.end, config.snapshot)
