"""Our side of the benchmark of snapshots: each verb is one process to be measured.

`write DATA LAKE` stores the events of the prototype's generator as an ingest does; `features LAKE
OUT ROWS` computes the features and the label, a Parquet file a pass of ROWS rows; `scan LAKE OUT`
reads the seven columns that the features read, and writes the CPU seconds that it took.

`daily LAKE FOLDER ROWS` brings the tables by day in FOLDER up to date, all of them if it is empty;
`day DATA LAKE` adds the events of one more day, and rows that come late with them; `catalogue LAKE
OUT ROWS` computes the product's own features from the events at the six cutoffs; `tomorrow
LAKE FOLDER OUT ROWS` the same at the cutoff after the new day, from the tables in FOLDER.
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

from bench.snapshot_features import EVER, HORIZON_DAYS, KINDS, RULE, features
from cip import columns as c
from cip.engine.batches import sorted_batches
from cip.engine.bucket import BUCKETS, bucket_expr
from cip.engine.connect import connect
from cip.engine.daily_parts import Part
from cip.engine.daily_update import bring_up_to_date
from cip.engine.days import day_numbers
from cip.engine.events import read_events
from cip.engine.feature import Feature
from cip.engine.features import available
from cip.engine.snapshot import snapshot_tables
from cip.stores.daily import DailyFolder
from cip.stores.lake import Lake, LakeSnapshot

THREADS = 2
_DAY = timedelta(days=1)
CUTOFFS = tuple(
    datetime(year, month, 1, tzinfo=UTC)
    for year, month in ((2024, 11), (2024, 12), (2025, 1), (2025, 2), (2025, 3), (2025, 4))
)
_FEW = 50
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
    """What a busy day held, once more after the last day of the data.

    A fiftieth of the customers also did it a week before, and nobody knew until that day.
    """
    con = connect(THREADS)
    raw = con.read_parquet(f"{data}/events.parquet")
    begun, ended = (ibis.literal(t.replace(tzinfo=None)) for t in (_BUSY_DAY, _BUSY_DAY + _DAY))
    again = raw.filter(raw.ts >= begun, raw.ts < ended)
    later = again.mutate(ts=again.ts + ibis.interval(days=_DAYS_ON))
    late = later.filter(later.customer_id % _FEW == 0)
    known = late.mutate(ts=late.ts - ibis.interval(days=7), known=late.ts)
    rows = later.mutate(known=later.ts).union(known)
    Lake(Path(lake)).append("interactions", _stored(con, rows))


def _stored(con: ibis.BaseBackend, raw: Table) -> pa.RecordBatchReader:
    customer, at = raw.customer_id.cast("string"), raw.ts.cast("timestamp('UTC')")
    rows = raw.select(
        customer_id=customer,
        occurred_at=at,
        known_at=raw.known.cast("timestamp('UTC')") if "known" in raw.columns else at,
        kind=raw.kind,
        item_id=raw.item_id.cast("string"),
        value=raw.amount,
        quantity=raw.duration,
        bucket=bucket_expr(customer),
    )
    return sorted_batches(con, rows, [c.CUSTOMER_ID, c.OCCURRED_AT])


def compute(lake: str, out: str, rows_per_pass: str) -> None:
    """The six cutoffs of the prototype."""
    con, store = connect(THREADS), _newest(lake)
    wanted = features(day_numbers(CUTOFFS))
    _write(con, store, wanted, CUTOFFS, out=out, rows_per_pass=int(rows_per_pass))


def daily(lake: str, folder: str, rows_per_pass: str) -> None:
    """Only what is new; everything where the folder is empty."""
    _up_to_date(connect(THREADS), _newest(lake), folder, rows_per_pass)


def catalogue(lake: str, out: str, rows_per_pass: str) -> None:
    """The product's features and the label at the six cutoffs, from the events."""
    con, store = connect(THREADS), _newest(lake)
    _write(con, store, _own(con, store), CUTOFFS, out=out, rows_per_pass=int(rows_per_pass))


def tomorrow(lake: str, folder: str, out: str, rows_per_pass: str) -> None:
    """The product's features at the cutoff after the new day, which has no label yet."""
    con, store = connect(THREADS), _newest(lake)
    parts = _up_to_date(con, store, folder, rows_per_pass)
    wanted, rows = _own(con, store), int(rows_per_pass)
    _write(con, store, wanted, TOMORROW, parts=parts, out=out, rows_per_pass=rows)


def _up_to_date(
    con: ibis.BaseBackend, store: LakeSnapshot, folder: str, rows_per_pass: str
) -> tuple[Part, ...]:
    return bring_up_to_date(con, store, DailyFolder(Path(folder)), int(rows_per_pass))


def _own(con: ibis.BaseBackend, store: LakeSnapshot) -> tuple[Feature, ...]:
    """All that the catalogue can give of these data."""
    return available(read_events(con, store, range(BUCKETS), frozenset(KINDS)))


def _write(
    con: ibis.BaseBackend,
    store: LakeSnapshot,
    wanted: Sequence[Feature],
    cutoffs: Sequence[datetime],
    *,
    out: str,
    rows_per_pass: int,
    parts: Sequence[Part] = (),
) -> None:
    """A file a pass, so that no more than one pass is in memory."""
    passes = snapshot_tables(
        con,
        store,
        cutoffs,
        wanted,
        active_days=EVER,
        rows_per_pass=rows_per_pass,
        rule=RULE,
        horizon_days=None if cutoffs is TOMORROW else HORIZON_DAYS,
        daily=parts,
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
    "daily": daily,
    "catalogue": catalogue,
    "tomorrow": tomorrow,
    "scan": scan,
}


def main(verb: str, arguments: Sequence[str]) -> None:
    """Run one verb."""
    VERBS[verb](*arguments)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
