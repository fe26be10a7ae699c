"""Whether a source still holds what it held: its checksum, without reading a row."""

from __future__ import annotations

import hashlib
from pathlib import Path

from cip.contract.mapping import Source
from cip.errors import SettingsError
from cip.sources.places import files_of


def checksum_of(source: Source, base: Path) -> str | None:
    """What `Staged.sha256` would be; None for a database, which has to be read.

    Raises: SettingsError C-001 or C-040 when there is no such file.
    """
    if source.database:
        return None
    sums = [_sha256(path) for path in files_of(source, base)]
    return sums[0] if len(sums) == 1 else hashlib.sha256("\n".join(sums).encode()).hexdigest()


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SettingsError(
            "C-001", f"{path} cannot be read: {error.strerror}.", "give yourself the right to read"
        ) from error
