"""Open an engine: an in-memory DuckDB of this process, or Spark."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from functools import reduce
from pathlib import Path
from typing import Final
from uuid import uuid4

import ibis
from ibis.expr.operations import DatabaseTable
from sqlglot import expressions as sql

from cip.engine.spark import connect_spark, read_with_spark

DUCKDB: Final = "duckdb"
_KEPT: Final = "kept_"
_NAMED: Final = "named_"
_PLACE: Final = ("main", "temp")  # of temporary tables: schema and catalogue


def connect(
    threads: int, *, memory: str | None = None, spill: Path | None = None
) -> ibis.BaseBackend:
    """A DuckDB of its own in memory: UTC, settings locked, no row order but where a query sorts.

    What does not fit into `memory`, such as "400MB", goes to the folder `spill`; without a limit it
    takes what the machine has.

    No extension is installed or loaded on its own, so plain local files are all it reads.  (A
    fence of folders, `allowed_directories`, can be set only by SQL text, which this room does not
    write; and no query text of a user ever comes here.)
    """
    own = Path(tempfile.gettempdir()) / f"cip-engine-{uuid4().hex}"
    con = ibis.duckdb.connect(
        threads=threads,
        temp_directory=str(spill or own),
        **({} if memory is None else {"memory_limit": memory}),
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


def open_engine(engine: str, threads: int) -> ibis.BaseBackend:
    """The engine of that name: "duckdb", "spark" (on this machine), or the URL of a Spark master.

    Raises: as `connect_spark`.
    """
    if engine == DUCKDB:
        return connect(threads)
    return connect_spark(f"local[{threads}]" if engine == "spark" else engine)


def in_one_pass(con: ibis.BaseBackend) -> bool:
    """Whether the engine divides large work by itself, so that nobody has to do it in passes."""
    return bool(con.name != DUCKDB)


def read_files(con: ibis.BaseBackend, files: Sequence[str]) -> ibis.Table:
    """The rows of these Parquet files as one table; columns are matched by name.

    A column that a file does not have is null there.  Columns that stand only in the path
    (`bucket=7/...`) are not read.
    """
    if con.name == DUCKDB:
        return con.read_parquet(list(files), union_by_name=True, hive_partitioning=False)
    return read_with_spark(con, files)


def together(parts: Sequence[ibis.Table]) -> ibis.Table:
    """The rows of all parts; a column that a part does not have is null there."""
    columns = {name: part[name].type() for part in parts for name in part.columns}
    aligned = [
        part.select(
            part[name] if name in part.columns else ibis.null(kind).name(name)
            for name, kind in columns.items()
        )
        for part in parts
    ]
    return reduce(ibis.Table.union, aligned)


def named(con: ibis.BaseBackend, rows: ibis.Table) -> ibis.Table:
    """The same rows under a name of their own: what is made of them does not repeat how.

    Nothing is computed.  Without a name, every use of a column writes its whole expression again.
    """
    return con.create_view(f"{_NAMED}{uuid4().hex}", rows)


def materialise(con: ibis.BaseBackend, rows: ibis.Table) -> ibis.Table:
    """The same rows, computed once and kept until the connection closes."""
    if con.name == DUCKDB:
        return con.create_table(f"{_KEPT}{uuid4().hex}", rows, temp=True)
    return rows.cache()


def forget(con: ibis.BaseBackend, kept: Iterable[ibis.Table]) -> None:
    """Gives back the memory of tables that `materialise` keeps on DuckDB."""
    for rows in kept:
        _drop(con, rows.op().name)


def keep_only(con: ibis.BaseBackend, needed: Iterable[ibis.Table]) -> None:
    """Gives back the memory of every table that `materialise` keeps and that `needed` do not read.

    Nothing is given back while one of them reads a view of `named`, which does not say what it
    reads, or on an engine that keeps its own house.
    """
    read = {table.name for rows in needed for table in rows.op().find(DatabaseTable)}
    if con.name != DUCKDB or any(name.startswith(_NAMED) for name in read):
        return
    there = sql.select("table_name").from_("duckdb_tables()")
    for (name,) in con.raw_sql(there).fetchall():
        if name.startswith(_KEPT) and name not in read:
            _drop(con, name)


def _drop(con: ibis.BaseBackend, name: str) -> None:
    # `drop_table` of Ibis 12 builds a statement that sqlglot 30.30 writes without the name
    con.raw_sql(sql.Drop(kind="TABLE", tables=[sql.table_(name, *_PLACE, quoted=True)]))
