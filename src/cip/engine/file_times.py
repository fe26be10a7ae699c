"""Between which instants the times in Parquet files lie, from the files' own footers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from cip.engine.zones import Between

_FILES: Final = 10_000
"""Footers that are remembered: all of a large lake."""


def times_between(files: Sequence[str], columns: Sequence[str]) -> dict[str, Between]:
    """Of each column that some row of these files has, between which instants its times lie.

    A column of which a file does not say is left out, and so is one without any time.
    """
    told = [_told(path, Path(path).stat().st_mtime_ns) for path in files]
    spans = {name: [each[name] for each in told if name in each] for name in columns}
    whole = {name: _whole(each) for name, each in spans.items() if each}
    return {name: span for name, span in whole.items() if span is not None}


@lru_cache(maxsize=_FILES)
def _told(path: str, _changed: int) -> Mapping[str, Between | None]:
    """Of each column of times with any value; None where the file does not say."""
    footer = pq.read_metadata(path)
    times = [
        (place, field.name)
        for place, field in enumerate(footer.schema.to_arrow_schema())
        if pa.types.is_timestamp(field.type)
    ]
    spans = {name: list(_spans(footer, place)) for place, name in times}
    return {name: _whole(each) for name, each in spans.items() if each}


def _whole(spans: Sequence[Between | None]) -> Between | None:
    known = [span for span in spans if span is not None]
    if len(known) < len(spans):
        return None
    return min(low for low, _ in known), max(high for _, high in known)


def _spans(footer: Any, place: int) -> Iterator[Between | None]:
    """Of each group of rows that has a value there."""
    for group in range(footer.num_row_groups):
        column = footer.row_group(group).column(place)
        said = column.statistics
        if said is not None and said.has_null_count and said.null_count == column.num_values:
            continue
        if said is None or not said.has_min_max:
            yield None
        else:
            yield said.min.replace(tzinfo=UTC), said.max.replace(tzinfo=UTC)
