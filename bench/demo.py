"""The main job on Online Retail II as a newcomer runs it: a fresh workspace, a whole process."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq

from bench.figures import FULL, Figure, record
from bench.measure import Cost, cost_of, median_cost
from cip.flows.demo import example_data

DATA = "Online Retail II, 1,067,370 lines"
RUNS = 5 if FULL else 3
NOTEBOOK = Path(__file__).parent / "peers" / "retail_notebook.py"
PEER = "pandas + scikit-learn + lifetimes notebook"


def main() -> None:
    """Measure our way and the notebook's in turn; print medians and ratios."""
    ours, theirs = [], []
    for _ in range(RUNS):
        ours.append(_ours())
        theirs.append(cost_of([sys.executable, str(NOTEBOOK), str(example_data())]))
    rows = pq.read_metadata(example_data()).num_rows
    record("demo", list(_figures(ours, theirs, rows)))


def _ours() -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "cip", "demo", f"{folder}/retail", "--no-serve"]
        return cost_of(command)


def _figures(ours: list[Cost], theirs: list[Cost], rows: int) -> list[Figure]:
    mine, peer = median_cost(ours), median_cost(theirs)
    wall = sorted(cost.wall_s for cost in ours)
    return [
        Figure(
            "retail_wall_s", mine.wall_s, "s", "lower", DATA, 60.0, PEER, peer.wall_s,
            (wall[0], wall[-1]),
        ),
        Figure("retail_cpu_s", mine.cpu_s, "CPU-s", "lower", DATA, None, PEER, peer.cpu_s),
        Figure("retail_peak_mib", mine.peak_mib, "MiB", "lower", DATA, 2048, PEER, peer.peak_mib),
        Figure(
            "rows_per_s", rows / median(wall), "rows/s", "higher", DATA, None, PEER,
            rows / peer.wall_s,
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
