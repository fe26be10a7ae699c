"""From a user's file to a Parquet copy of it, row by numbered row, in bounded memory."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from cip.columns import SOURCE_ROW
from cip.contract.mapping import Source
from cip.errors import ContractError, SettingsError
from cip.sources import csv_rows, parquet_rows
from cip.sources.rows import Rows, no_rows
from cip.types import Finding

_FORMATS: Final[dict[str, Literal["csv", "parquet"]]] = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_ROWS_IN_GROUP: Final = 131_072
_CHUNK: Final = 1 << 20
_WIDE: Final = ("utf-16", "utf-32", "utf16", "utf32", "utf_16", "utf_32")  # NUL bytes are normal


@dataclass(frozen=True, slots=True)
class Staged:
    """A copy of a user's file.

    `path`: Parquet with the file's `columns` (CSV: all text, null where the cell is empty) and
    `source_row`, the 1-based data row, counted without the header and without blank lines.
    `rows`: how many the copy holds; `sha256`: of the user's file; `findings`: what was left out.
    """

    path: Path
    rows: int
    columns: tuple[str, ...]
    sha256: str
    findings: tuple[Finding, ...]


def stage(
    source: Source, base: Path, out: Path, on_rows: Callable[[int], None] | None = None
) -> Staged:
    """Copies the user's file to `out`, which appears whole or not at all.

    A relative path starts at `base`, the folder of `cip.toml`.  Rows with too few or too many
    cells are left out and reported.  `on_rows` hears the number of rows copied so far.

    Raises: SettingsError C-001 to C-003 (no file, unknown format, unusable CSV settings),
    ContractError C-004 to C-013 (what is wrong in the file).
    """
    path = _existing_file(source, base)
    kind = _format(source, path)
    before = path.stat()
    sha256 = _fingerprint(path, refuse_nul=kind == "csv" and not _is_wide(source.encoding))
    rows = csv_rows.open_rows(path, source) if kind == "csv" else parquet_rows.open_rows(path)
    with rows.closing, _appearing_whole(out) as temporary:
        _check_columns(path, rows.columns)
        count = _copy(rows, temporary, on_rows or _nobody)
        findings = tuple(rows.findings())
        if count == 0:
            raise _nothing_good(path, findings)
        after = path.stat()
        if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
            raise ContractError(
                "C-012", f"{path} changed while it was read.", "wait until it is written"
            )
    return Staged(out, count, rows.columns, sha256, findings)


def _existing_file(source: Source, base: Path) -> Path:
    path = (base / source.path).absolute()
    if path.is_file():
        return path
    said = "is no file" if path.exists() else "does not exist"
    raise SettingsError("C-001", f"{path} {said}.", "mend `path` of that source in cip.toml")


def _format(source: Source, path: Path) -> Literal["csv", "parquet"]:
    kind = source.format or _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise SettingsError(
            "C-002",
            f"{path} ends in {path.suffix or 'nothing'}, which says no format.",
            'set `format = "csv"` or `format = "parquet"` for that source in cip.toml',
        )
    return kind


def _is_wide(encoding: str) -> bool:
    return encoding.lower().startswith(_WIDE)


def _fingerprint(path: Path, *, refuse_nul: bool) -> str:
    digest = hashlib.sha256()
    read = 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                if refuse_nul and b"\0" in chunk:
                    raise _nul_byte(path, read + chunk.index(b"\0"))
                digest.update(chunk)
                read += len(chunk)
    except OSError as error:
        raise SettingsError(
            "C-001", f"{path} cannot be read: {error.strerror}.", "give yourself the right to read"
        ) from error
    if read == 0:
        raise ContractError("C-004", f"{path} is empty.", "export it again")
    return digest.hexdigest()


def _nul_byte(path: Path, place: int) -> ContractError:
    return ContractError(
        "C-005",
        f"{path} has a NUL byte at position {place}, so it is no text in this encoding.",
        'is it UTF-16? Then set `encoding = "utf-16"`; else it is damaged or no CSV',
    )


def _check_columns(path: Path, columns: tuple[str, ...]) -> None:
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise ContractError(
            "C-006", f"{path} has two columns called {twice!r}.", "rename one of them"
        )
    if SOURCE_ROW in columns:
        raise ContractError(
            "C-006",
            f"{path} has a column called {SOURCE_ROW!r}, a name that the product writes.",
            "rename it",
        )


@contextmanager
def _appearing_whole(out: Path) -> Iterator[Path]:
    out.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


def _copy(rows: Rows, out: Path, on_rows: Callable[[int], None]) -> int:
    count = 0
    with pq.ParquetWriter(out, rows.schema, compression="zstd") as writer:
        for table in _groups(rows):
            writer.write_table(table, row_group_size=_ROWS_IN_GROUP)
            count += len(table)
            on_rows(count)
    return count


def _groups(rows: Rows) -> Iterator[pa.Table]:
    held: list[pa.RecordBatch] = []
    for batch in rows.batches:
        held.append(batch)
        if sum(map(len, held)) >= _ROWS_IN_GROUP:
            yield pa.Table.from_batches(held, rows.schema)
            held = []
    if held:
        yield pa.Table.from_batches(held, rows.schema)


def _nothing_good(path: Path, findings: tuple[Finding, ...]) -> ContractError:
    if findings:
        return ContractError("C-007", f"{path}: {findings[0].message}", findings[0].remedy)
    return no_rows(path)


def _nobody(_rows: int) -> None:
    return
