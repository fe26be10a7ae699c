"""What a person names as data: files, folders of files, databases; each becomes a source."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from cip.contract.address import has_password
from cip.contract.guess.names import snake
from cip.errors import CipError, NotFoundError, SettingsError
from cip.sources.database import tables_of
from cip.sources.glimpse import csv_options
from cip.sources.sniff import decoded, rows_of
from cip.sources.xlsx_rows import sheets_of

VARIABLE: Final = "CIP_SOURCE_URL"
_TEXT: Final = (".csv", ".tsv", ".txt", ".dat")
_PARQUET: Final = (".parquet", ".pq")
_BOOKS: Final = (".xlsx", ".xlsm")
_SQLITE: Final = (".db", ".sqlite", ".sqlite3")
_IN_FOLDERS: Final = (".csv", ".tsv", *_PARQUET, *_BOOKS, *_SQLITE)
_URL: Final = re.compile(r"(postgres(ql)?(\+\w+)?|sqlite)://", re.IGNORECASE)
_HEAD: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Place:
    """One source to be: its name, what stands under `[sources.NAME]`, and how people call it."""

    name: str
    options: dict[str, Any]
    said: str
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable that the workspace reads: its name, and what to put into it."""

    name: str
    holds: str


@dataclass(frozen=True, slots=True)
class Found:
    """The places, what was passed over and why, and the variables that the sources need."""

    places: tuple[Place, ...]
    refused: tuple[str, ...] = ()
    variables: tuple[Variable, ...] = ()


@dataclass(slots=True)
class _Notes:
    refused: list[str] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def free(self, wanted: str) -> str:
        """A name that no other source has."""
        name, number = snake(wanted), 2
        while name in self.taken:
            name, number = f"{snake(wanted)}_{number}", number + 1
        self.taken.add(name)
        return name


def find(wanted: Sequence[str], root: Path) -> Found:
    """The sources that these words mean; paths inside `root` are written relative to it.

    A database URL with a password is kept in an environment variable of this process, and never
    written.  Raises: NotFoundError F-130 for what is not there, SettingsError F-131 for nothing.
    """
    notes = _Notes()
    places = [place for text in wanted for place in _places(text, root, notes)]
    if not places:
        said = "; ".join(notes.refused) or "no file"
        raise SettingsError(
            "F-131",
            f"there is nothing to read in {', '.join(map(_without_password, wanted))}: {said}.",
            "name CSV, Parquet or XLSX files, a folder of them, or a database URL",
        )
    return Found(tuple(places), tuple(notes.refused), tuple(notes.variables))


def _places(text: str, root: Path, notes: _Notes) -> Iterator[Place]:
    if text.startswith("env:") or _URL.match(text):
        yield from _database(text, root, notes)
        return
    path = Path(text)
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.suffix.lower() in _IN_FOLDERS and p.is_file())
        yield from _files([p for p in files if not p.name.startswith((".", "~$"))], root, notes)
    elif path.is_file():
        yield from _file(path, root, notes)
    elif matches := _matches(path):
        yield from _files(matches, root, notes)
    else:
        raise NotFoundError(
            "F-130",
            f"there is no {_without_password(text)}.",
            "name files, a folder, or a URL such as postgresql://user@host/database",
        )


def _files(paths: Sequence[Path], root: Path, notes: _Notes) -> Iterator[Place]:
    """Files one by one, but those that differ in a number only and have one header as a series."""
    done: set[Path] = set()
    for path in paths:
        if path in done:
            continue
        series = _series(path, paths)
        done |= {path, *series}
        if len(series) < 2:
            yield from _file(path, root, notes)
            continue
        name = re.sub(r"[-_.\s]*\d+", "", path.stem) or path.parent.name
        yield from _file(path, root, notes, name=name, pattern=_pattern(path))


def _matches(pattern: Path) -> list[Path]:
    """The files that a pattern such as `drops/orders-*.csv` means."""
    parts = pattern.parts[1:] if pattern.is_absolute() else pattern.parts
    if not parts:
        return []
    base = Path(pattern.anchor) if pattern.is_absolute() else Path()
    return sorted(path for path in base.glob("/".join(parts)) if path.is_file())


def _series(path: Path, paths: Sequence[Path]) -> list[Path]:
    pattern = _pattern(path)
    if pattern == path.name or path.suffix.lower() not in (*_TEXT, *_PARQUET):
        return [path]
    alike = [p for p in paths if p.parent == path.parent and _pattern(p) == pattern]
    matched = set(path.parent.glob(pattern))
    same = matched == set(alike) and len({_header(p) for p in alike}) == 1
    return alike if same else [path]


def _pattern(path: Path) -> str:
    return re.sub(r"\d+([-_.]\d+)*", "*", path.stem) + path.suffix


def _header(path: Path) -> tuple[str, ...]:
    if path.suffix.lower() in _PARQUET:
        try:
            return tuple(pq.read_schema(path).names)
        except (pa.ArrowException, OSError):
            return (path.name,)
    options, dialect = csv_options(path)
    with path.open("rb") as file:
        rows = rows_of(decoded(file.read(_HEAD), dialect.encoding), dialect.delimiter)
    return (*options.values(), *(rows[0] if rows else ()))


def _file(
    path: Path, root: Path, notes: _Notes, *, name: str = "", pattern: str = ""
) -> Iterator[Place]:
    ending = path.suffix.lower()
    where = _relative(path.parent / pattern if pattern else path, root)
    name = name or path.stem
    if ending in _SQLITE:
        yield from _database(f"sqlite:///{where}", root, notes)
    elif ending in _BOOKS:
        yield from _book(path, where, notes)
    elif ending in _PARQUET:
        yield Place(notes.free(name), {"path": where}, str(path))
    else:
        options, dialect = csv_options(path)
        yield Place(notes.free(name), {"path": where, **options}, str(path), dialect.doubts)


def _book(path: Path, where: str, notes: _Notes) -> Iterator[Place]:
    sheets = sheets_of(path)
    for sheet in sheets:
        name = sheet if len(sheets) > 1 else path.stem
        yield Place(notes.free(name), {"path": where, "sheet": sheet}, f"{path} ({sheet})")


def _database(text: str, root: Path, notes: _Notes) -> Iterator[Place]:
    database = text
    if text.lower().startswith("postgres"):
        variable = _kept(text)
        database = f"env:{variable}"
        notes.variables.append(Variable(variable, _without_password(text)))
    try:
        tables = tables_of(database, root)
    except CipError as error:
        notes.refused.append(error.message)
        raise
    for table in tables:
        options = {"database": database, "table": table}
        yield Place(notes.free(table.removeprefix("public.")), options, f"{table} in {database}")


def _kept(url: str) -> str:
    """The name of the variable of this process that now holds the URL."""
    name, number = VARIABLE, 2
    while os.environ.get(name, url) != url:
        name, number = f"{VARIABLE}_{number}", number + 1
    os.environ[name] = url
    return name


def _without_password(text: str) -> str:
    if not (_URL.match(text) and has_password(text)):
        return text
    return re.sub(r"://.*@", lambda found: f"://{found[0][3:].split(':')[0]}:***@", text).split(
        "?"
    )[0]


def _relative(path: Path, root: Path) -> str:
    """Relative to the workspace where it lies inside, so that the folder can move."""
    whole, base = path.absolute(), root.absolute()
    return (whole.relative_to(base) if whole.is_relative_to(base) else whole).as_posix()
