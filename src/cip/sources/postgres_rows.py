"""Rows of a PostgreSQL table, streamed as Arrow batches in bounded memory.

Whole numbers, fractions, booleans, texts, dates and times keep their types (times with a zone come
as UTC); everything else, `numeric` too, comes as the text that the server writes for it, so that
no digit is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

import numpy as np
import pyarrow as pa

from cip.contract.mapping import Source
from cip.sources.calendar_bounds import CalendarBounds
from cip.sources.postgres import Relation, Session, session
from cip.sources.rows import Rows, check_columns, no_rows, numbered, with_row_numbers
from cip.sources.tables import no_table, quoted, unreadable

_TYPED: Final = frozenset(
    {"bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar"}
    | {"date", "timestamp", "timestamptz"}
)


def tables(url: str) -> list[str]:
    """`schema.name` of tables and views, sorted; not the server's own, no single partitions."""
    with session(url) as opened:
        return [each.full_name for each in opened.relations() if not each.part]


def open_rows(url: str, source: Source) -> Rows:
    """The table, opened.  Errors are those of `cip.sources.database.open_table`."""
    with ExitStack() as stack:
        opened = stack.enter_context(session(url))
        try:
            relation = _relation(opened, source)
            columns = opened.columns(relation)
            names = tuple(name for name, _ in columns)
            if not names:
                raise no_rows(source.where)
            check_columns(source.where, names)
            reader = stack.enter_context(opened.reading(_query(relation, columns)))
        except opened.errors as error:
            raise unreadable(source, 0, opened.cause(error)) from None
        schema = with_row_numbers(pa.schema([(each.name, each.type) for each in reader.schema]))
        bounds = CalendarBounds(source.table)
        batches = _batches(reader, opened, source, schema, bounds)
        return Rows(names, schema, batches, bounds.findings, stack.pop_all())


def _relation(opened: Session, source: Source) -> Relation:
    relations = opened.relations()
    full = [each for each in relations if each.full_name == source.table]
    short = [each for each in relations if each.name == source.table and each.visible]
    found = full or short
    if len(found) != 1:
        raise no_table(source, [each.full_name for each in relations])
    return found[0]


def _query(relation: Relation, columns: list[tuple[str, str]]) -> str:
    # every name is one of the catalogue's and is quoted: no text of a user becomes SQL
    wanted = ", ".join(_selected(quoted(name), kind) for name, kind in columns)
    return f"select {wanted} from {quoted(relation.schema)}.{quoted(relation.name)}"  # noqa: S608


def _selected(name: str, kind: str) -> str:
    return name if kind in _TYPED else f"{name}::text as {name}"


def _batches(
    reader: pa.RecordBatchReader,
    opened: Session,
    source: Source,
    schema: pa.Schema,
    bounds: CalendarBounds,
) -> Iterator[pa.RecordBatch]:
    first = 1
    while True:
        try:
            batch = next(reader, None)
            if batch is not None:
                batch.validate(full=True)  # a server of encoding SQL_ASCII sends any bytes
        except opened.errors as error:
            raise unreadable(source, first - 1, opened.cause(error)) from None
        if batch is None:
            return
        if len(batch):
            numbers = np.arange(first, first + len(batch), dtype=np.int64)
            yield numbered(bounds.apply(batch), numbers, schema)
            first += len(batch)
