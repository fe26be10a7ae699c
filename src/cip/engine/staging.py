"""Canonical rows as read, laid out as the lake lays them out: what was not stored can be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis
import pyarrow.parquet as pq
from ibis.expr.types import Table

from cip import columns as c
from cip.contract.tables import TABLES, TableName
from cip.engine.rows import with_known_at


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One Parquet file: its customer bucket (None for items) and its rows."""

    path: str
    bucket: int | None
    rows: int


@dataclass(frozen=True, slots=True)
class StagedTables:
    """An `EventStore` over staged Parquet files, with the days of a time zone."""

    tables: Mapping[str, tuple[StagedFile, ...]]
    zone: str = "UTC"

    def has(self, table: str) -> bool:
        """Whether any row of the table was read."""
        return bool(self.tables.get(table))

    def files(self, table: str, buckets: Sequence[int] | None = None) -> list[str]:
        """Parquet files of the table, all or of these buckets; items have none: always all."""
        wanted = None if buckets is None else {None, *buckets}
        return [f.path for f in self.tables[table] if wanted is None or f.bucket in wanted]

    def rows_by_bucket(self, table: str) -> dict[int, int]:
        """Rows in each customer bucket that has any; {} for items."""
        return {f.bucket: f.rows for f in self.tables[table] if f.bucket is not None}


def stage_tables(
    con: ibis.BaseBackend, tables: Mapping[TableName, Table], folder: Path, zone: str = "UTC"
) -> StagedTables:
    """The rows of each table in files below `folder`, as a first load would know them."""
    return StagedTables(
        {name: _staged(con, name, rows, folder) for name, rows in tables.items()}, zone
    )


def _staged(
    con: ibis.BaseBackend, name: TableName, rows: Table, folder: Path
) -> tuple[StagedFile, ...]:
    time, out = TABLES[name].time, folder / name
    known = rows if time is None else with_known_at(rows, time, None)
    out.parent.mkdir(parents=True, exist_ok=True)
    if c.BUCKET in rows.columns:
        con.to_parquet(known, str(out), partition_by=c.BUCKET)
        files = sorted(out.glob("*/*.parquet"))
    else:
        files = [out.with_suffix(".parquet")]
        con.to_parquet(known, str(files[0]))
    found = [StagedFile(str(f), _bucket(f), pq.read_metadata(f).num_rows) for f in files]
    return tuple(file for file in found if file.rows)


def _bucket(file: Path) -> int | None:
    _, _, bucket = file.parent.name.partition("bucket=")
    return int(bucket) if bucket else None
