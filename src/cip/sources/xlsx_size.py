"""How large a workbook is unpacked: it is a zip, and a small one may hold more than memory does."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

from cip.errors import ContractError

MOST_BYTES: Final = 2 << 30
"""A full sheet of a million rows and ten columns unpacks to about a quarter of this."""

_MIB: Final = 1 << 20


def check_size(path: Path, most: int = MOST_BYTES) -> None:
    """Nothing for a workbook of up to `most` bytes unpacked, and for what is no zip.

    The size is the one that the zip states, which is known before anything is unpacked.
    Raises: ContractError C-055 for a larger one.
    """
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
    if unpacked > most:
        raise ContractError(
            "C-055",
            f"{path} unpacks to {unpacked // _MIB:,} MiB; a workbook may have {most // _MIB:,} MiB,"
            " because it is read as a whole.",
            "save its sheets as CSV, which is read piece by piece, or as several workbooks",
        )
