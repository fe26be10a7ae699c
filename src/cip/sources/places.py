"""Which files a source means, and in which format they are."""

from __future__ import annotations

from glob import glob, has_magic
from pathlib import Path
from typing import Final, Literal

from cip.contract.mapping import Source
from cip.errors import SettingsError

Format = Literal["csv", "parquet", "xlsx"]
_FORMATS: Final[dict[str, Format]] = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}


def files_of(source: Source, base: Path) -> tuple[Path, ...]:
    """The files in name order, absolute; a pattern matches files only, never a hidden one.

    Raises: SettingsError C-001 for a file that is not there, C-040 for a pattern without a match.
    """
    path = (base / source.path).absolute()
    if path.is_file():
        return (path,)
    if has_magic(source.path):
        return _matches(source.path, base)
    said = "is no file" if path.exists() else "does not exist"
    raise SettingsError("C-001", f"{path} {said}.", "mend `path` of that source in cip.toml")


def format_of(source: Source, path: Path) -> Format:
    """What the mapping says, else what the name says.  Raises: SettingsError C-002."""
    kind = source.format or _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise SettingsError(
            "C-002",
            f"{path} ends in {path.suffix or 'nothing'}, which says no format.",
            "save it as CSV, Parquet or XLSX; for a source of cip.toml that is one of them all the "
            'same, set `format = "csv"`, "parquet" or "xlsx" there',
        )
    return kind


# glob, because a Path cannot glob an absolute pattern and matches hidden files
def _matches(pattern: str, base: Path) -> tuple[Path, ...]:
    found = sorted((base / name).absolute() for name in glob(pattern, root_dir=base))  # noqa: PTH207
    files = tuple(path for path in found if path.is_file())
    if not files:
        raise SettingsError(
            "C-040",
            f"no file matches {pattern!r} in {base.absolute()}.",
            "mend `path` of that source in cip.toml, or wait for the first file",
        )
    return files
