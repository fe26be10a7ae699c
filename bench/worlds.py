"""Writing the simulated businesses: 100,000 customers over two years, truth included."""

from __future__ import annotations

import sys
import tempfile
from statistics import median

from bench.figures import FULL, Figure, record
from bench.measure import Cost, cost_of

CUSTOMERS = 100_000
RUNS = 5 if FULL else 3
WRITE = "import sys; from pathlib import Path; from cip.flows import simulated; "
SCRIPTS = {
    "streaming": WRITE + f"simulated.write_streaming(Path(sys.argv[1]), {CUSTOMERS})",
    "shop": WRITE + f"simulated.write_shop(Path(sys.argv[1]), {CUSTOMERS})",
}


def main() -> None:
    """Whole processes; the goal is a minute for either world."""
    record("worlds", [figure for name in SCRIPTS for figure in _figures(name)])


def _figures(name: str) -> list[Figure]:
    data = f"{name} world, {CUSTOMERS:,} customers"
    costs = [_written(SCRIPTS[name]) for _ in range(RUNS)]
    wall = sorted(cost.wall_s for cost in costs)
    peak = median(cost.peak_mib for cost in costs)
    return [
        Figure(
            f"{name}_100k_s", median(wall), "s", "lower", data, 60.0, interval=(wall[0], wall[-1])
        ),
        Figure(f"{name}_100k_peak_mib", peak, "MiB", "lower", data),
    ]


def _written(script: str) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        return cost_of([sys.executable, "-c", script, folder])


if __name__ == "__main__":
    main()
