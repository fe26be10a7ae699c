"""Open an engine: an in-memory DuckDB of this process, or Spark."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from uuid import uuid4

import ibis

_QUIET_SPARK = {
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "4",
}


def connect(threads: int) -> ibis.BaseBackend:
    """A DuckDB of its own in memory: UTC, settings locked, no row order but where a query sorts.

    No extension is installed or loaded on its own, so plain local files are all it reads.  (A
    fence of folders, `allowed_directories`, can be set only by SQL text, which this room does not
    write; and no query text of a user ever comes here.)
    """
    con = ibis.duckdb.connect(
        threads=threads,
        temp_directory=str(Path(tempfile.gettempdir()) / f"cip-engine-{uuid4().hex}"),
        preserve_insertion_order="false",
        autoinstall_known_extensions="false",
        autoload_known_extensions="false",
        allow_community_extensions="false",
        allow_extension_repositories="forbidden",
        allow_persistent_secrets="false",
    )
    con.settings["enable_progress_bar"] = False
    con.settings["lock_configuration"] = True
    return con


def connect_spark(master: str) -> ibis.BaseBackend:
    """A Spark session at `master`, such as "local[2]" or "spark://host:7077": UTC and quiet.

    Needs the `spark` extra and Java 17; both are looked for only here.
    """
    from pyspark.sql import SparkSession  # noqa: PLC0415 (an extra: loaded when asked for)

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(master).appName("cip")
    for key, value in _QUIET_SPARK.items():
        builder = builder.config(key, value)
    return ibis.pyspark.connect(builder.getOrCreate())


def read_files(con: ibis.BaseBackend, files: Sequence[str]) -> ibis.Table:
    """The rows of these Parquet files as one table; columns are matched by name.

    Columns that stand only in the path (`bucket=7/...`) are not read.
    """
    if con.name == "duckdb":
        return con.read_parquet(list(files), union_by_name=True, hive_partitioning=False)
    return reduce(ibis.Table.union, [con.read_parquet(file) for file in files])


def materialise(con: ibis.BaseBackend, rows: ibis.Table) -> ibis.Table:
    """The same rows, computed once and kept until the connection closes."""
    if con.name == "duckdb":
        return con.create_table(f"kept_{uuid4().hex}", rows, temp=True)
    return rows.cache()
