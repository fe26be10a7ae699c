"""Snapshots at scale: 43 features and a label at six cutoffs, beside Polars and pandas by hand.

The peers are the prototypes in ../shared/research/prototypes/engine, unchanged, on data of its
generator.  Before anything is timed, both must give our figures at one million events, to a
billionth.  Polars is no part of the product: it is taken from the interpreter that PEERS_PYTHON
names, or else installed into a folder of its own for as long as the benchmark runs.

Then one more day: its sums by day beside all of them, and the day up to the product's own features
at the next cutoff beside these features at six cutoffs.

Quick: 1 and 10 million events, medians of 3.  FULL=1: 50 million too, medians of 5.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from math import log
from pathlib import Path
from shutil import copytree, rmtree
from typing import Literal

from bench.figures import FULL, Figure, record
from bench.measure import Cost, cost_of, median_cost
from bench.snapshot_parity import check_equal

PROTOTYPES = Path(__file__).resolve().parents[2] / "shared/research/prototypes/engine"
RUNS = 5 if FULL else 3
SIZES = (1, 10, 50) if FULL else (1, 10)
ROWS_PER_PASS = 640_000
"""About 4 buckets of 10 million events, and one bucket of 50 million, which holds 780,000."""
DATA = "synthetic events, 100 a customer, six cutoffs, 44 columns"
POLARS = "Polars by hand (research prototype)"
PANDAS = "pandas by hand (research prototype)"
_OURS = (sys.executable, "-W", "ignore", "-m", "bench.snapshot_ours")


@dataclass(frozen=True)
class Side:
    """One size: where its data are, and what each way of computing it costs."""

    millions: int
    folder: Path

    @property
    def data(self) -> Path:
        """The generator's files."""
        return self.folder / "data"

    @property
    def lake(self) -> Path:
        """The same events as an ingest stores them."""
        return self.folder / "lake"

    def made(self) -> Cost:
        """Generate the data and write the lake; the cost is that of the lake."""
        count = str(self.millions * 1_000_000)
        cost_of([sys.executable, "-B", str(PROTOTYPES / "gen.py"), str(self.data), count])
        return cost_of([*_OURS, "write", str(self.data), str(self.lake)])

    def ours(self) -> Cost:
        """Our features, into the folder `ours`."""
        out = self.folder / "ours"
        rmtree(out, ignore_errors=True)
        out.mkdir()
        return cost_of([*_OURS, "features", str(self.lake), str(out), str(ROWS_PER_PASS)])

    def by_day(self, copy_of: str = "") -> Cost:
        """The tables by day brought up to date: in an empty folder, or in a copy of this one."""
        folder = self.folder / ("daily-next" if copy_of else "daily")
        rmtree(folder, ignore_errors=True)
        if copy_of:
            copytree(self.folder / copy_of, folder)
        return cost_of([*_OURS, "daily", str(self.lake), str(folder), str(ROWS_PER_PASS)])

    def own(self, verb: str, *tables: str) -> Cost:
        """The product's own features: `catalogue` of the events, `tomorrow` of tables by day."""
        out = self.folder / "own"
        rmtree(out, ignore_errors=True)
        out.mkdir()
        stored = [str(self.folder / name) for name in tables]
        return cost_of([*_OURS, verb, str(self.lake), *stored, str(out), str(ROWS_PER_PASS)])

    def peer(self, python: str, script: str) -> Cost:
        """A prototype's features, into a file of its name."""
        out = self.folder / f"{script}.parquet"
        return cost_of([python, "-B", str(PROTOTYPES / script), str(self.data), str(out)])

    def scanned(self) -> float:
        """CPU seconds of reading the columns and nothing else, without starting a process."""
        said = self.folder / "scan"
        cost_of([*_OURS, "scan", str(self.lake), str(said)])
        return float(said.read_text(encoding="utf-8"))


def main() -> None:
    """Check equality, measure in turn, print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        peers = _peers(Path(folder))
        sides = {m: Side(m, Path(folder) / f"{m}m") for m in SIZES}
        written = {millions: side.made() for millions, side in sides.items()}
        _check(sides[1], peers)
        figures = _ten(sides[10], peers, written[10]) + _next_day(sides[10])
        smallest = median_cost([sides[1].ours() for _ in range(RUNS)])
        if FULL:
            figures += _fifty(sides[50], smallest, written[50])
        record("snapshot", figures)


def _peers(folder: Path) -> dict[str, str]:
    """The interpreter of each prototype that can run here."""
    found = {"run_pandas.py": sys.executable}
    given = os.environ.get("PEERS_PYTHON")
    python = given or str(folder / "peers/bin/python")
    try:
        if given is None:
            _run(sys.executable, "-m", "venv", str(folder / "peers"))
            _run(python, "-m", "pip", "install", "-q", "polars", "numpy")
        _run(python, "-c", "import polars")
    except subprocess.CalledProcessError as error:
        print(f"Polars cannot be installed here, so nothing is compared with it: {error.stderr}")
        return found
    return {"run_polars.py": python, **found}


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)


def _check(side: Side, peers: dict[str, str]) -> None:
    side.ours()
    for script, python in peers.items():
        side.peer(python, script)
        rows, worst = check_equal(side.folder / f"{script}.parquet", side.folder / "ours")
        print(f"equal to {script}: {rows:,} rows, 44 columns, worst difference {worst:.1e}")


def _ten(side: Side, peers: dict[str, str], written: Cost) -> list[Figure]:
    """All ways in turn, so that a busy minute speaks against each of them alike."""
    costs: dict[str, list[Cost]] = {name: [] for name in ("ours", *peers)}
    for _ in range(RUNS):
        costs["ours"].append(side.ours())
        for script, python in peers.items():
            costs[script].append(side.peer(python, script))
    medians = {name: median_cost(some) for name, some in costs.items()}
    ours, data = medians["ours"], f"10 million {DATA}"
    scans = sorted(side.scanned() for _ in range(RUNS))
    figures = [
        Figure("cpu_10m", ours.cpu_s, "CPU-s", "lower", data),
        Figure("lake_write_cpu_10m", written.cpu_s, "CPU-s", "lower", data),
        Figure("scan_multiple_10m", ours.cpu_s / scans[RUNS // 2], "x", "lower", data, 40.0),
    ]
    if polars := medians.get("run_polars.py"):
        figures += [
            _against("cpu_vs_polars_10m", ours.cpu_s, polars.cpu_s, goal=1.25, peer=POLARS),
            _against("peak_vs_polars_10m", ours.peak_mib, polars.peak_mib, goal=0.25, peer=POLARS),
        ]
    pandas = medians["run_pandas.py"]
    return [
        *figures,
        _against("cpu_vs_pandas_10m", ours.cpu_s, pandas.cpu_s, goal=0.75, peer=PANDAS),
    ]


def _against(name: str, ours: float, theirs: float, *, goal: float, peer: str) -> Figure:
    """The figure is the ratio, as the goals are ratios; what it is of is printed."""
    print(f"{name}: {ours:,.1f} against {theirs:,.1f} of {peer}")
    return Figure(name, ours / theirs, "x", "lower", f"10 million {DATA}, against {peer}", goal)


def _fifty(side: Side, smallest: Cost, written: Cost) -> list[Figure]:
    data = f"50 million {DATA}"
    full = median_cost([side.ours() for _ in range(RUNS)])
    exponent = log(full.cpu_s / smallest.cpu_s) / log(50)
    return [
        Figure("cpu_50m", full.cpu_s, "CPU-s", "lower", data, tier="full"),
        Figure("lake_write_cpu_50m", written.cpu_s, "CPU-s", "lower", data, tier="full"),
        Figure("cpu_exponent_1m_50m", exponent, "", "lower", data, 1.10, tier="full"),
        Figure("peak_50m_mib", full.peak_mib, "MiB", "lower", data, 1536, tier="full"),
        *_next_day(side, goal=0.05),
    ]


def _next_day(side: Side, goal: float | None = None) -> list[Figure]:
    """What one more day costs: its sums by day alone, and everything up to tomorrow's features.

    The second has no goal and is of one run; see docs/decisions/0028-stored-daily-aggregates.md.
    """
    data = f"{side.millions} million synthetic events, one more day and rows that came late"
    built = median_cost([side.by_day() for _ in range(RUNS)])
    from_events = side.own("catalogue")
    loaded = cost_of([*_OURS, "day", str(side.data), str(side.lake)])
    updated = median_cost([side.by_day("daily") for _ in range(RUNS)])
    tomorrow = side.own("tomorrow", "daily-next")
    all_of_it = loaded.cpu_s + updated.cpu_s + tomorrow.cpu_s
    print(f"CPU-s: tables by day {built.cpu_s:.1f}, one more day {updated.cpu_s:.2f}")
    print(
        f"CPU-s: load {loaded.cpu_s:.1f}, update {updated.cpu_s:.1f}, tomorrow's features "
        f"{tomorrow.cpu_s:.1f}; six cutoffs from events {from_events.cpu_s:.1f}"
    )
    tier: Literal["quick", "full"] = "quick" if goal is None else "full"
    size = f"{side.millions}m"
    by_day, whole = updated.cpu_s / built.cpu_s, all_of_it / from_events.cpu_s
    return [
        Figure(f"incremental_day_vs_full_{size}", by_day, "x", "lower", data, goal, tier=tier),
        Figure(f"tomorrow_vs_full_{size}", whole, "x", "lower", data, tier=tier),
    ]


if __name__ == "__main__":
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # for all sides alike
    main()
