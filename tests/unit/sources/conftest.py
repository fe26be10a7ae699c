"""Workbooks written by hand: a zip of a few XML files, no further package."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>'
)
WriteBook = Callable[..., Path]


def _letters(place: int) -> str:
    rest, letter = divmod(place, 26)
    return (_letters(rest - 1) if rest else "") + chr(ord("A") + letter)


def _cell(place: str, value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            kind, inside = ' t="b"', f"<v>{int(value)}</v>"
        case int() | float():
            kind, inside = "", f"<v>{value!r}</v>"
        case ("day", serial):
            kind, inside = ' s="1"', f"<v>{serial}</v>"
        case ("error", said):
            kind, inside = ' t="e"', f"<f>1/0</f><v>{said}</v>"
        case ("formula", cached):
            kind, inside = "", f"<f>SUM(1,1)</f><v>{cached}</v>"
        case _:
            text = f'<t xml:space="preserve">{escape(str(value))}</t>'
            kind, inside = ' t="inlineStr"', f"<is>{text}</is>"
    return f'<c r="{place}"{kind}>{inside}</c>'


def _cells(row: Sequence[Any], number: int) -> str:
    return "".join(_cell(f"{_letters(c)}{number}", value) for c, value in enumerate(row))


def _sheet(rows: Sequence[Sequence[Any]], merged: str) -> str:
    body = "".join(
        f'<row r="{number}">{_cells(row, number)}</row>' for number, row in enumerate(rows, 1)
    )
    merge = f'<mergeCells count="1"><mergeCell ref="{merged}"/></mergeCells>' if merged else ""
    return f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData>{merge}</worksheet>'


@pytest.fixture
def write_book(tmp_path: Path) -> WriteBook:
    """`write_book({"Sheet": [["id"], ["a"]]}, merged="A1:B1")` gives the path of `book.xlsx`.

    Cells: text, number, bool, None, ("day", serial), ("error", "#N/A") and ("formula", 2).
    """

    def write(sheets: Mapping[str, Sequence[Sequence[Any]]], merged: str = "") -> Path:
        ids = range(1, len(sheets) + 1)
        names = zip(ids, sheets, strict=True)
        links = [f'<Relationship Id="r{i}" Type="{OFFICE}/worksheet" '
                 f'Target="worksheets/sheet{i}.xml"/>' for i in ids]  # fmt: skip
        links.append(f'<Relationship Id="s" Type="{OFFICE}/styles" Target="styles.xml"/>')
        listed = [f'<sheet name={quoteattr(n)} sheetId="{i}" r:id="r{i}"/>' for i, n in names]
        parts = {
            "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
            "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
            f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
            f"{''.join(listed)}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
            f"{''.join(links)}</Relationships>",
            "xl/styles.xml": STYLES,
        }
        for i, rows in zip(ids, sheets.values(), strict=True):
            parts[f"xl/worksheets/sheet{i}.xml"] = _sheet(rows, merged)
        with zipfile.ZipFile(tmp_path / "book.xlsx", "w", zipfile.ZIP_DEFLATED) as book:
            for name, text in parts.items():
                book.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
        return tmp_path / "book.xlsx"

    return write
