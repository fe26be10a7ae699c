"""One figure of a benchmark: printed for people, appended as a JSON line for the record."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

RESULTS = Path(__file__).parent / "results"
FULL = os.environ.get("FULL") == "1"


@dataclass(frozen=True)
class Figure:
    """`goal` is met when `value` is not worse than it; `ratio` is value / peer_value."""

    figure: str
    value: float
    unit: str
    direction: Literal["higher", "lower"]
    data: str
    goal: float | None = None
    peer: str | None = None
    peer_value: float | None = None
    interval: tuple[float, float] | None = None
    tier: Literal["quick", "full"] = "quick"

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.direction == "lower" else self.value >= self.goal

    @property
    def ratio(self) -> float | None:
        """Our value over the peer's, in the same run."""
        return None if not self.peer_value else self.value / self.peer_value


def record(topic: str, figures: list[Figure]) -> None:
    """Print the figures and append them to `bench/results/<topic>.jsonl`."""
    RESULTS.mkdir(exist_ok=True)
    context = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **_context()}
    with (RESULTS / f"{topic}.jsonl").open("a", encoding="utf-8") as out:
        for figure in figures:
            entry = asdict(figure) | {"met": figure.met, "ratio": figure.ratio} | context
            out.write(json.dumps(entry) + "\n")
            print(_line(figure))


def _line(figure: Figure) -> str:
    parts = [f"{figure.figure:<24} {figure.value:>12,.4g} {figure.unit:<8}"]
    if figure.goal is not None:
        sign = "≤" if figure.direction == "lower" else "≥"
        parts.append(f"goal {sign} {figure.goal:g}: {'met' if figure.met else 'NOT met'}")
    if figure.interval is not None:
        parts.append(f"({figure.interval[0]:,.4g} to {figure.interval[1]:,.4g})")
    if figure.ratio is not None:
        parts.append(f"{figure.ratio:.2f} × {figure.peer} ({figure.peer_value:,.4g})")
    return "  ".join(parts)


def _context() -> dict[str, object]:
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "commit": commit.stdout.strip() or None,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }
