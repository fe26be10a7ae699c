"""What a load adds to a table of events, and what time it spans.

A row is known by its `row_key`.  One that is not there yet is new; one that is there with the same
content is the same.  One with other content is a later version, known from when it was loaded or
from the time that the mapping gives: earlier cutoffs go on seeing the version before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from operator import and_
from typing import Final

import ibis
from ibis.expr.types import StringValue, Table

from cip import columns as c
from cip.engine.connect import read_files, together
from cip.engine.days import midnight_after, opening
from cip.engine.stored import newest, with_superseded
from cip.engine.zones import clock_of
from cip.errors import NotReadyError

NOT_CONTENT: Final = frozenset(
    {c.ROW_KEY, c.SOURCE_ROW, c.KNOWN_AT, c.BUCKET, c.REVISION, c.ORIGINAL_ID, c.CUSTOMER_ID}
)
"""What does not make a row another one: where it stood, when it was known, for whom it counts."""

DEPENDS_ON_THE_DAY: Final = frozenset({"C-103"})
"""Findings that a later day may change: what is in the future today may be past tomorrow."""

_TEXT: Final = "_content"
_THERE: Final = "there_{name}"
_MET: Final = "_met"
_OLD: Final = "_old"
_BETWEEN: Final = "\x1f"
_NOTHING: Final = "\x1e"


@dataclass(frozen=True, slots=True)
class Arrival:
    """Of the rows of a load: how many are new, there already, or there with another content."""

    new: int
    same: int
    changed: int


def with_known_at(rows: Table, time_column: str, load_time: datetime | None) -> Table:
    """The rows with `known_at` filled: the mapped value, else the row's own time or `load_time`.

    `load_time` is None at the first load of a table: history that was there before CIP counts as
    known when it happened.  Every later load was known when it was loaded.
    """
    own = rows[time_column] if load_time is None else ibis.literal(load_time)
    known = own.cast(rows[time_column].type())
    if c.KNOWN_AT in rows.columns:
        known = rows[c.KNOWN_AT].coalesce(known)
    return rows.mutate(known.name(c.KNOWN_AT))


def new_rows(rows: Table, there: Table | None) -> Table:
    """The rows whose `row_key` is not there: all that can come to a table without a key."""
    return rows if there is None else rows.anti_join(there, c.ROW_KEY)


def new_versions(
    rows: Table, there: Table | None, time_column: str, load_time: datetime | None
) -> Table:
    """The rows of a table with a key that say something new, with `known_at` and `revision`.

    `revision` is null for the first version of a row and at least 1 for a later one.  `there` are
    the rows of the lake, all or of the same buckets, or None at the first load; then `load_time` is
    None too.  A version says nothing new when its content is that of the newest version there or
    of the one in force at its own `known_at`.  One with other content that claims to be known no
    later than the version it changes is known from `load_time`: what changed was not known before.
    """
    known = with_known_at(rows, time_column, load_time)
    if c.KNOWN_AT not in rows.columns and there is None:
        return known.mutate(ibis.null("int32").name(c.REVISION))
    differing = _differing(known, there)
    if c.KNOWN_AT in rows.columns:
        return _in_time(differing, there, load_time)
    return differing.mutate(_next(differing).name(c.REVISION)).drop(_MET)


def _differing(known: Table, there: Table | None) -> Table:
    """Rows that are not there, or not so; `_met`: the newest revision there, null for none."""
    if there is None:
        return known.mutate(ibis.null("int32").name(_MET))
    last = newest(with_superseded(there))
    number = last[c.REVISION].fill_null(0) if c.REVISION in last.columns else ibis.literal(0)
    content = [name for name in known.columns if name in last.columns and name not in NOT_CONTENT]
    last = last.select(c.ROW_KEY, *content, number.cast("int32").name(_MET))
    met = known.left_join(last, c.ROW_KEY, rname=_THERE)
    equal = [met[name].identical_to(met[_THERE.format(name=name)]) for name in content]
    same = reduce(and_, equal, met[_MET].notnull())
    return met.filter(~same).select(*known.columns, _MET)


def _next(differing: Table) -> ibis.Value:
    return differing[_MET] + ibis.literal(1, "int32")


def _in_time(differing: Table, there: Table | None, load_time: datetime | None) -> Table:
    """Of the versions that arrive those that change what was in force when they became known."""
    content = sorted(set(differing.columns) - NOT_CONTENT - {_MET})
    parts = [_versions(differing, content, old=0)]
    if there is not None:
        parts.append(_versions(there.semi_join(differing, c.ROW_KEY), content, old=1))
    line = together(parts)
    order = [line[c.KNOWN_AT], line[_OLD].desc(), line[c.REVISION].fill_null(0), line[c.SOURCE_ROW]]
    before = ibis.window(group_by=c.ROW_KEY, order_by=order)
    told = line.mutate(
        changes=~line[_TEXT].identical_to(line[_TEXT].lag().over(before)),
        tied=line[c.KNOWN_AT] == line[c.KNOWN_AT].lag().over(before),
        place=ibis.row_number().over(before).cast("int32"),
    )
    news = told.filter((told[_OLD] == 0) & told["changes"])
    first = news[_MET].isnull() & (news["place"] == 0)
    revision = first.ifelse(ibis.null("int32"), ibis.greatest(news["place"], 1).cast("int32"))
    known = news[c.KNOWN_AT]
    if load_time is not None:
        known = news["tied"].fill_null(False).ifelse(ibis.literal(load_time), known)  # noqa: FBT003
    made = {c.REVISION: revision, c.KNOWN_AT: known.cast(news[c.KNOWN_AT].type())}
    columns = [name for name in differing.columns if name != _MET]
    return news.mutate(**made).select(*columns, c.REVISION)


def _versions(rows: Table, content: Sequence[str], *, old: int) -> Table:
    """The rows with their content as one text, and whether they come from the lake."""
    cells = [_cell(rows, name).fill_null(_NOTHING) for name in content]
    revision = rows[c.REVISION] if c.REVISION in rows.columns else ibis.null("int32")
    made = {
        _TEXT: ibis.literal(_BETWEEN).join(cells),
        _OLD: ibis.literal(old),
        c.REVISION: revision.cast("int32"),
    }
    return rows.mutate(**made)


def _cell(rows: Table, name: str) -> StringValue:
    """A column that the lake does not have yet is empty there."""
    return rows[name].cast("string") if name in rows.columns else ibis.null("string")


@dataclass(frozen=True, slots=True)
class Timing:
    """Of rows that were added: all, later versions, and those that came at an odd time.

    `late`: happened before `late_before` and known only from this load; `early`: known before they
    happened.  The examples are times.
    """

    rows: int
    changed: int
    late: int
    late_first: datetime | None
    early: int
    early_first: datetime | None
    newest: datetime | None


def timing(rows: Table, time_column: str, late_before: datetime | None) -> Timing:
    """What is to be said of rows that a load adds; `late_before` is None at the first load."""
    time = rows[time_column]
    early = rows[c.KNOWN_AT] < time
    late = time < ibis.literal(late_before, type=time.type())  # nothing is late of None
    changed = rows[c.REVISION].count() if c.REVISION in rows.columns else ibis.literal(0)
    found = rows.aggregate(
        rows=rows.count(),
        changed=changed,
        late=late.ifelse(1, 0).sum().fill_null(0),
        late_first=time.min(where=late),
        early=early.ifelse(1, 0).sum().fill_null(0),
        early_first=time.min(where=early),
        newest=time.max(),
    )
    return Timing(**found.to_pyarrow().to_pylist()[0])


@dataclass(frozen=True, slots=True)
class Span:
    """The first and the last instant of some rows, and the zone that divides their days."""

    first: datetime
    last: datetime
    zone: str = "UTC"

    @property
    def begin(self) -> datetime:
        """The midnight that opens the first day."""
        return opening(self.first.astimezone(clock_of(self.zone)).date(), self.zone)

    @property
    def end(self) -> datetime:
        """The data's end, exclusive: the first midnight after the last instant."""
        return midnight_after(self.last, self.zone)


def span(con: ibis.BaseBackend, files: Sequence[str], time_column: str) -> Span:
    """When the rows of these files begin and end.

    Raises: NotReadyError C-203 when there are no rows.
    """
    if files:
        rows = read_files(con, files)
        bounds = rows.aggregate(first=rows[time_column].min(), last=rows[time_column].max())
        found = bounds.to_pyarrow().to_pylist()[0]
        if found["first"] is not None:
            return Span(_utc(found["first"]), _utc(found["last"]))
    raise NotReadyError("C-203", f"no row has a {time_column}.", "load data: `cip ingest`")


def _utc(instant: datetime) -> datetime:
    """Spark gives UTC instants without saying so."""
    return instant.replace(tzinfo=UTC)
