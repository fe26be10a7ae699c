"""How a CSV file is written: its encoding, its delimiter, and whether its first row is a header."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cip.contract.guess.values import number_spelling, time_spelling

_LOOKED_AT: Final = 1 << 18
_DELIMITERS: Final = ",;\t|"
_ROWS: Final = 200
_MARKS: Final = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What `[sources.NAME]` must say of a CSV file; `doubts` in words."""

    delimiter: str
    encoding: str
    doubts: tuple[str, ...] = ()


def sniff(path: Path) -> Dialect:
    """The dialect, from the file's first 256 KiB and a look at its middle and its end."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_LOOKED_AT)
        others = []
        for place in (size // 2, max(0, size - _LOOKED_AT)):
            file.seek(place)
            others.append(file.read(_LOOKED_AT))
    encoding = _encoding(head, others)
    text = decoded(head, encoding)
    delimiter = _delimiter(text)
    return Dialect(delimiter, encoding, tuple(_doubts(text, delimiter, encoding)))


def decoded(block: bytes, encoding: str) -> str:
    """The text of a block that may begin or end inside a character; no byte order mark."""
    return block.decode(encoding, errors="replace").removeprefix("\ufeff")


def rows_of(text: str, delimiter: str) -> list[list[str]]:
    """The rows of a text; what follows a quote that is never closed is left out."""
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows.extend(row for row in reader if row)
    except csv.Error:  # a cell of more than 128 KiB: a quote was opened and never closed
        return rows
    return rows


def _encoding(head: bytes, others: Sequence[bytes]) -> str:
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return name
    if b"\0" in head[:1000]:
        return "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"
    if all(_is_utf8(block) for block in (head, *others)):
        return "utf-8"
    whole = b"".join((head, *others))
    undefined = any(byte in whole for byte in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"))
    return "latin-1" if undefined else "cp1252"


def _is_utf8(block: bytes) -> bool:
    """Whether the block is UTF-8 but for a character cut off at either end."""
    try:
        block.decode("utf-8")
    except UnicodeDecodeError as error:
        inside = block[3:-3]
        if error.start < 3 or error.end > len(block) - 3:
            return "\ufffd" not in inside.decode("utf-8", errors="replace").strip("\ufffd")
        return False
    return True


def _delimiter(text: str) -> str:
    """The mark that cuts most rows into the same number of cells, more than one."""

    def score(mark: str) -> float:
        rows = rows_of(text, mark)[:_ROWS]
        cells, often = Counter(map(len, rows)).most_common(1)[0] if rows else (1, 0)
        share = often / max(1, len(rows))
        is_even = len(rows[0]) == cells if rows else False
        return share * (1 + cells / 100) * (1.0 if is_even else 0.5) if cells > 1 else 0.0

    best = max(_DELIMITERS, key=score)
    return best if score(best) > 0 else ","


def _doubts(text: str, delimiter: str, encoding: str) -> list[str]:
    rows = rows_of(text, delimiter)[:_ROWS]
    if not rows:
        return ["it is empty"]
    said = []
    if encoding == "latin-1":
        said.append("its encoding is a guess: look at names with accents")
    names = [name.strip() for name in rows[0]]
    if any(number_spelling([name]) or time_spelling([name]) for name in names if name):
        said.append("its first row looks like data: CIP needs a row of column names above it")
    if len(rows) > 2 and len(rows[0]) == 1 and max(map(len, rows)) > 1:
        said.append("a title stands above the column names: take it away")
    return said
