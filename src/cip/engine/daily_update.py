"""Bring the stored tables by day up to date: what is new is made, what is true stays.

Only files of the lake that went into no part yet are read.  A part is dropped as a whole when a
file that went into it is gone (customers were merged or erased, rows were compacted), when its
table is made otherwise now, and when a new file changes rows of older ones; what it held is made
anew from the events.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import ibis
import pyarrow.parquet as pq
from ibis.expr.types import Table

from cip import columns as c
from cip.contract.tables import TABLES
from cip.engine.at_hand import UNREAD
from cip.engine.bucket import bucket_expr
from cip.engine.connect import forget, materialise, read_files, together
from cip.engine.daily import DAILY, DailyName
from cip.engine.daily_parts import DailyStore, Part, files_of, parts_of
from cip.engine.days import day_known, day_of
from cip.engine.events import kinds_in, with_days
from cip.engine.feature import EventTable
from cip.engine.passes import OnPass, in_groups
from cip.engine.stored import on_the_calendar
from cip.ports import EventStore

MOST_PARTS: Final = 32
"""A bucket in more parts than these is made anew in one."""

_FORM: Final = "1"  # of the files; another one makes all of them anew
_GROUP_ROWS: Final = 16_384  # so that a pass can step over most of a file that holds every bucket
_FEW_BUCKETS: Final = 8  # are read one by one; of more, which have few rows each, ids are hashed
_Files = Mapping[int, Mapping[str, str]]
"""Of each customer bucket files of the lake: path by name."""


def bring_up_to_date(
    con: ibis.BaseBackend,
    store: EventStore,
    daily: DailyStore,
    rows_per_pass: int,
    on_pass: OnPass | None = None,
) -> tuple[Part, ...]:
    """The parts that hold every table by day of the store, some of them made just now.

    A process that is killed on the way loses the pass that it was in.
    """
    wanted = _definitions(con, store)
    listed = parts_of(daily.listed())
    there = {name: _there(store, name) for name in wanted}
    kept = {name: _still_true(name, wanted[name], listed, there[name]) for name in wanted}
    parts = [part for some in kept.values() for part in some]
    gone = {part.path for part in listed} - {part.path for part in parts}
    if gone:
        daily.commit({}, gone)
    passes = list(_plan({n: _missing(kept[n], there[n]) for n in wanted}, rows_per_pass))
    for number, (names, files) in enumerate(passes, start=1):
        made = _make(con, store, daily, {name: wanted[name] for name in names}, files)
        daily.commit({part.path: part.note() for part in made})
        parts += made
        if on_pass is not None:
            on_pass(number, len(passes), sum(pq.read_metadata(p.path).num_rows for p in made))
    return tuple(parts)


def forget_buckets(daily: DailyStore, buckets: Sequence[int]) -> None:
    """No listed file holds rows of these buckets any more."""
    gone = [part.path for part in parts_of(daily.listed()) if part.covers.keys() & set(buckets)]
    daily.commit({}, gone)


def _definitions(con: ibis.BaseBackend, store: EventStore) -> dict[DailyName, str]:
    """A digest of how each table that the store can give is made."""
    found: dict[DailyName, str] = {}
    for name, made in DAILY.items():
        if not store.has(made.table):
            continue
        rows = read_files(con, store.files(made.table)[:1])
        if made.column is None or made.column in rows.columns:
            found[name] = _digest(name, rows, store.zone)
    return found


def _digest(name: DailyName, rows: Table, zone: str) -> str:
    """Of the query over a table with these columns; whether rows ever changed is left out."""
    seen = {column: kind for column, kind in rows.schema().items() if column not in UNREAD}
    blank = ibis.table(seen, name="rows")
    if zone != "UTC":
        happened, known = day_of(blank[c.OCCURRED_AT], zone), day_known(blank[c.KNOWN_AT], zone)
        blank = blank.mutate(happened.name("day"), known.name("known_day"))
    query = ibis.to_sql(DAILY[name].make(with_days(blank)), dialect="duckdb")
    return hashlib.sha256(f"{_FORM} {zone} {query}".encode()).hexdigest()


def _there(store: EventStore, name: DailyName) -> _Files:
    return {b: files_of(store, name, b) for b in store.rows_by_bucket(DAILY[name].table)}


def _still_true(
    name: DailyName, definition: str, listed: Sequence[Part], there: _Files
) -> list[Part]:
    """The parts of a table that need not be made again."""
    kept = [
        part
        for part in listed
        if part.name == name
        and part.definition == definition
        and all(files <= there.get(bucket, {}).keys() for bucket, files in part.covers.items())
    ]
    while anew := _in_doubt(kept) | _changed(DAILY[name].table, kept, there):
        kept = [part for part in kept if not part.covers.keys() & anew]
    return kept


def _in_doubt(kept: Sequence[Part]) -> set[int]:
    """Buckets of which a file went into two parts, or that lie in too many."""
    times = Counter(
        (bucket, file) for part in kept for bucket, some in part.covers.items() for file in some
    )
    parts = Counter(bucket for part in kept for bucket in part.covers)
    twice = {bucket for (bucket, _), number in times.items() if number > 1}
    return twice | {bucket for bucket, number in parts.items() if number > MOST_PARTS}


def _changed(table: EventTable, kept: Sequence[Part], there: _Files) -> set[int]:
    """Buckets in which a new file changes rows that went into a part."""
    if not TABLES[table].key:
        return set()
    held = {bucket for part in kept for bucket in part.covers}
    return {
        bucket
        for bucket, files in _missing(kept, there).items()
        if bucket in held and any(c.REVISION in pq.read_schema(path).names for path in files)
    }


def _missing(kept: Sequence[Part], there: _Files) -> dict[int, tuple[str, ...]]:
    """Of each bucket the files that went into no part."""
    found = {}
    for bucket, files in there.items():
        covered = {file for part in kept for file in part.covers.get(bucket, ())}
        left = tuple(sorted(path for name, path in files.items() if name not in covered))
        if left:
            found[bucket] = left
    return found


def _plan(
    missing: Mapping[DailyName, Mapping[int, tuple[str, ...]]], rows_per_pass: int
) -> Iterator[tuple[list[DailyName], dict[int, tuple[str, ...]]]]:
    """Tables that lack the same files together, as many buckets at once as the budget allows."""
    alike: dict[tuple[EventTable, tuple[tuple[int, tuple[str, ...]], ...]], list[DailyName]] = {}
    for name, files in missing.items():
        alike.setdefault((DAILY[name].table, tuple(sorted(files.items()))), []).append(name)
    for (_, lacking), names in alike.items():
        by_bucket = dict(lacking)
        sizes = {b: sum(_rows_in(path) for path in files) for b, files in lacking}
        for group in in_groups(sizes, rows_per_pass):
            yield names, {bucket: by_bucket[bucket] for bucket in group}


def _rows_in(path: str) -> int:
    return int(pq.read_metadata(path).num_rows)


def _make(
    con: ibis.BaseBackend,
    store: EventStore,
    daily: DailyStore,
    definitions: Mapping[DailyName, str],
    files: Mapping[int, Sequence[str]],
) -> list[Part]:
    """A part of each of these tables, made of these files; they lie in one event table."""
    table = DAILY[next(iter(definitions))].table
    rows = materialise(con, _with_days(con, store, table, files))
    try:
        known, kinds = _known(rows), kinds_in(rows)
        covers = {b: frozenset(Path(path).name for path in some) for b, some in files.items()}
        return [
            Part(_write(con, daily, name, rows), name, definition, covers, known, kinds)
            for name, definition in definitions.items()
        ]
    finally:
        forget(con, [rows])


def _with_days(
    con: ibis.BaseBackend, store: EventStore, table: EventTable, files: Mapping[int, Sequence[str]]
) -> Table:
    """The rows of these files, with their bucket."""
    if len(files) > _FEW_BUCKETS:
        rows = on_the_calendar(con, [p for some in files.values() for p in some], table, store.zone)
        parts = [rows.mutate(bucket_expr(rows[c.CUSTOMER_ID]).name(c.BUCKET))]
    else:
        parts = [
            on_the_calendar(con, paths, table, store.zone).mutate(
                ibis.literal(bucket, "int32").name(c.BUCKET)
            )
            for bucket, paths in files.items()
        ]
    dated = with_days(together(parts))
    return dated.drop(*sorted(UNREAD & set(dated.columns)))


def _known(rows: Table) -> tuple[int, int] | None:
    day = rows["known_day"]
    first, last = (
        rows.aggregate(first=day.min(), last=day.max()).to_pyarrow().to_pylist()[0].values()
    )
    return None if first is None else (first, last)


def _write(con: ibis.BaseBackend, daily: DailyStore, name: DailyName, rows: Table) -> str:
    path = daily.fresh(name)
    made = DAILY[name].make(rows).order_by(c.BUCKET, c.CUSTOMER_ID)
    con.to_parquet(made, path, compression="zstd", row_group_size=_GROUP_ROWS)
    return path
