"""The main job as a newcomer runs it: a fresh workspace, a whole process, beside a notebook's way.

Retail is the shipped data set; the seed's own data are read from ../shared/data where that folder
exists.  The seed's way runs on one OpenMP thread, which is the cheaper for it: its threads wait
for each other in a loop.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq

from bench.figures import FULL, Figure, record
from bench.measure import Cost, cost_of, median_cost
from cip.flows.demo import example_data

RETAIL = "Online Retail II, 1,067,370 lines"
SEED = "netflix-2025, 210,290 rows in six files"
RUNS = 5 if FULL else 3
PEERS = Path(__file__).parent / "peers"
SEED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "netflix-2025"
NOTEBOOK = "pandas + scikit-learn + lifetimes notebook"
SEED_WAY = "the seed's way (pandas + scikit-learn + Surprise)"
PYTHON = sys.executable


def main() -> None:
    """Measure our way and the peer's in turn; print medians and ratios."""
    retail = _both(
        lambda folder: [PYTHON, "-m", "cip", "demo", folder, "--only", "retail", "--no-serve"],
        [PYTHON, str(PEERS / "retail_notebook.py"), str(example_data())],
    )
    figures = _retail(*retail, pq.read_metadata(example_data()).num_rows)
    if SEED_DATA.is_dir():
        figures += _netflix(*_both(_netflix_run, _seed_way()))
    record("demo", figures)


def _both(ours: Callable[[str], list[str]], theirs: list[str]) -> tuple[list[Cost], list[Cost]]:
    mine, peer = [], []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            mine.append(cost_of(ours(folder)))
        peer.append(cost_of(theirs))
    return mine, peer


def _netflix_run(folder: str) -> list[str]:
    """The run alone: making the workspace is a matter of milliseconds."""
    init = ["init", f"{folder}/ws", "--preset", "netflix-2025", "--data", str(SEED_DATA)]
    cost_of([PYTHON, "-m", "cip", *init])
    return [PYTHON, "-m", "cip", "run", "-w", f"{folder}/ws"]


def _seed_way() -> list[str]:
    return [PYTHON, str(PEERS / "netflix_seed.py"), str(SEED_DATA)]


def _retail(ours: list[Cost], theirs: list[Cost], rows: int) -> list[Figure]:
    mine, peer = median_cost(ours), median_cost(theirs)
    wall = sorted(cost.wall_s for cost in ours)
    return [
        Figure(
            "retail_wall_s", mine.wall_s, "s", "lower", RETAIL, 60.0, NOTEBOOK, peer.wall_s,
            (wall[0], wall[-1]),
        ),
        Figure("retail_cpu_s", mine.cpu_s, "CPU-s", "lower", RETAIL, None, NOTEBOOK, peer.cpu_s),
        Figure(
            "retail_peak_mib", mine.peak_mib, "MiB", "lower", RETAIL, 2048, NOTEBOOK, peer.peak_mib
        ),
        Figure(
            "rows_per_s", rows / median(wall), "rows/s", "higher", RETAIL, None, NOTEBOOK,
            rows / peer.wall_s,
        ),
    ]  # fmt: skip


def _netflix(ours: list[Cost], theirs: list[Cost]) -> list[Figure]:
    """Goals: at most a fifth of the seed's CPU and half of its memory, in the same run."""
    mine, peer = median_cost(ours), median_cost(theirs)
    return [
        Figure("netflix_wall_s", mine.wall_s, "s", "lower", SEED, None, SEED_WAY, peer.wall_s),
        Figure(
            "netflix_cpu_s", mine.cpu_s, "CPU-s", "lower", SEED, peer.cpu_s / 5, SEED_WAY,
            peer.cpu_s,
        ),
        Figure(
            "netflix_peak_mib", mine.peak_mib, "MiB", "lower", SEED, peer.peak_mib / 2, SEED_WAY,
            peer.peak_mib,
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # for both sides alike
    main()
