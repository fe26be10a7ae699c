"""Rows of a CSV file, every cell as text: nothing is guessed."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from cip.contract.mapping import Source
from cip.errors import ContractError, SettingsError
from cip.sources.rows import Rows, no_rows, numbered, with_row_numbers
from cip.types import Finding, IntArray

# Also the longest row that can be read; pyarrow reads up to 32 blocks ahead.
_BLOCK_BYTES: Final = 2 << 20
_DELIMITERS: Final = ";\t|,"
_TEXT: Final = pc.ConvertOptions(
    default_column_type=pa.string(),
    null_values=[""],
    strings_can_be_null=True,
    quoted_strings_can_be_null=True,
)
_SHOWN: Final = 5
_EXAMPLE_LENGTH: Final = 80


@dataclass
class _Tally:
    """Counts the good rows and collects the ragged ones, which pyarrow reports by calling it."""

    table: str
    good: int = 0
    ragged: list[int] = field(default_factory=list)
    cells: tuple[int, int] = (0, 0)
    example: str = ""

    def __call__(self, row: pc.InvalidRow) -> str:
        if not self.ragged:
            self.cells = (row.expected_columns, row.actual_columns)
            self.example = row.text[:_EXAMPLE_LENGTH]
        self.ragged.append(row.number - 1)  # pyarrow counts the header as row 1
        return "skip"

    def findings(self) -> Sequence[Finding]:
        """One finding for all ragged rows, with the numbers of the first."""
        if not self.ragged:
            return ()
        expected, seen = self.cells
        first = ", ".join(map(str, self.ragged[:_SHOWN]))
        more = ", ..." if len(self.ragged) > _SHOWN else ""
        return (
            Finding(
                code="C-011",
                severity="error",
                table=self.table,
                column="",
                rows=len(self.ragged),
                total_rows=self.good + len(self.ragged),
                message=f"{len(self.ragged)} rows do not have the header's {expected} cells "
                f"(data rows {first}{more}; the first has {seen}).",
                remedy="they were left out; look there for a missing quote or a stray delimiter",
                first_row=self.ragged[0],
                example=self.example,
                left_out=len(self.ragged),
                rows_seen=tuple(self.ragged[:_SHOWN]),
                values_seen=(self.example,),
            ),
        )


def open_rows(path: Path, source: Source) -> Rows:
    """The file, opened; an empty cell is null, a byte order mark is dropped.

    Raises: SettingsError C-003 for a delimiter or an encoding that cannot be, ContractError C-009
    for bytes that are not in the encoding, C-010 for a wrong delimiter, C-013 for what is no CSV,
    C-007 for a file without a row below its header.
    """
    tally = _Tally(path.name)
    parse, read = _parse_options(source, tally), _read_options(source)
    try:
        reader = pc.open_csv(path, read_options=read, parse_options=parse, convert_options=_TEXT)
        columns = tuple(reader.schema.names)
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise _unreadable(path, source, error) from error
    _check_delimiter(path, source, columns)
    schema = with_row_numbers(reader.schema)
    batches = _batches(reader, schema, tally, partial(_unreadable, path, source))
    return Rows(columns, schema, batches, tally.findings, reader)


def row_numbers(first: int, count: int, left_out: Sequence[int]) -> IntArray:
    """The next `count` row numbers from `first` on that are not in `left_out` (rising)."""
    begin = bisect_left(left_out, first)
    end, size = begin, count
    while (reached := bisect_left(left_out, first + size)) != end:
        end, size = reached, count + reached - begin
    numbers = np.arange(first, first + size, dtype=np.int64)
    return np.setdiff1d(numbers, np.asarray(left_out[begin:end], np.int64), assume_unique=True)


def _batches(
    reader: pc.CSVStreamingReader,
    schema: pa.Schema,
    tally: _Tally,
    unreadable: Callable[[ValueError], ContractError],
) -> Iterator[pa.RecordBatch]:
    first = 1
    while True:
        try:
            batch = next(reader, None)
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            raise unreadable(error) from error
        if batch is None:
            return
        if len(batch):
            numbers = row_numbers(first, len(batch), tally.ragged)
            first = int(numbers[-1]) + 1
            tally.good += len(batch)
            yield numbered(batch, numbers, schema)


def _read_options(source: Source) -> pc.ReadOptions:
    try:
        "a".encode(source.encoding)
    except LookupError as error:
        raise SettingsError(
            "C-003", f"{source.encoding!r} is no text encoding.", "utf-8, utf-16, cp1252, latin-1"
        ) from error
    # one thread: only then pyarrow knows the numbers of the rows that it leaves out
    return pc.ReadOptions(encoding=source.encoding, block_size=_BLOCK_BYTES, use_threads=False)


def _parse_options(source: Source, tally: _Tally) -> pc.ParseOptions:
    if not source.delimiter.isascii() or source.delimiter in '"\r\n\0':
        raise SettingsError(
            "C-003",
            f"{source.delimiter!r} cannot be a delimiter.",
            'set `delimiter` to one ASCII character, such as ";" or "\\t"',
        )
    return pc.ParseOptions(
        delimiter=source.delimiter, newlines_in_values=True, invalid_row_handler=tally
    )


def _check_delimiter(path: Path, source: Source, columns: tuple[str, ...]) -> None:
    if len(columns) > 1:
        return
    likely = next((mark for mark in _DELIMITERS if mark in columns[0]), None)
    if likely is not None:
        raise ContractError(
            "C-010",
            f"{path} has one column called {columns[0]!r} when it is cut at {source.delimiter!r}.",
            f"set `delimiter = {json.dumps(likely)}` for that source in cip.toml",
        )


def _unreadable(path: Path, source: Source, error: ValueError) -> ContractError:
    said = str(error).splitlines()[0]
    if isinstance(error, UnicodeDecodeError) or "UTF8" in said:
        return ContractError(
            "C-009",
            f"{path} is not in the encoding {source.encoding}: {said}.",
            'set `encoding` for that source in cip.toml, often "cp1252" or "utf-16"',
        )
    if "Empty CSV" in said:
        return no_rows(path)
    return ContractError(
        "C-013",
        f"{path} cannot be read as CSV: {said}.",
        "look for a quote that is never closed: it makes one row of all that follows",
    )
