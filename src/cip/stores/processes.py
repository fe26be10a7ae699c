"""Tells a process that has died from one that is slow."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_DEAD: Final = frozenset("ZX")  # zombie and dead, as /proc says it
_STATE, _START_TICKS = 0, 19  # fields of /proc/<pid>/stat after the name (proc(5), fields 3 and 22)


@dataclass(frozen=True, slots=True)
class Process:
    """A process of some machine; `started` tells it from a later one with the same number."""

    host: str
    pid: int
    started: str


def this_process() -> Process:
    """The process that asks."""
    fields = _proc_fields(os.getpid())
    return Process(platform.node(), os.getpid(), fields[_START_TICKS] if fields else "")


def is_alive(process: Process) -> bool | None:
    """Whether it still runs; None where nobody can say: on another machine, and on Windows.

    Linux reads /proc, other POSIX systems ask the kernel for the number alone.
    """
    if process.host != platform.node() or sys.platform == "win32":
        return None
    fields = _proc_fields(process.pid)
    if fields:
        return fields[_STATE] not in _DEAD and fields[_START_TICKS] == process.started
    return _number_in_use(process.pid)


def _proc_fields(pid: int) -> list[str]:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return stat.rpartition(")")[2].split()  # the name in brackets may itself hold blanks


def _number_in_use(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
