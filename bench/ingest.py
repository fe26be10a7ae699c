"""Ten million rows from a CSV file into the lake, beside DuckDB's own copy of it into Parquet.

A million rows out of PostgreSQL are measured in `ingest_pg`.

`cip ingest` runs as a user runs it: a whole process in a fresh workspace, which reads, checks every
row against the contract, gives every row a key, sorts by customer and time and commits.  DuckDB's
COPY does none of that: it is the price of reading and writing alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

from bench.figures import FULL, Figure, record
from bench.ingest_pg import pg_figures
from bench.measure import Cost, cost_of, median_cost

ROWS = 10_000_000
RUNS = 3 if FULL else 1
DATA = f"{ROWS:,} events in a CSV file"
COPY = "DuckDB COPY into Parquet"
PYTHON = sys.executable
CONFIG = """
format = 1
[workspace]
name = "bench"
currency = "EUR"
[sources.events]
path = "events.csv"
[tables.interactions]
source = "events"
columns.customer_id = "customer_id"
columns.occurred_at = "occurred_at"
columns.kind = "kind"
columns.item_id = "item_id"
columns.value = "value"
[churn]
label = { kind = "inactivity", active_kinds = ["play"] }
"""
PEER = """
import sys, duckdb
con = duckdb.connect(config={"threads": 2, "memory_limit": "1GB"})
con.execute(
    f"COPY (SELECT * FROM read_csv('{sys.argv[1]}')) TO '{sys.argv[2]}' (FORMAT parquet)"
)
"""


def main() -> None:
    """Measure in turn, print medians and ratios."""
    record("ingest", [*csv_figures(), *pg_figures()])


def csv_figures() -> list[Figure]:
    """Rows a second and memory of a first load; changes of the same load again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.csv"
        write_events(path, ROWS)
        ours, peer, changes = [], [], 0
        for number in range(RUNS):
            workspace = Path(folder) / f"ws{number}"
            workspace.mkdir()
            (workspace / "events.csv").symlink_to(path)
            (workspace / "cip.toml").write_text(CONFIG, encoding="utf-8")
            ours.append(cost_of([PYTHON, "-m", "cip", "ingest", "-w", str(workspace)]))
            copy = Path(folder) / f"copy{number}.parquet"
            peer.append(cost_of([PYTHON, "-c", PEER, str(path), str(copy)]))
            changes = max(changes, _changes_again(workspace))
    return _figures(median_cost(ours), median_cost(peer), changes)


def _figures(ours: Cost, peer: Cost, changes: int) -> list[Figure]:
    return [
        Figure(
            "csv_10m_rows_per_s", ROWS / ours.wall_s, "rows/s", "higher", DATA, None, COPY,
            ROWS / peer.wall_s,
        ),
        Figure("csv_10m_cpu_s", ours.cpu_s, "CPU-s", "lower", DATA, None, COPY, peer.cpu_s),
        Figure(
            "csv_10m_peak_mib", ours.peak_mib, "MiB", "lower", DATA, 1024, COPY, peer.peak_mib
        ),
        Figure("reingest_changes", changes, "rows", "lower", DATA, 0),
    ]  # fmt: skip


def _changes_again(workspace: Path) -> int:
    """Rows that the same file changes when every row of it is read and compared again."""
    command = [PYTHON, "-m", "cip", "ingest", "-w", str(workspace), "--again", "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    changes: int = json.loads(ended.stdout)["changes"]
    return changes


def write_events(path: Path, rows: int) -> None:
    """Events of 200,000 customers over two years, the same at every run."""
    kinds = "['play', 'search', 'rate', 'click']"
    with duckdb.connect() as con:
        con.execute(
            f"""
            COPY (
                SELECT
                    'c' || lpad(cast(hash(i * 7 + 1) % 200000 AS VARCHAR), 7, '0') AS customer_id,
                    strftime(
                        TIMESTAMP '2022-01-01'
                        + INTERVAL 1 SECOND * cast(i * 63072000.0 / {rows} AS BIGINT),
                        '%Y-%m-%d %H:%M:%S'
                    ) AS occurred_at,
                    list_extract({kinds}, 1 + cast(hash(i * 3) % 4 AS BIGINT)) AS kind,
                    'i' || cast(hash(i * 11) % 5000 AS VARCHAR) AS item_id,
                    round(cast(hash(i * 13) % 9000 AS DOUBLE) / 100, 2) AS value
                FROM range({rows}) t(i)
            ) TO '{path}' (HEADER)
            """  # noqa: S608 (our own numbers and our own path)
        )


if __name__ == "__main__":
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    main()
