"""Opens whatever a source means: a file, a series of files, or a table of a database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from cip.contract.mapping import Source
from cip.sources import csv_rows, parquet_rows, xlsx_rows
from cip.sources.database import open_table
from cip.sources.places import files_of, format_of
from cip.sources.rows import Rows, check_columns
from cip.sources.series import open_series


def open_source(source: Source, base: Path) -> Rows:
    """The rows of a source, read as they are asked for; close it with `with rows.closing:`.

    A relative path starts at `base`.  The first batches are cheap, except that a workbook is read
    whole and a SQLite table is looked through once for its types.

    Raises: SettingsError or ContractError C-001 to C-013 and C-040 to C-051.
    """
    if source.database:
        return open_table(source, base)
    return open_files(source, files_of(source, base))


def open_files(source: Source, paths: Sequence[Path]) -> Rows:
    """The rows of these files as one."""
    open_file = partial(_open_file, source)
    return open_file(paths[0]) if len(paths) == 1 else open_series(paths, open_file)


def _open_file(source: Source, path: Path) -> Rows:
    kind = format_of(source, path)
    if kind == "csv":
        rows = csv_rows.open_rows(path, source)
    elif kind == "parquet":
        rows = parquet_rows.open_rows(path)
    else:
        rows = xlsx_rows.open_rows(path, source)
    check_columns(path, rows.columns)
    return rows
