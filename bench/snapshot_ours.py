"""Our side of the benchmark of snapshots: each verb is one process to be measured.

`write DATA LAKE` stores the events of the prototype's generator as an ingest does; `features LAKE
OUT ROWS` computes the features and the label, a Parquet file a pass of ROWS rows; `day DATA LAKE`
adds the events of one more day, and `tomorrow LAKE OUT ROWS` computes the features after it; `scan
LAKE OUT` reads the seven columns that the features read, and writes the CPU seconds that it took.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.expr.types import Table

from bench.snapshot_features import EVER, HORIZON_DAYS, RULE, features
from cip import columns as c
from cip.engine.batches import sorted_batches
from cip.engine.bucket import bucket_expr
from cip.engine.connect import connect
from cip.engine.days import day_numbers
from cip.engine.snapshot import snapshot_tables
from cip.stores.lake import Lake, LakeSnapshot

THREADS = 2
_DAY = timedelta(days=1)
CUTOFFS = tuple(
    datetime(year, month, 1, tzinfo=UTC)
    for year, month in ((2024, 11), (2024, 12), (2025, 1), (2025, 2), (2025, 3), (2025, 4))
)
TOMORROW = (datetime(2025, 6, 25, tzinfo=UTC),)
_BUSY_DAY, _DAYS_ON = datetime(2025, 3, 31, tzinfo=UTC), 85  # repeated on 2025-06-24, the new day
_READ = ("customer_id", "occurred_at", "known_at", "kind", "item_id", "value", "quantity")


def write(data: str, lake: str) -> None:
    """Interactions and items in a lake; ids are text, as in every lake."""
    con = connect(THREADS)
    into = Lake(Path(lake))
    into.append("interactions", _stored(con, con.read_parquet(f"{data}/events.parquet")))
    items = con.read_parquet(f"{data}/items.parquet")
    named = items.select(item_id=items.item_id.cast("string"), category=items.category)
    into.append("items", sorted_batches(con, named, [c.ITEM_ID]))


def day(data: str, lake: str) -> None:
    """What a busy day held, once more after the last day of the data."""
    con = connect(THREADS)
    raw = con.read_parquet(f"{data}/events.parquet")
    begun, ended = (ibis.literal(t.replace(tzinfo=None)) for t in (_BUSY_DAY, _BUSY_DAY + _DAY))
    again = raw.filter(raw.ts >= begun, raw.ts < ended)
    later = again.mutate(ts=again.ts + ibis.interval(days=_DAYS_ON))
    Lake(Path(lake)).append("interactions", _stored(con, later))


def _stored(con: ibis.BaseBackend, raw: Table) -> pa.RecordBatchReader:
    customer, at = raw.customer_id.cast("string"), raw.ts.cast("timestamp('UTC')")
    rows = raw.select(
        customer_id=customer,
        occurred_at=at,
        known_at=at,
        kind=raw.kind,
        item_id=raw.item_id.cast("string"),
        value=raw.amount,
        quantity=raw.duration,
        bucket=bucket_expr(customer),
    )
    return sorted_batches(con, rows, [c.CUSTOMER_ID, c.OCCURRED_AT])


def compute(lake: str, out: str, rows_per_pass: str) -> None:
    """The six cutoffs of the prototype."""
    _compute(lake, out, int(rows_per_pass), CUTOFFS, HORIZON_DAYS)


def tomorrow(lake: str, out: str, rows_per_pass: str) -> None:
    """The cutoff after the new day, which has no label yet."""
    _compute(lake, out, int(rows_per_pass), TOMORROW, None)


def _compute(
    lake: str, out: str, rows: int, cutoffs: Sequence[datetime], horizon_days: int | None
) -> None:
    """A file a pass, so that no more than one pass is in memory."""
    con = connect(THREADS)
    passes = snapshot_tables(
        con,
        _newest(lake),
        cutoffs,
        features(day_numbers(cutoffs)),
        active_days=EVER,
        rows_per_pass=rows,
        rule=RULE,
        horizon_days=horizon_days,
    )
    for number, made in enumerate(passes):
        pq.write_table(made, f"{out}/{number}.parquet")


def scan(lake: str, out: str) -> None:
    """The greatest value of each column, which takes no memory."""
    con = connect(THREADS)
    begun = time.process_time()
    rows = con.read_parquet(_newest(lake).files("interactions"), hive_partitioning=False)
    rows.aggregate(**{name: rows[name].max() for name in _READ}).to_pyarrow()
    Path(out).write_text(str(time.process_time() - begun), encoding="utf-8")


def _newest(lake: str) -> LakeSnapshot:
    stored = Lake(Path(lake))
    return stored.pinned(stored.versions())


VERBS: dict[str, Callable[..., None]] = {
    "write": write,
    "day": day,
    "features": compute,
    "tomorrow": tomorrow,
    "scan": scan,
}


def main(verb: str, arguments: Sequence[str]) -> None:
    """Run one verb."""
    VERBS[verb](*arguments)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
