"""How a CSV file is written, found from a part of it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from cip.contract.mapping import Source
from cip.errors import CipError
from cip.flows.places import find
from cip.sources.glimpse import csv_options, glimpse, histories
from cip.sources.opening import open_source
from cip.sources.sniff import rows_of, sniff

WriteBook = Callable[..., Path]
ROWS = [("Kunde", "Straße", "Betrag"), *((f"K{k}", "Weg, 5; Hof", f"{k},50") for k in range(300))]


def _text(delimiter: str) -> str:
    return "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in ROWS) + "\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_delimiter_and_encoding_are_found_and_the_reader_agrees(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    path = tmp_path / "kunden.csv"
    path.write_bytes(_text(delimiter).encode(encoding))
    options, dialect = csv_options(path)
    assert dialect.delimiter == delimiter
    assert dialect.doubts == ()
    rows = open_source(Source(path=str(path), **options), tmp_path)
    with rows.closing:
        assert rows.columns == ("Kunde", "Straße", "Betrag")
        assert sum(len(batch) for batch in rows.batches) == 300


def test_an_umlaut_cut_in_two_by_the_end_of_a_block_is_still_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    line = "ä,ö\n"
    path.write_text("a,b\n" + line * 90_000, encoding="utf-8")
    assert sniff(path).encoding == "utf-8"


def test_a_first_row_of_data_is_a_doubt(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("7,2024-01-01,9.5\n8,2024-01-02,3.5\n", encoding="utf-8")
    assert "looks like data" in " ".join(sniff(path).doubts)


def test_a_quote_that_is_never_closed_ends_the_sample_without_an_error() -> None:
    assert rows_of('a,b\n1,2\n"' + "x" * 200_000, ",")[:2] == [["a", "b"], ["1", "2"]]


def test_a_sample_of_a_large_file_holds_its_head_its_middle_and_its_end(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("id,at,note\n")
        for k in range(120_000):
            file.write(f"{k},2024-01-01,{'x' * 40}\n")
    seen = glimpse("big", {"path": "big.csv"}, tmp_path).profile
    ids = sorted(int(cell) for cell in seen.cells["id"] if cell)
    assert not seen.is_whole
    assert ids[0] == 0
    assert ids[-1] > 119_000
    assert max(b - a for a, b in pairwise(ids)) < 15_000
    assert len(set(ids)) == len(ids)


def test_histories_hold_every_row_of_the_customers_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    lines = [f" c{k % 50} ,2024-01-{1 + k % 28:02},z" for k in range(5_000)]
    path.write_text("\n".join(["who,at,other", *lines]), encoding="utf-8")
    held = histories({"path": "log.csv"}, tmp_path, ("who", "at"), ["c7", "c9"])
    assert set(held) == {"who", "at"}
    assert len(held["who"]) == 200


def test_a_file_whose_rows_never_fit_its_header_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Report\nx,y,z\n1,2,3\n4,5,6\n", encoding="utf-8")
    with pytest.raises(CipError):
        glimpse("a", {"path": "a.csv"}, tmp_path)


def test_each_sheet_of_a_workbook_is_a_source(tmp_path: Path, write_book: WriteBook) -> None:
    orders = [["order", "client", "paid"], *([k, f"c{k % 9}", k * 1.5] for k in range(30))]
    clients = [["client", "land"], *([f"c{k}", "AT"] for k in range(9))]
    book = write_book({"Orders 2024": orders, "Clients": clients})
    found = find([str(book)], tmp_path / "shop")
    assert [place.name for place in found.places] == ["orders_2024", "clients"]
    seen = glimpse("orders", found.places[0].options, tmp_path / "shop").profile
    assert seen.is_whole
    assert seen.column("paid").looks == "number"
    assert seen.column("client").examples[0] == "c0"
