"""A bounded look at a source: a sample of its rows, and the profile of its columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cip.columns import SOURCE_ROW
from cip.contract.guess.profile import profile_table
from cip.contract.guess.shapes import TableProfile
from cip.contract.mapping import Source
from cip.errors import ContractError
from cip.sources.opening import open_source
from cip.sources.places import files_of, format_of
from cip.sources.rows import check_columns, no_rows, numbered, with_row_numbers
from cip.sources.sniff import Dialect, decoded, rows_of, sniff

_WHOLE_BYTES: Final = 4 << 20
_HEAD_BYTES: Final = 1 << 20
_SPREAD: Final = 12
_SPREAD_BYTES: Final = 1 << 18
_MOST_ROWS: Final = 40_000
_HISTORY_BYTES: Final = 200 << 20
_ROWS_A_GROUP: Final = 4_000


@dataclass(frozen=True, slots=True)
class Glimpse:
    """The profile of a source, and the sample it was made from.

    `sample` has the source's own types (CSV: text) and `source_row`; in a sample of a large file
    the row numbers are those of the sample.
    """

    profile: TableProfile
    sample: pa.Table


@dataclass(frozen=True, slots=True)
class _Sample:
    """`rows` of the whole source, None where nobody knows; `is_whole`: the sample is all of it."""

    table: pa.Table
    rows: int | None
    is_whole: bool
    doubts: tuple[str, ...] = ()


def glimpse(name: str, options: Mapping[str, Any], base: Path) -> Glimpse:
    """A look at one source, `options` as under `[sources.NAME]`; never the whole of a large file.

    At most 4 MiB of a CSV file are read, from its head and spread over it, or 40,000 rows.
    Raises: SettingsError or ContractError of the readers, C-001 to C-013 and C-040 to C-051.
    """
    source = Source.model_validate(dict(options))
    seen = _sample(source, base)
    columns = [column for column in seen.table.column_names if column != SOURCE_ROW]
    profile = profile_table(
        name,
        {column: texts(seen.table[column]) for column in columns},
        options=options,
        rows=None if seen.is_whole else (seen.rows or len(seen.table)),
        doubts=seen.doubts,
    )
    return Glimpse(profile, seen.table)


def csv_options(path: Path) -> tuple[dict[str, str], Dialect]:
    """The delimiter and the encoding that a CSV source must state, where they are not the usual."""
    dialect = sniff(path)
    options = {}
    if path.suffix.lower() != ".csv":
        options["format"] = "csv"
    if dialect.delimiter != ",":
        options["delimiter"] = dialect.delimiter
    if dialect.encoding != "utf-8":
        options["encoding"] = dialect.encoding
    return options, dialect


def texts(column: pa.ChunkedArray | pa.Array) -> list[str | None]:
    """The cells as text, as the contract reads them; what has no text (a list) is empty."""
    try:
        cells: list[str | None] = column.cast(pa.string()).to_pylist()
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return [None] * len(column)
    return [None if cell in {"", "nan", "NaN"} else cell for cell in cells]


def histories(
    options: Mapping[str, Any], base: Path, columns: Sequence[str], customers: Sequence[str]
) -> dict[str, tuple[str | None, ...]]:
    """Every row of these customers, in these columns as text; the first column is the customer's.

    Reading stops after about 200 MiB, so that a huge source costs seconds too.
    """
    wanted = pa.array(customers, pa.string())
    held: dict[str, list[str | None]] = {column: [] for column in columns}
    seen = 0
    rows = open_source(Source.model_validate(dict(options)), base)
    with rows.closing:
        for batch in rows.batches:
            seen += batch.nbytes
            few = batch.filter(pc.is_in(_as_text(batch[columns[0]]), value_set=wanted))
            for column in columns:
                held[column] += texts(few[column])
            if seen > _HISTORY_BYTES:
                break
    return {column: tuple(cells) for column, cells in held.items()}


def _as_text(column: pa.Array) -> pa.Array:
    return pc.utf8_trim_whitespace(column.cast(pa.string()))


def _sample(source: Source, base: Path) -> _Sample:
    if source.database:
        return _first_rows(source, base)
    paths = files_of(source, base)
    if format_of(source, paths[0]) == "xlsx":
        return _first_rows(source, base)
    few = paths[:: -(-len(paths) // _SPREAD)]
    read = _of_parquet if format_of(source, paths[0]) == "parquet" else _of_csv
    each = [read(path, source) for path in few]
    if len(each) == 1:
        return each[0]
    table = pa.concat_tables([one.table for one in each], promote_options="permissive")
    table = _numbered(table.drop_columns([SOURCE_ROW]))
    rows = round(sum(one.rows or 0 for one in each) * len(paths) / len(few))
    is_whole = len(few) == len(paths) and all(one.is_whole for one in each)
    doubts = tuple(doubt for one in each for doubt in one.doubts)
    return _Sample(table, rows, is_whole, doubts)


def _first_rows(source: Source, base: Path) -> _Sample:
    """The first rows that the reader gives; a workbook or a table has no cheap middle."""
    rows = open_source(source, base)
    held: list[pa.RecordBatch] = []
    count, is_whole = 0, True
    with rows.closing:
        for batch in rows.batches:
            held.append(batch)
            count += len(batch)
            if count >= _MOST_ROWS:
                is_whole = False
                break
    table = pa.Table.from_batches(held, rows.schema).slice(0, _MOST_ROWS)
    doubts = () if is_whole else (f"only its first {len(table):,} rows were looked at",)
    return _Sample(table, None, is_whole, doubts)


def _of_parquet(path: Path, _: Source) -> _Sample:
    """Rows from the beginning of row groups that are spread over the file."""
    rows = open_source(Source(path=str(path)), Path())
    with rows.closing:
        file = pq.ParquetFile(path)
        total, groups = file.metadata.num_rows, file.metadata.num_row_groups
        if total <= _MOST_ROWS:
            return _Sample(pa.Table.from_batches(rows.batches, rows.schema), total, is_whole=True)
        wanted = sorted({round(k * (groups - 1) / (_SPREAD - 1)) for k in range(_SPREAD)})
        each = max(_ROWS_A_GROUP, _MOST_ROWS // len(wanted))
        heads = [next(file.iter_batches(each, row_groups=[group])) for group in wanted]
    return _Sample(_numbered(pa.Table.from_batches(heads)), total, is_whole=False)


def _of_csv(path: Path, source: Source) -> _Sample:
    size = path.stat().st_size
    with path.open("rb") as file:
        head = decoded(file.read(min(size, _WHOLE_BYTES)), source.encoding)
        is_whole = size <= _WHOLE_BYTES
        if not is_whole:
            head = head[:_HEAD_BYTES]
            head = head[: head.rfind("\n") + 1]
        first = rows_of(head, source.delimiter)
        if len(first) < 2:
            raise no_rows(path)
        header = [name.strip() for name in first[0]]
        check_columns(path, header)
        rows = first[1:]
        if not is_whole:
            for block in _blocks(file, size):
                text = decoded(block, source.encoding)
                rows += rows_of(text[text.find("\n") + 1 : text.rfind("\n") + 1], source.delimiter)
    return _cells(path, first[0], rows, is_whole=is_whole, total=_total(head, first, size))


def _blocks(file: Any, size: int) -> Iterator[bytes]:
    step = (size - _HEAD_BYTES - _SPREAD_BYTES) // (_SPREAD - 1)
    for k in range(_SPREAD):
        file.seek(_HEAD_BYTES + k * step)
        yield file.read(_SPREAD_BYTES)


def _total(head: str, rows: Sequence[Sequence[str]], size: int) -> int:
    """Rows of the file, from the bytes that one takes."""
    return max(len(rows) - 1, round(size / max(1, len(head.encode())) * (len(rows) - 1)))


def _cells(
    path: Path, header: Sequence[str], rows: list[list[str]], *, is_whole: bool, total: int
) -> _Sample:
    good = [row for row in rows if len(row) == len(header)][: _MOST_ROWS * 2]
    if not good:
        raise ContractError(
            "C-060",
            f"{path} has no row with as many cells as its header ({len(header)}).",
            "is a title above the header, or another delimiter inside?",
        )
    columns = {
        name: pa.array([row[k] or None for row in good], pa.string())
        for k, name in enumerate(header)
    }
    ragged = len(rows) - len(good)
    said = (f"{ragged:,} of {len(rows):,} rows do not have its {len(header)} cells",)
    table = _numbered(pa.table(columns))
    return _Sample(table, total, is_whole, said if ragged and is_whole else ())


def _numbered(table: pa.Table) -> pa.Table:
    (batch,) = table.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], table.schema)]

    numbers = np.arange(1, len(table) + 1, dtype=np.int64)
    schema = with_row_numbers(table.schema.remove_metadata())
    return pa.Table.from_batches([numbered(batch, numbers, schema)])
