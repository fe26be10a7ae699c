"""One read-only transaction on a PostgreSQL server, and what its catalogue says."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import numpy as np
import pyarrow as pa

from cip.contract.address import passwords
from cip.errors import SettingsError
from cip.sources.rows import whole_numbers

_WAIT_SECONDS: Final = 10
_BATCH_BYTES: Final = 4 << 20
_IN_TRANSACTION: Final = {"adbc.connection.autocommit": "false"}
# first what makes all batches of one instant, then what changes the look or the order of rows
_SETTINGS: Final = (
    "set transaction isolation level repeatable read read only",
    "set local timezone = 'UTC'",
    "set local datestyle = 'ISO, YMD'",
    "set local synchronize_seqscans = off",
)
_RELATIONS: Final = """
select n.nspname::text as schema, c.relname::text as name, c.oid::int8 as oid,
       pg_table_is_visible(c.oid) as visible, c.relispartition as part
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f')
  and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
order by 1, 2
"""
_COLUMNS: Final = """
select a.attname::text as name, b.typname::text as type
from pg_attribute a
join pg_type t on t.oid = a.atttypid
join pg_type b on b.oid = case t.typtype when 'd' then t.typbasetype else t.oid end
where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
order by a.attnum
"""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or a view; `visible` without its schema's name; `part` of a partitioned table."""

    schema: str
    name: str
    oid: int
    visible: bool
    part: bool

    @property
    def full_name(self) -> str:
        """`schema.name`."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Session:
    """An open transaction; `errors` are what it raises while it reads.

    ADBC's own classes, not its DBAPI: that loads pandas, 50 MiB and a fifth of a second.
    """

    url: str
    driver: ModuleType
    connection: Any
    errors: tuple[type[Exception], ...]

    @contextmanager
    def reading(self, query: str, oid: int | None = None) -> Iterator[pa.RecordBatchReader]:
        """The result as a stream of batches of a few MiB; `oid` is the query's parameter."""
        with self.driver.AdbcStatement(self.connection) as statement:
            statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)})
            statement.set_sql_query(query)
            if oid is not None:
                statement.prepare()
                bound = pa.RecordBatch.from_arrays([whole_numbers(np.array([oid]))], ["oid"])
                types, values = bound.__arrow_c_array__()
                statement.bind(values, types)
            stream, _ = statement.execute_query()
            with pa.RecordBatchReader.from_stream(stream) as reader:
                yield reader

    def relations(self) -> list[Relation]:
        """Tables and views that are not the server's own, by schema and name."""
        with self.reading(_RELATIONS) as reader:
            return [Relation(**row) for row in reader.read_all().to_pylist()]

    def columns(self, relation: Relation) -> list[tuple[str, str]]:
        """Name and type of every column, in order; for a domain the type below it."""
        with self.reading(_COLUMNS, relation.oid) as reader:
            return [(row["name"], row["type"]) for row in reader.read_all().to_pylist()]

    def cause(self, error: Exception) -> str:
        """The first line of what the driver says, unless the password is in it."""
        return _cause(self.url, error)


@contextmanager
def session(url: str) -> Iterator[Session]:
    """A transaction while the block runs.

    Raises: SettingsError C-043 without the driver, C-044 when the server cannot be reached.
    """
    driver, manager = _module("adbc_driver_postgresql"), _module("adbc_driver_manager")
    errors = (manager.Error, pa.ArrowException, OSError)
    with ExitStack() as stack:
        try:
            database = stack.enter_context(driver.connect(_with_defaults(url)))
            connection = manager.AdbcConnection(database, **_IN_TRANSACTION)
            stack.callback(_close, connection, errors)
            _prepare(manager, connection)
        except errors as error:
            raise _no_connection(url, error) from None
        yield Session(url, manager, connection, errors)


def _prepare(manager: ModuleType, connection: Any) -> None:
    for setting in _SETTINGS:
        with manager.AdbcStatement(connection) as statement:
            statement.set_sql_query(setting)
            statement.execute_update()


def _close(connection: Any, errors: tuple[type[Exception], ...]) -> None:
    try:
        connection.close()
    except errors:  # the server is gone: there is nothing left to end
        return


def _cause(url: str, error: Exception) -> str:
    if any(spelt in str(error) for spelt in passwords(url)):
        return "its words repeat the password and are left out"
    return str(error).strip().partition("\n")[0].rstrip(".")


def _no_connection(url: str, error: Exception) -> SettingsError:
    return SettingsError(
        "C-044",
        f"the database cannot be reached: {_cause(url, error)}.",
        "look at host, port, user and password of its URL, and whether the server runs",
    )


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise SettingsError(
            "C-043",
            "the driver for PostgreSQL is not installed.",
            "pip install 'customer-intelligence-platform[postgres]'",
        ) from None


def _with_defaults(url: str) -> str:
    """The URL with texts in UTF-8, and with an end to waiting for a server."""
    base, _, query = url.partition("?")
    wanted = {"client_encoding": "utf8", "connect_timeout": str(_WAIT_SECONDS)}
    added = [f"{key}={value}" for key, value in wanted.items() if f"{key}=" not in query]
    return base + "?" + "&".join([*filter(None, [query]), *added])
