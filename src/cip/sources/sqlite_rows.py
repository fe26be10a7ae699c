"""Rows of a SQLite table, read-only and in bounded memory.

A column has the type of its values, not the one its table declares: whole numbers, fractions or
text; where they are mixed, and for blobs (in hex), text.  Nothing else is guessed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import compress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import numpy as np
import pyarrow as pa

from cip.contract.mapping import Source
from cip.errors import SettingsError
from cip.sources.rows import Rows, check_columns, numbered, with_row_numbers
from cip.sources.tables import no_table, quoted, unreadable

_BATCH_ROWS: Final = 20_000
_WAIT_SECONDS: Final = 10
_COLUMNS_IN_QUERY: Final = 400  # SQLite gives at most 2000 results
_CLASSES: Final = ("integer", "real", "text", "blob")
_TYPES: Final[dict[tuple[str, ...], pa.DataType]] = {
    (): pa.null(),
    ("integer",): pa.int64(),
    ("real",): pa.float64(),
}
_TABLES: Final = """
select name from sqlite_schema
where type in ('table', 'view') and name not like 'sqlite\\_%' escape '\\' order by name
"""
_COLUMNS: Final = "select name from pragma_table_xinfo(?) where hidden <> 1"
Convert = Callable[[Any], Any]


def tables(path: Path) -> list[str]:
    """Tables and views, sorted; not those of SQLite itself."""
    with closing(_connect(path)) as connection:
        return _tables(connection)


def open_rows(path: Path, source: Source) -> Rows:
    """The table, opened.  Errors are those of `cip.sources.database.open_table`."""
    with ExitStack() as stack:
        connection = stack.enter_context(closing(_connect(path)))
        table = _table(connection, source)
        try:
            columns = [name for (name,) in connection.execute(_COLUMNS, (table,))]
            check_columns(source.where, columns)
            classes = _classes(connection, table, columns)
            wanted = ", ".join(map(quoted, columns))
            # every name is one of the catalogue's and is quoted: no text of a user becomes SQL
            cursor = connection.execute(f"select {wanted} from {quoted(table)}")  # noqa: S608
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise unreadable(source, 0, str(error)) from None
        types = [_TYPES.get(each, pa.string()) for each in classes]
        schema = with_row_numbers(pa.schema(list(zip(columns, types, strict=True))))
        converts = [_as_text if len(each) > 1 or "blob" in each else None for each in classes]
        batches = _batches(cursor, source, schema, converts)
        return Rows(tuple(columns), schema, batches, list, stack.pop_all())


def _connect(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        said = "is no file" if path.exists() else "does not exist"
        raise SettingsError("C-044", f"{path} {said}.", "mend `database` of that source")
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        connection = sqlite3.connect(address, uri=True, timeout=_WAIT_SECONDS, isolation_level=None)
        connection.execute("begin")  # one state of the database from the first query on
        connection.execute("select count(*) from sqlite_schema").fetchone()
    except sqlite3.Error as error:
        raise SettingsError(
            "C-044", f"{path} cannot be opened: {error}.", "is it a SQLite database?"
        ) from None
    return connection


def _tables(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute(_TABLES)]


def _table(connection: sqlite3.Connection, source: Source) -> str:
    known = _tables(connection)
    for name in (source.table, source.table.removeprefix("main.")):
        if name in known:
            return name
    raise no_table(source, known)


def _classes(
    connection: sqlite3.Connection, table: str, columns: Sequence[str]
) -> list[tuple[str, ...]]:
    """The storage classes that each column has, without null."""
    seen: list[tuple[str, ...]] = []
    for start in range(0, len(columns), _COLUMNS_IN_QUERY):
        some = [quoted(name) for name in columns[start : start + _COLUMNS_IN_QUERY]]
        tests = [f"max(typeof({name}) = '{each}')" for name in some for each in _CLASSES]
        query = f"select {', '.join(tests)} from {quoted(table)}"  # noqa: S608
        (row,) = connection.execute(query)
        cells = [row[at : at + len(_CLASSES)] for at in range(0, len(row), len(_CLASSES))]
        seen += [tuple(compress(_CLASSES, cell)) for cell in cells]
    return seen


def _batches(
    cursor: sqlite3.Cursor, source: Source, schema: pa.Schema, converts: Sequence[Convert | None]
) -> Iterator[pa.RecordBatch]:
    first = 1
    while True:
        try:
            rows = cursor.fetchmany(_BATCH_ROWS)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise unreadable(source, first - 1, str(error)) from None
        if not rows:
            return
        cells = zip(zip(*rows, strict=True), converts, schema, strict=False)
        arrays = [
            pa.array(map(convert, values) if convert else values, each.type)
            for values, convert, each in cells
        ]
        batch = pa.RecordBatch.from_arrays(arrays, names=schema.names[:-1])
        yield numbered(batch, np.arange(first, first + len(rows), dtype=np.int64), schema)
        first += len(rows)


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.hex() if isinstance(value, bytes) else repr(value)
