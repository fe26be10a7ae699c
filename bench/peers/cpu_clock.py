"""Time limits in CPU seconds: a peer's own clock is the CPU time that its process has used.

A limit of wall seconds would starve a peer on a busy machine, and nobody could repeat the figure.
"""

from __future__ import annotations

import resource
import time


def cpu_s() -> float:
    """CPU seconds of this process and of the children that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def install() -> None:
    """From here on `time.time` moves by one second for each CPU second used."""
    begun = time.time() - cpu_s()
    time.time = lambda: begun + cpu_s()
