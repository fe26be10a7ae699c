"""What the flows ask of the world outside; stores implement these, tests may bring their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Says what time it is, in UTC."""

    def __call__(self) -> datetime:
        """The present instant, with `tzinfo=UTC`."""
        ...


class Progress(Protocol):
    """Hears what a long job does; a face shows it."""

    def step(self, name: str, what: str) -> None:
        """A step begins, or, said again before it is done, has come so far."""
        ...

    def done(self, name: str, rows: int | None, seconds: float, said: str = "") -> None:
        """The step has ended: how many rows, how long, and a word on what came out."""
        ...


class EventStore(Protocol):
    """Where the canonical tables live; an engine reads the files itself.

    The times in them are instants; `zone` says where a day of the business begins.
    """

    @property
    def zone(self) -> str:
        """The IANA name of the time zone whose midnights divide the business's days, or UTC."""
        ...

    def has(self, table: str) -> bool:
        """Whether the table was ever loaded."""
        ...

    def files(self, table: str, buckets: Sequence[int] | None = None) -> list[str]:
        """Parquet files of the table (all buckets, or those given) at the pinned version."""
        ...

    def rows_by_bucket(self, table: str) -> dict[int, int]:
        """Rows in each customer bucket of the table."""
        ...
