"""What single columns look like: numbers in several spellings, times in several formats."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cip.contract.guess.names import CUSTOMER, ID, fit, snake, words_of
from cip.contract.guess.profile import profile_column, profile_table
from cip.contract.guess.values import number_spelling, read_number, read_time, time_spelling

INSTANTS = st.integers(788_918_400, 1_893_456_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("customer_id", ("customer", "id")),
        ("CustomerID", ("customer", "id")),
        ("Customer ID", ("customer", "id")),
        ("customerid", ("customer", "id")),
        ("CLIENTNUM", ("clientnum",)),
        ("Kundennummer", ("kunden", "nummer")),
        ("Bestelldatum", ("bestell", "datum")),
        ("ArtikelNr", ("artikel", "nr")),
        ("order-date", ("order", "date")),
        ("InvoiceNo", ("invoice", "no")),
        ("prénom", ("prenom",)),
        ("plants", ("plants",)),
        ("MRR", ("mrr",)),
    ],
)
def test_a_name_is_cut_into_its_words(name: str, words: tuple[str, ...]) -> None:
    assert words_of(name) == words


def test_words_that_are_neither_the_concept_nor_beside_it_weaken_a_name() -> None:
    assert fit("customer_id", CUSTOMER, ID) == 1.0
    assert fit("customer_service_calls", CUSTOMER, ID) < 0.7
    assert fit("amount", CUSTOMER, ID) == 0.0


@pytest.mark.parametrize(
    ("name", "called"),
    [("Payment Method", "payment_method"), ("MonthlyCharges", "monthly_charges"), ("%", "column")],
)
def test_an_attribute_is_called_in_small_letters(name: str, called: str) -> None:
    assert snake(name) == called


@pytest.mark.parametrize(
    ("cell", "mark", "value"),
    [
        ("1234.5", ".", 1234.5),
        ("-3", ".", -3.0),
        ("1,234.50", ".", 1234.5),
        ("12,50", ",", 12.5),
        ("1.234,50", ",", 1234.5),
        ("€ 12,50", ",", 12.5),
        ("$1,299.00", ".", 1299.0),
        ("1 234,50", ",", 1234.5),
        ("(5.00)", ".", -5.0),
    ],
)
def test_a_number_is_read_in_its_spelling(cell: str, mark: str, value: float) -> None:
    spelling = number_spelling([cell] * 10)
    assert spelling is not None
    assert spelling.format == mark
    assert read_number(cell, mark) == pytest.approx(value)


@pytest.mark.parametrize("cell", ["abc", "12-13", "A12", "1.2.3", "2024-01-01", "12 apples"])
def test_what_is_no_number_has_no_spelling(cell: str) -> None:
    assert number_spelling([cell] * 10) is None


@given(INSTANTS)
def test_every_readable_format_gives_the_instant_back(at: datetime) -> None:
    written = {
        "iso": f"{at:%Y-%m-%d %H:%M:%S}",
        "day_first": f"{at:%d.%m.%Y %H:%M:%S}",
        "month_first": f"{at:%m/%d/%Y %I:%M:%S %p}",
        "epoch_s": str(int(at.timestamp())),
        "epoch_ms": str(int(at.timestamp() * 1000)),
        "epoch_us": str(int(at.timestamp()) * 1_000_000),
    }
    for name, cell in written.items():
        assert read_time(cell, name) == at, name


@given(st.lists(INSTANTS, min_size=60, max_size=60, unique_by=lambda at: at.date()))
def test_the_order_of_day_and_month_is_found_or_doubted_never_wrong_without_a_doubt(
    instants: list[datetime],
) -> None:
    for name, form in (("day_first", "%d/%m/%Y"), ("month_first", "%m/%d/%Y")):
        spelling = time_spelling([at.strftime(form) for at in instants])
        assert spelling is not None
        assert spelling.format == name or spelling.doubt


def test_days_that_never_exceed_twelve_are_a_doubt() -> None:
    spelling = time_spelling(["01/02/2024", "03/04/2024"])
    assert spelling is not None
    assert "guess" in spelling.doubt


@pytest.mark.parametrize(
    ("cells", "format_"),
    [
        (["20240131", "20231224"], "compact"),
        (["20240131235959", "20231224000000"], "compact"),
        (["Jan 5, 2024", "March 12, 2023"], "words"),
        (["881250949"], "epoch_s"),
        (["1699999999000"], "epoch_ms"),
        (["2024-01-31T10:00:00Z"], "iso"),
        (["2024-01-31 10:00:00.123+02:00"], "iso"),
    ],
)
def test_times_are_recognised_by_their_format(cells: list[str], format_: str) -> None:
    spelling = time_spelling(cells)
    assert spelling is not None
    assert spelling.format == format_


def test_a_format_that_the_reader_does_not_know_is_not_readable_and_says_why() -> None:
    column = profile_column("date", ["Jan 31, 2024", "Dec 24, 2023"] * 20)
    assert column.looks == "time"
    assert not column.readable
    assert "2024-01-31" in column.doubt


@pytest.mark.parametrize(
    ("cell", "is_read"),
    [
        ("1,234.50", True),
        ("1234.5", True),
        ("$12.00", True),
        ("12,50 €", True),
        ("(12.00)", False),
        ("1 234.50", False),
        ("12,5", True),
    ],
)
def test_a_spelling_that_the_reader_does_not_understand_is_said(cell: str, is_read: bool) -> None:
    column = profile_column("amount", [cell] * 40)
    assert column.looks == "number"
    assert column.readable is is_read
    assert bool(column.doubt) is not is_read


def test_ids_of_seven_digits_are_numbers_not_times() -> None:
    column = profile_column("customer", [str(15_634_602 + 37 * k) for k in range(100)])
    assert column.looks == "number"
    assert column.is_whole


@pytest.mark.parametrize("values", [("Yes", "No"), ("0", "1"), ("true", "false"), ("ja", "nein")])
def test_two_values_of_yes_and_no_are_a_truth(values: tuple[str, str]) -> None:
    assert profile_column("x", [*values] * 10).looks == "boolean"


def test_empty_cells_and_words_for_nothing_count_as_empty() -> None:
    table = profile_table("t", {"a": ["1", " ", None, "NULL", "n/a", "3"]})
    assert table.columns[0].filled == 2
    assert table.columns[0].looks == "number"


def test_rows_that_repeat_are_no_doubt_about_a_key() -> None:
    ids = [str(k) for k in range(100)]
    table = profile_table("t", {"id": [*ids, *ids[:10]], "x": ["a"] * 110})
    assert table.repeats == 10
    assert table.uniqueness(table.columns[0]) == 1.0
