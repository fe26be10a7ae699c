"""From one value that could not be read to the line that mends it."""

from __future__ import annotations

import pytest

from cip.engine.hints import number_hint, time_hint


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("31/12/2010", 'time_format = "day_first"'),
        ("12.31.2010 08:26", 'time_format = "month_first"'),
        ("03/04/2010", "day first or the month"),
        ("1325376000", 'time_format = "epoch_s"'),
        ("1325376000123", 'time_format = "epoch_ms"'),
        ("1325376000123456", 'time_format = "epoch_us"'),
        ("31/12/10", "two digits"),
        ("20111209", 'time_format = "compact"'),
        ("20111209125000", 'time_format = "compact"'),
        ("=NOW()", "formula"),
    ],
)
def test_a_time_says_how_it_is_written(value: str, said: str) -> None:
    assert said in (time_hint(value) or "")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("12,50", 'decimal = ","'),
        ("1.234,50", 'decimal = ","'),
        ("€ 9", "currency"),
        ("9.50 EUR", "currency"),
        ("1.234,50 €", 'decimal = ","'),
        ("=A1*2", "formula"),
        ("1.5", 'decimal = "."'),
    ],
)
def test_a_number_says_how_it_is_written(value: str, said: str) -> None:
    assert said in (number_hint(value) or "")


@pytest.mark.parametrize("value", ["20111399", "yesterday", "", "2011-12-09"])
def test_nothing_is_guessed_where_nothing_can_be(value: str) -> None:
    assert time_hint(value) is None
