"""What a whole process costs: wall and CPU seconds, and the peak memory of its tree's largest."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Cost:
    """Of one process and the children it waited for."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def cost_of(command: Sequence[str], *, cwd: Path | None = None) -> Cost:
    """Run the command once; it must succeed."""
    begun = time.perf_counter()
    with subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        errors = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {errors[-2000:]!r}")
    return Cost(
        wall_s=time.perf_counter() - begun,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mib=usage.ru_maxrss / 1024,
    )


def median_cost(costs: Sequence[Cost]) -> Cost:
    """The median of each figure on its own."""
    return Cost(
        wall_s=median(cost.wall_s for cost in costs),
        cpu_s=median(cost.cpu_s for cost in costs),
        peak_mib=median(cost.peak_mib for cost in costs),
    )
