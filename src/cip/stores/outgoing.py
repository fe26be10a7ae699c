"""One file that leaves the house: written aside batch by batch, whole when it gets its name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from cip.errors import SettingsError

SUFFIXES: Final = (".csv", ".parquet")
_RUNS: Final = r"^([=+\-@\t\r])"
_WAS_MADE_SAFE: Final = r"^'([=+\-@\t\r])"


@contextmanager
def whole_file(path: Path) -> Iterator[Callable[[pa.Table], None]]:
    """A function that adds a table's rows to `path`, CSV or Parquet by its name.

    The file appears when the block ends well, in place of one that was there; an error leaves
    everything as it was.  Text that a spreadsheet would run as a formula gets an apostrophe in a
    CSV file.  Raises: SettingsError P-140 for another ending, P-141 where it cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise SettingsError(
            "P-140", f"{path} ends in {path.suffix or 'nothing'}.", "name a .csv or a .parquet file"
        )
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    writer = _Writer(aside, is_csv=path.suffix.lower() == ".csv")
    try:
        yield writer.add
        writer.close()
        _to_disk(aside)
        aside.replace(path)
    except OSError as error:
        raise SettingsError(
            "P-141", f"{path} cannot be written: {error.strerror or error}.", "name another place"
        ) from error
    finally:
        writer.close()
        aside.unlink(missing_ok=True)


def made_safe(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text with an apostrophe before what a spreadsheet would run."""
    return pc.replace_substring_regex(column, _RUNS, r"'\1")


def as_it_was(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The text that `made_safe` was given."""
    return pc.replace_substring_regex(column, _WAS_MADE_SAFE, r"\1")


class _Writer:
    """Opens its file with the first table, which brings the schema."""

    def __init__(self, path: Path, *, is_csv: bool) -> None:
        self._path, self._is_csv = path, is_csv
        self._file: Any = None

    def add(self, table: pa.Table) -> None:
        safe = _safe(table) if self._is_csv else table
        if self._file is None:
            open_ = pacsv.CSVWriter if self._is_csv else pq.ParquetWriter
            self._file = open_(self._path, safe.schema)
        self._file.write_table(safe)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _safe(table: pa.Table) -> pa.Table:
    for index, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            table = table.set_column(index, field.name, made_safe(table.column(index)))
    return table


def _to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
