"""Which cells of a sheet hold an error such as #N/A; the reader of workbooks says only: empty."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final
from xml.parsers import expat

_CHUNK: Final = 1 << 20
_LONGEST_TAG: Final = 1 << 10
_CELL: Final = re.compile(
    rb"""<(?:\w+:)?c\s(?=[^>]*\bt\s*=\s*["']e["'])[^>]*?\br\s*=\s*["']([A-Z]+)(\d+)["'][^>]*>"""
)
_BOOK: Final = "xl/workbook.xml"
_LINKS: Final = "xl/_rels/workbook.xml.rels"


def error_cells(path: Path, sheet: str) -> list[tuple[int, int]]:
    """(row, column) of every error cell, both from 0, in the order of the sheet."""
    with zipfile.ZipFile(path) as archive:
        part = _part(archive, sheet)
        if part is None:
            return []
        with archive.open(part) as file:
            chunks = iter(lambda: file.read(_CHUNK), b"")
            return [(int(row) - 1, _place(letters)) for letters, row in _found(chunks)]


def _found(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
    rest = b""
    for chunk in chunks:
        text = rest + chunk
        done = 0
        for match in _CELL.finditer(text):
            done = match.end()
            yield match.group(1), match.group(2)
        rest = text[max(done, len(text) - _LONGEST_TAG) :]  # a tag may be cut in two


def _place(letters: bytes) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + letter - ord("A") + 1
    return place - 1


def _part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """The name of the sheet's file inside the workbook."""
    link = next(
        (_id(each) for each in _elements(archive, _BOOK, "sheet") if each["name"] == sheet),
        None,
    )
    targets = {each["Id"]: each["Target"] for each in _elements(archive, _LINKS, "Relationship")}
    target = targets.get(link or "", "")
    part = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
    return part if part in archive.namelist() else None


def _id(attributes: dict[str, str]) -> str:
    # the namespace before it has two spellings, of "strict" workbooks and of all others
    return next((value for key, value in attributes.items() if key.endswith("ships id")), "")


def _elements(archive: zipfile.ZipFile, part: str, name: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []

    def begins(tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(" ")[2] == name:
            found.append(attributes)

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = begins
    if part in archive.namelist():
        with archive.open(part) as file:
            parser.ParseFile(file)
    return found
