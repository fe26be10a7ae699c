"""The steps of a long job: each says what begins, and what came out, of how many rows, how fast."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from cip.ports import Progress


@dataclass
class Step:
    """A step at work; whoever does it sets `rows` and `said`."""

    name: str
    rows: int | None = None
    said: str = ""


@dataclass
class Steps:
    """The steps done so far, told to `progress` as they happen and kept for the run's summary."""

    progress: Progress
    done: list[dict[str, Any]] = field(default_factory=list)
    _told: float = 0.0

    @contextmanager
    def step(self, name: str, what: str) -> Iterator[Step]:
        """Announce `name`, time the block, announce its end; a raised error passes through."""
        self.progress.step(name, what)
        self._told = perf_counter()
        step, begun = Step(name), perf_counter()
        yield step
        seconds = perf_counter() - begun
        self.done.append({"name": name, "rows": step.rows, "seconds": round(seconds, 3)})
        self.progress.done(name, step.rows, seconds, step.said)

    def moved(self, name: str, what: str) -> None:
        """Say how far a step is, once a second at most."""
        now = perf_counter()
        if now - self._told >= 1:
            self._told = now
            self.progress.step(name, what)


class Silent:
    """A progress that nobody watches."""

    def step(self, name: str, what: str) -> None:
        """Say nothing."""

    def done(self, name: str, rows: int | None, seconds: float, said: str = "") -> None:
        """Say nothing."""
