"""A DuckDB in memory that can read the files of one folder and nothing else."""

from __future__ import annotations

from pathlib import Path

import duckdb


def open_folder(folder: Path) -> duckdb.DuckDBPyConnection:
    """A database for many threads, each with a cursor of its own; no other file, no host."""
    db = duckdb.connect(config={"threads": 2, "memory_limit": "512MB"})
    db.execute("set allowed_directories = $1", [[str(folder)]])
    db.execute("set enable_external_access = false")  # no other file, host or extension
    db.execute("set lock_configuration = true")
    return db
