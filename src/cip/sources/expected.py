"""About how many rows a source will give, for those who wait."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from cip.contract.mapping import Source
from cip.errors import CipError
from cip.sources.places import files_of, format_of

_LOOKED_AT: Final = 1 << 20


def expected_rows(source: Source, base: Path) -> int | None:
    """An estimate from the size of the files and the first lines; None where nothing tells it.

    It raises nothing: what is wrong with a file is said when it is read.
    """
    if source.database:
        return None
    try:
        counts = [_rows_of(source, path) for path in files_of(source, base)]
    except (CipError, OSError, pa.ArrowException):
        return None
    return None if None in counts else sum(count or 0 for count in counts)


def _rows_of(source: Source, path: Path) -> int | None:
    kind = format_of(source, path)
    if kind == "parquet":
        rows: int = pq.read_metadata(path).num_rows
        return rows
    if kind != "csv":
        return None
    with path.open("rb") as file:
        start = file.read(_LOOKED_AT)
    lines = start.count(b"\n")
    return round(path.stat().st_size / len(start) * lines) if lines else None
