"""From a user's source to a Parquet copy of it, row by numbered row, in bounded memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from cip.columns import SOURCE_ROW
from cip.contract.mapping import Source
from cip.errors import CipError, ContractError, SettingsError
from cip.sources.copy import appearing_whole, copy_rows
from cip.sources.database import open_table
from cip.sources.opening import open_files
from cip.sources.places import files_of, format_of
from cip.sources.rows import Part, Rows, no_rows
from cip.types import Finding

_CHUNK: Final = 1 << 20
_WIDE: Final = ("utf-16", "utf-32", "utf16", "utf32", "utf_16", "utf_32")  # NUL bytes are normal


@dataclass(frozen=True, slots=True)
class StagedFile:
    """One file of a source: `rows` of it are in the copy, numbered from `before` + 1 on."""

    path: Path
    sha256: str
    rows: int
    before: int = 0


@dataclass(frozen=True, slots=True)
class Staged:
    """A copy of a user's source.

    `path`: Parquet with the source's `columns` (CSV: all text, null where the cell is empty) and
    `source_row`, the 1-based data row, counted without the header and, in CSV, without blank
    lines; over several files it runs on.  `rows`: how many the copy holds; `sha256`: of the user's
    file, of the checksums of several, or of the copy where the source is a database; `findings`:
    what was left out; `files`: each file, none for a database; `schema`: column to type.
    """

    path: Path
    rows: int
    columns: tuple[str, ...]
    sha256: str
    findings: tuple[Finding, ...]
    files: tuple[StagedFile, ...] = ()
    schema: Mapping[str, str] = field(default_factory=dict)

    def place_of(self, source_row: int) -> tuple[Path, int] | None:
        """The file that a row came from, and its data row there; None for a database."""
        holding = [each for each in self.files if each.before < source_row]
        return (holding[-1].path, source_row - holding[-1].before) if holding else None

    def placed(self, finding: Finding) -> Finding:
        """The finding; one about a row of several files says in which of them that row is."""
        if finding.first_row is None or len(self.files) < 2:
            return finding
        place = self.place_of(finding.first_row)
        if place is None:
            return finding
        said = f"Row {finding.first_row} is row {place[1]} of {place[0].name}."
        return replace(finding, message=f"{finding.message} {said}")


def stage(
    source: Source, base: Path, out: Path, on_rows: Callable[[int], None] | None = None
) -> Staged:
    """Copies what the source means to `out`, which appears whole or not at all.

    A relative path starts at `base`, the folder of `cip.toml`.  Rows with too few or too many
    cells are left out and reported.  `on_rows` hears the number of rows copied so far.

    Raises: SettingsError C-001 to C-003 (no file, unknown format, unusable CSV settings) and C-040
    to C-045, C-049 (no match, database, table, sheet), ContractError C-004 to C-013 (what is wrong
    in a file), C-041 (files unlike each other), C-046 (the database stopped), C-048, C-050.
    """
    tell = on_rows or _nobody
    if source.database:
        return _stage_table(source, base, out, tell)
    paths = files_of(source, base)
    before = [_state(path) for path in paths]
    with _fingerprints(source, paths) as fingerprints, appearing_whole(out) as temporary:
        rows = open_files(source, paths)
        with rows.closing:
            count = _copied(rows, temporary, tell, str(paths[0]))
        checksums = [fingerprint.result() for fingerprint in fingerprints]
        _refuse_changed(paths, before)
    parts = rows.parts() or (Part(paths[0], count, 0),)
    files = tuple(
        StagedFile(part.path, checksum, part.rows, part.before)
        for part, checksum in zip(parts, checksums, strict=True)
    )
    return _staged(rows, out, count, _of_all(checksums), files)


def _stage_table(source: Source, base: Path, out: Path, tell: Callable[[int], None]) -> Staged:
    with appearing_whole(out) as temporary:
        rows = open_table(source, base)
        with rows.closing:
            count = _copied(rows, temporary, tell, source.where)
        checksum = _fingerprint(temporary, refuse_nul=False)
    return _staged(rows, out, count, checksum, ())


def _copied(rows: Rows, temporary: Path, tell: Callable[[int], None], where: str) -> int:
    count = copy_rows(rows, temporary, tell)
    if count == 0:
        raise _nothing_good(where, tuple(rows.findings()))
    return count


def _staged(
    rows: Rows, out: Path, count: int, checksum: str, files: tuple[StagedFile, ...]
) -> Staged:
    schema = {each.name: str(each.type) for each in rows.schema if each.name != SOURCE_ROW}
    return Staged(out, count, rows.columns, checksum, tuple(rows.findings()), files, schema)


def _of_all(checksums: Sequence[str]) -> str:
    if len(checksums) == 1:
        return checksums[0]
    return hashlib.sha256("\n".join(checksums).encode()).hexdigest()


@contextmanager
def _fingerprints(source: Source, paths: Sequence[Path]) -> Iterator[list[Future[str]]]:
    """The checksums, computed by another thread while the block reads the same files.

    What they find wrong (an empty file, a NUL byte) is said before what the block finds wrong.
    """
    with ThreadPoolExecutor(1, "cip-sha256") as pool:
        pending = [
            pool.submit(_fingerprint, path, refuse_nul=_is_narrow_text(source, path))
            for path in paths
        ]
        try:
            yield pending
        except (CipError, OSError):
            for fingerprint in pending:
                fingerprint.result()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def _is_narrow_text(source: Source, path: Path) -> bool:
    return format_of(source, path) == "csv" and not source.encoding.lower().startswith(_WIDE)


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


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _refuse_changed(paths: Sequence[Path], before: Sequence[tuple[int, int]]) -> None:
    for path, state in zip(paths, before, strict=True):
        if _state(path) != state:
            raise ContractError(
                "C-012", f"{path} changed while it was read.", "wait until it is written"
            )


def _nothing_good(where: str, findings: tuple[Finding, ...]) -> ContractError:
    if findings:
        return ContractError("C-007", f"{where}: {findings[0].message}", findings[0].remedy)
    return no_rows(where)


def _nobody(_rows: int) -> None:
    return
