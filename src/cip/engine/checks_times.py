"""The checks of times, as data; the codes stand in `checks`."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

import ibis

from cip import columns as c
from cip.contract.mapping import Policy
from cip.engine.days import opening
from cip.engine.hints import time_hint
from cip.engine.marks import LET_DROP, note, raw
from cip.engine.rule import Rule
from cip.engine.times import NEVER, TWICE

OLDEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
NEWEST_AHEAD: Final = timedelta(days=1)
NO_END: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""An end from here on is how some systems write that there is none."""


def time_rules(column: str, policy: Policy, now: datetime) -> tuple[Rule, Rule]:
    """Times that lie in the future or before 1990."""
    newest = now + NEWEST_AHEAD
    return (
        Rule(
            "C-103",
            column,
            lambda rows: rows[column] > ibis.literal(newest),
            f"after {newest:%Y-%m-%d}, in the future",
            f"is day and month swapped, or milliseconds read as seconds? Or {LET_DROP}",
            action=policy.bad_values,
            shown=raw(column),
            hint=_epoch_hint,
        ),
        Rule(
            "C-104",
            column,
            lambda rows: rows[column] < ibis.literal(OLDEST),
            f"before {OLDEST:%Y}, too long ago to be true",
            f"is 0 or 1900-01-01 written where the time is unknown? Or {LET_DROP}",
            action=policy.bad_values,
            shown=raw(column),
            hint=time_hint,
        ),
    )


def _epoch_hint(example: str) -> str | None:
    return time_hint(example) if example.lstrip("-").replace(".", "", 1).isdigit() else None


def spell_rules(policy: Policy) -> tuple[Rule, Rule]:
    """Ends that cannot be, or that say that there is none."""
    return (
        Rule(
            "C-125",
            c.ENDED_AT,
            lambda rows: rows[c.ENDED_AT] < rows[c.STARTED_AT],
            "that end before they start",
            f"are start and end swapped, or is 0 written where there is no end? Or {LET_DROP}",
            action=policy.bad_values,
            shown=raw(c.ENDED_AT),
        ),
        Rule(
            "C-126",
            c.ENDED_AT,
            lambda rows: rows[c.ENDED_AT] >= ibis.literal(NO_END),
            f"in {NO_END:%Y} or later, which is how some write that there is no end",
            "leave the cell empty while a subscription runs",
            action="empty",
            shown=raw(c.ENDED_AT),
            expected=True,
        ),
    )


def after(column: str, as_of: date, zone: str) -> Rule:
    """Rows after the last day of the business that is believed."""
    end = opening(as_of + timedelta(days=1), zone).astimezone(UTC)
    return Rule(
        "C-117",
        column,
        lambda rows: rows[column] >= ibis.literal(end),
        f"after the stated end of the data, {as_of:%Y-%m-%d}",
        "snapshot.as_of states that end; state a later day if these rows are true",
        action="drop",
        shown=raw(column),
    )


def hour_rules(column: str, zone: str) -> tuple[Rule, Rule]:
    """Local times that the clocks of the zone showed twice, or never."""
    return (
        Rule(
            "C-123",
            column,
            lambda rows: rows[note(TWICE, column)],
            f"in an hour that the clocks of {zone} show twice",
            "write times with their offset, e.g. 2011-10-30 02:30:00+02:00",
            action="keep",
            shown=raw(column),
            done="the first of the two is taken",
        ),
        Rule(
            "C-124",
            column,
            lambda rows: rows[note(NEVER, column)],
            f"in an hour that the clocks of {zone} skip",
            "is policy.time_zone the right zone? Or write times with their offset",
            action="keep",
            shown=raw(column),
            warns=True,
            done="moved forward by the gap",
        ),
    )
