"""A hundred thousand events with everything in them that engines do differently.

Last microseconds of days, rows known late, rows that a later load changed, empty cells, zeros,
refunds, letters beyond ASCII, and files that lack a column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from cip.engine.bucket import bucket_of
from cip.engine.features_kinds import KINDS

START: Final = datetime(2022, 1, 1, tzinfo=UTC)
DAYS: Final = 700
CUTOFFS: Final = tuple(START + timedelta(days=days) for days in (430, 610))
DATA_END: Final = START + timedelta(days=DAYS)
BUCKETS: Final = 8

_TIME: Final = pa.timestamp("us", "UTC")
_DAY: Final = 86_400_000_000
_EDGES: Final = (0, 1, 43_200_123_456, _DAY - 1)
_LATE: Final = (0, 0, 0, 20 * _DAY, 5_000_000)
_COUNTRIES: Final = ("DE", "FR", None)


@dataclass(frozen=True, slots=True)
class FolderStore:
    """An `EventStore` over a folder: `<table>-<bucket>.parquet`, and `items.parquet`."""

    folder: Path
    zone: str = "UTC"

    def has(self, table: str) -> bool:
        """Whether any file of the table is there."""
        return bool(self.files(table))

    def files(self, table: str, buckets: Sequence[int] | None = None) -> list[str]:
        """The table's files, all or of these buckets; items have none: always all."""
        numbers = range(BUCKETS) if buckets is None else buckets
        paths = [self.folder / f"{table}-{number}.parquet" for number in numbers]
        return [str(p) for p in (*paths, self.folder / f"{table}.parquet") if p.exists()]

    def rows_by_bucket(self, table: str) -> dict[int, int]:
        """Rows of each bucket's file."""
        paths = {n: self.folder / f"{table}-{n}.parquet" for n in range(BUCKETS)}
        return {n: pq.read_metadata(path).num_rows for n, path in paths.items() if path.exists()}


def write_world(folder: Path, *, customers: int = 1_200, events: int = 102_000) -> FolderStore:
    """The world in files below `folder`: a third of the events are payments; equal every time."""
    folder.mkdir(parents=True)
    draw = _Draw(np.random.default_rng(5), customers)
    payments = events // 3
    _write(folder, "transactions", _changed(_payments(draw, payments), draw, 50))
    _write(folder, "interactions", _interactions(draw, events - payments))
    _write(folder, "subscriptions", _changed(_spells(draw), draw, 10))
    _write(folder, "treatments", _treatments(draw))
    _write(folder, "customers", _customers(customers))
    items = {
        "item_id": [f"item {n}" for n in range(39)],
        "title": [f"title {n}" for n in range(39)],
        "category": ["x", "y", None] * 13,
    }
    pq.write_table(pa.table(items), folder / "items.parquet")
    return FolderStore(folder)


@dataclass(frozen=True, slots=True)
class _Draw:
    rng: np.random.Generator
    customers: int

    def who(self, n: int) -> pa.Array:
        return pa.array([f"ü-{number}" for number in self.rng.integers(0, self.customers, n)])

    def of(self, values: Sequence[Any], n: int) -> pa.Array:
        """Any of the values, each as likely."""
        return pa.array([values[at] for at in self.rng.integers(0, len(values), n)])

    def times(self, n: int, name: str) -> dict[str, pa.Array]:
        days = self.rng.integers(0, DAYS, n) * _DAY
        when = days + self.rng.choice(_EDGES, n)
        known = when + self.rng.choice(_LATE, n)
        return {name: _instants(when), "known_at": _instants(known)}


def _instants(microseconds: NDArray[np.int64]) -> pa.Array:
    begun = int(START.timestamp()) * 1_000_000
    return pa.array(begun + microseconds, pa.int64()).cast(_TIME)


def _payments(draw: _Draw, n: int) -> dict[str, pa.Array]:
    sizes = draw.rng.lognormal(3, 1, n) * draw.rng.choice([1, 1, 1, -0.5, 0], n)
    return {
        "customer_id": draw.who(n),
        **draw.times(n, "occurred_at"),
        "amount": pa.array(np.round(sizes, 2)),
        "row_key": pa.array([f"t{number}" for number in range(n)]),
    }


def _interactions(draw: _Draw, n: int) -> dict[str, pa.Array]:
    items = [None if item == 39 else f"item {item}" for item in draw.rng.integers(0, 40, n)]
    return {
        "customer_id": draw.who(n),
        **draw.times(n, "occurred_at"),
        "kind": draw.of(["play", *KINDS], n),
        "item_id": pa.array(items, pa.string()),
        "quantity": draw.of([-1.0, 0.1, 2.5], n),
        "value": draw.of([None, 0.1, 3.0, 47.3], n),
        "sentiment": draw.of([None, None, 0.0, 0.25, 0.5, 0.9], n),
        "device": draw.of([None, "phone", "till", "télé"], n),
    }


def _spells(draw: _Draw) -> dict[str, pa.Array]:
    """Two spells for most customers, each beginning at an instant of its own."""
    n = 2 * draw.customers
    begun = draw.rng.integers(0, DAYS - 50, n) * _DAY + np.arange(n)
    lasting = draw.rng.choice([0, 30, 200, 900], n) * _DAY
    ended = _instants(begun + lasting).to_pylist()
    runs = draw.rng.random(n) < 0.3
    return {
        "customer_id": draw.who(n),
        "started_at": _instants(begun),
        "known_at": _instants(begun + draw.rng.choice(_LATE, n)),
        "ended_at": pa.array([None if r else e for r, e in zip(runs, ended, strict=True)], _TIME),
        "plan": draw.of([None, "basic", "full"], n),
        "price": draw.of([None, 7.99, 12.99], n),
        "row_key": pa.array([f"s{number}" for number in range(n)]),
    }


def _treatments(draw: _Draw) -> dict[str, pa.Array]:
    n = draw.customers
    return {
        "customer_id": draw.who(n),
        **draw.times(n, "occurred_at"),
        "arm": draw.of(["control", "voucher", "e-mail"], n),
        "cost": draw.of([0.0, 2.5], n),
    }


def _customers(n: int) -> dict[str, pa.Array]:
    """Of five customers the last one is not listed."""
    listed = [number for number in range(n) if number % 5 < 4]
    return {
        "customer_id": pa.array([f"ü-{number}" for number in listed]),
        "name": pa.array([f"Name {number}" for number in listed]),
        "country": pa.array([_COUNTRIES[number % 3] for number in listed]),
        "age": pa.array([31.5 if number % 2 else None for number in listed], pa.float64()),
    }


def _changed(columns: Mapping[str, pa.Array], draw: _Draw, every: int) -> pa.Table:
    """The rows, and of every so many a second version, known 40 days later, with other figures."""
    first = pa.table(dict(columns))
    again = first.take(np.arange(0, len(first), every))
    later = again["known_at"].cast(pa.int64()).to_numpy() + 40 * _DAY
    news = {"known_at": pa.array(later).cast(_TIME)}
    if "amount" in columns:
        news["amount"] = draw.of([9.5, -3.25], len(again))
    else:  # it ended after 45 days, or its end is taken back
        ends = again["started_at"].cast(pa.int64()).to_numpy() + 45 * _DAY
        taken_back = draw.rng.random(len(again)) < 0.5
        news["ended_at"] = pa.array(ends, mask=taken_back).cast(_TIME)
    for name, values in news.items():
        again = again.set_column(again.column_names.index(name), name, values)
    revision = (pa.nulls(len(first), pa.int64()), pa.array([1] * len(again), pa.int64()))
    parts = zip((first, again), revision, strict=True)
    return pa.concat_tables(part.append_column("revision", number) for part, number in parts)


def _write(folder: Path, table: str, columns: Mapping[str, pa.Array] | pa.Table) -> None:
    """A file a bucket; those in which no row was changed do not have the column `revision`."""
    rows = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
    buckets = np.array([bucket_of(who) % BUCKETS for who in rows["customer_id"].to_pylist()])
    for bucket in range(BUCKETS):
        part = rows.filter(pa.array(buckets == bucket))
        if "revision" in part.column_names and bucket % 2:
            part = part.filter(part["revision"].is_null()).drop_columns(["revision"])
        pq.write_table(part, folder / f"{table}-{bucket}.parquet")
