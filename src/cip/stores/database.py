"""Opens the database of the records and brings its tables to the newest form.

SQLite: write-ahead log, every commit on disk before it returns, a writer waits up to 10 s for
another.  A transaction that writes takes the lock when it begins, so it never fails half way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.resources import files
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, func, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from cip.errors import SettingsError
from cip.stores.schema import HEAD

_WAIT_SECONDS: Final = 10
_WRITES: Final = "cip_writes"
_MIGRATION_LOCK: Final = 0x636970  # any fixed number: one migration at a time
_to_json = partial(json.dumps, ensure_ascii=False, allow_nan=False)


def open_database(address: str) -> Engine:
    """An engine on a database whose tables are those of `schema`.

    Raises: SettingsError R-001 for an address that cannot be used, R-002 for a database that a
    newer version of the product wrote.  No message shows a password.
    """
    url = _parse(address)
    try:
        engine = _sqlite(url) if url.get_backend_name() == "sqlite" else _server(url)
        if _revision(engine) != HEAD:
            _migrate(engine)
    except (DatabaseError, NoSuchModuleError, ModuleNotFoundError) as error:
        cause = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise SettingsError(
            "R-001",
            f"the records at {url.render_as_string(hide_password=True)} cannot be opened: {cause}.",
            "look at CIP_RECORDS_URL, or unset it to keep the records in the workspace",
        ) from None
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that may write: all of it is committed at the end, or nothing."""
    with engine.execution_options(**{_WRITES: True}).begin() as connection:
        yield connection


def _parse(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError:
        raise SettingsError(
            "R-001",
            "the address of the records is no database URL.",
            "write CIP_RECORDS_URL like postgresql+psycopg://user:password@host/database",
        ) from None
    if url.get_backend_name() == "sqlite" and "?" in address:
        raise SettingsError(
            "R-001",
            f"the path of the records has a question mark: {address}.",
            "rename that folder",
        )
    return url


def _sqlite(url: URL) -> Engine:
    # no pool: a closed connection leaves no handle for another process or a fork to trip over
    engine = create_engine(
        url,
        poolclass=NullPool,
        connect_args={"timeout": _WAIT_SECONDS},
        json_serializer=_to_json,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: DDL too is part of a transaction
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("pragma foreign_keys = on")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("begin immediate" if writes else "begin")


def _server(url: URL) -> Engine:
    return create_engine(url, pool_pre_ping=True, json_serializer=_to_json)


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(text("select version_num from alembic_version"))
        return found


def _migrate(engine: Engine) -> None:
    # imported here: a database at the newest revision, the usual case, opens without Alembic
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    scripts = str(files("cip.stores") / "migrations")
    config.set_main_option("script_location", scripts.replace("%", "%%"))
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise SettingsError(
                "R-002",
                "a newer version of the product wrote these records.",
                "install that version, or a later one",
            ) from error
