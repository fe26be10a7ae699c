"""What a load adds to a table that is already there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from operator import and_
from typing import Final

import ibis
from ibis.expr.types import Table

from cip import columns as c
from cip.engine.connect import read_files
from cip.engine.days import midnight_after
from cip.errors import NotReadyError

_NOT_CONTENT: Final = (c.ROW_KEY, c.SOURCE_ROW, c.KNOWN_AT, c.BUCKET)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Of the rows of a load: how many are new, there already, or there with another content."""

    new: int
    same: int
    changed: int


def new_rows(
    con: ibis.BaseBackend, rows: Table, existing_files: Sequence[str]
) -> tuple[Table, Arrival]:
    """The rows whose `row_key` is in none of the files, and the count of all three kinds.

    Rows that are there already with another content are counted as changed and not among the new:
    history is not rewritten.  `known_at` is no content, because it says when a row was loaded.
    """
    total = rows.count().to_pyarrow().as_py()
    if not existing_files:
        return rows, Arrival(total, 0, 0)
    there = read_files(con, existing_files)
    content = [name for name in rows.columns if name in there.columns and name not in _NOT_CONTENT]
    met = rows.join(there, c.ROW_KEY, rname="there_{name}")
    equal = reduce(and_, (met[name].identical_to(met[f"there_{name}"]) for name in content))
    counted = met.aggregate(met=met.count(), same=equal.ifelse(1, 0).sum().fill_null(0))
    seen = counted.to_pyarrow().to_pylist()[0]
    arrival = Arrival(total - seen["met"], seen["same"], seen["met"] - seen["same"])
    return rows.anti_join(there, c.ROW_KEY), arrival


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


@dataclass(frozen=True, slots=True)
class Span:
    """The first and the last instant of some rows, in UTC."""

    first: datetime
    last: datetime

    @property
    def end(self) -> datetime:
        """The data's end, exclusive: the first midnight after the last instant."""
        return midnight_after(self.last)


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
