"""Reads tables of a database: which one, and through which driver."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from cip.contract.address import RESERVED, is_badly_written
from cip.contract.mapping import Source
from cip.errors import SettingsError
from cip.sources import postgres_rows, sqlite_rows
from cip.sources.rows import Rows

_SQLITE: Final = "sqlite:///"
_POSTGRES: Final = re.compile(r"postgres(ql)?(\+\w+)?://")
_EXAMPLE: Final = "postgresql://user@host/database or sqlite:///shop.db"


def open_table(source: Source, base: Path) -> Rows:
    """The rows of `source.table`, in one consistent state of the database.

    Raises: SettingsError C-042 (address), C-043 (driver), C-044 (no connection), C-045 (no such
    table); reading the batches raises ContractError C-046 when the database stops.
    """
    url = _url_of(source.database, base)
    if url.startswith(_SQLITE):
        return sqlite_rows.open_rows(_file_of(url, base), source)
    return postgres_rows.open_rows(url, source)


def tables_of(database: str, base: Path) -> list[str]:
    """Tables and views that can be a `table`, sorted; not those of the database itself.

    `database`: as in cip.toml, `env:NAME` or a URL (here it may hold a password).
    Raises: SettingsError C-042 to C-044.
    """
    url = _url_of(database, base)
    if url.startswith(_SQLITE):
        return sqlite_rows.tables(_file_of(url, base))
    return postgres_rows.tables(url)


def _url_of(database: str, base: Path) -> str:
    url = _from_environment(database.removeprefix("env:")) if _is_env(database) else database
    where = database if _is_env(database) else "`database`"
    if url.startswith(_SQLITE) and _file_of(url, base) != base:
        return url
    scheme = _POSTGRES.match(url)
    if scheme is None:
        raise SettingsError("C-042", f"{where} is no database URL.", f"write it like {_EXAMPLE}")
    if is_badly_written(url):
        raise SettingsError(
            "C-042",
            f"the password in {where} has one of {' '.join(RESERVED)} in it.",
            "write these as %2F %3F %23 %5B %5D %40 in the URL",
        )
    return "postgresql://" + url[scheme.end() :]


def _is_env(database: str) -> bool:
    return database.startswith("env:")


def _from_environment(name: str) -> str:
    url = os.environ.get(name, "").strip()
    if not url:
        raise SettingsError(
            "C-042",
            f"the environment variable {name} is not set, and a source needs it.",
            f"set it to the URL of the database, like {_EXAMPLE}",
        )
    return url


def _file_of(url: str, base: Path) -> Path:
    return base / url.removeprefix(_SQLITE)
