"""What the fitted part of every churn candidate can do."""

from __future__ import annotations

from typing import Protocol

from cip.types import FloatArray


class Core(Protocol):
    """What every candidate does with the (n, k) encoded columns."""

    @property
    def width(self) -> int:
        """Encoded columns read."""
        ...

    @property
    def tolerance(self) -> float:
        """How far base and contributions may miss the margin, relative to their size."""
        ...

    def margin(self, X: FloatArray) -> FloatArray:
        """(n,) log-odds."""
        ...

    def contributions(self, X: FloatArray) -> tuple[float, FloatArray]:
        """The base margin and (n, k) contributions."""
        ...

    def files(self) -> dict[str, bytes]:
        """The fitted numbers, by file name."""
        ...
