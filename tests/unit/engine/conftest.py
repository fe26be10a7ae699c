"""A small store of Parquet files, and one engine for a whole test module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cip.engine.bucket import bucket_of
from cip.engine.connect import connect

_TIME = pa.timestamp("us", "UTC")
_SCHEMAS = {
    "transactions": {"customer_id": pa.string(), "occurred_at": _TIME, "amount": pa.float64()},
    "interactions": {
        "customer_id": pa.string(),
        "occurred_at": _TIME,
        "kind": pa.string(),
        "item_id": pa.string(),
        "quantity": pa.float64(),
        "value": pa.float64(),
        "sentiment": pa.float64(),
        "device": pa.string(),
    },
    "subscriptions": {
        "customer_id": pa.string(),
        "started_at": _TIME,
        "ended_at": _TIME,
        "plan": pa.string(),
        "price": pa.float64(),
    },
    "items": {"item_id": pa.string(), "title": pa.string(), "category": pa.string()},
    "customers": {"customer_id": pa.string()},
    "treatments": {"customer_id": pa.string(), "occurred_at": _TIME, "arm": pa.string()},
}
Rows = Sequence[Mapping[str, Any]]


@dataclass
class FileStore:
    """An EventStore over Parquet files: one a bucket, one for items."""

    folder: Path
    rows: dict[str, dict[int | None, int]] = field(default_factory=dict)
    zone: str = "UTC"

    def has(self, table: str) -> bool:
        return table in self.rows

    def files(self, table: str, buckets: Sequence[int] | None = None) -> list[str]:
        wanted = None if buckets is None else {None, *buckets}
        return [
            str(self.folder / f"{table}-{bucket}.parquet")
            for bucket in self.rows[table]
            if wanted is None or bucket in wanted
        ]

    def rows_by_bucket(self, table: str) -> dict[int, int]:
        return {bucket: n for bucket, n in self.rows[table].items() if bucket is not None}

    def write(self, table: str, rows: Rows) -> None:
        """Adds rows, with `known_at` as given or else when they happened."""
        schema = dict(_SCHEMAS[table])
        time = next((name for name in ("occurred_at", "started_at") if name in schema), None)
        if time is not None:
            schema["known_at"] = _TIME
            rows = [{"known_at": row[time], **row} for row in rows]
        given = {key for row in rows for key in row}
        schema = {name: kind for name, kind in schema.items() if name in given} or schema
        groups: dict[int | None, list[Mapping[str, Any]]] = {}
        for row in rows:
            bucket = bucket_of(row["customer_id"]) if "customer_id" in schema else None
            groups.setdefault(bucket, []).append(row)
        self.rows[table] = {bucket: len(group) for bucket, group in groups.items()}
        for bucket, group in groups.items():
            extra = [name for name in group[0] if name not in schema]
            columns = {n: pa.array([r.get(n) for r in group], t) for n, t in schema.items()}
            columns |= {name: pa.array([row.get(name) for row in group]) for name in extra}
            pq.write_table(pa.table(columns), self.folder / f"{table}-{bucket}.parquet")


@pytest.fixture(scope="module")
def con() -> Iterator[ibis.BaseBackend]:
    made = connect(threads=2)
    yield made
    made.disconnect()


@pytest.fixture(scope="session")
def make_store(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., FileStore]:
    """`make_store(transactions=[...], interactions=[...])`: a store that holds these rows."""

    def make(**tables: Rows) -> FileStore:
        store = FileStore(tmp_path_factory.mktemp("store"))
        for table, rows in tables.items():
            store.write(table, rows)
        return store

    return make
