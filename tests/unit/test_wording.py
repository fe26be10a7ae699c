from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cip.wording import THIN, amount, count, last_day, percent, signed, singular


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.4, "0 GBP"),
        (-12.6, "−13 GBP"),
        (999.4, "999 GBP"),
        (48_312, "48,300 GBP"),
        (1_238_000, "1.24\u202fM GBP"),
    ],
)
def test_money_has_three_figures_and_a_currency(value: float, said: str) -> None:
    assert amount(value, "GBP") == said


def test_shares_and_counts_are_said_with_unit_and_groups() -> None:
    assert percent(0.1239) == "12.4\u202f%"
    assert percent(0.1239, 0) == "12\u202f%"
    assert count(1204.4) == "1,204"


@pytest.mark.parametrize(
    ("said", "mended"),
    [
        ("Bought on 1 days in the last 90 days", "Bought on 1 day in the last 90 days"),
        ("Chose 1 different items", "Chose 1 item"),
        ("Bought on 21 days", "Bought on 21 days"),
        ("Buys every 0.1 days, 3,001 times", "Buys every 0.1 days, 3,001 times"),
        ("1 categories", "1 category"),
        ("Chose 1 different devices", "Chose 1 device"),
        ("Clicked 1 shown titles, 1 searches", "Clicked 1 shown title, 1 search"),
        ("1 purchase days in the 3 days", "1 purchase day in the 3 days"),
        ("Chose 21 different items", "Chose 21 different items"),
        ("Took 0 items", "Took no items"),
        ("Chose 0 different categories", "Chose no categories"),
        ("Tried 0 new items", "Tried no new items"),
        ("Took 0.4 pieces", "Took 0.4 pieces"),
        ("Had 1 failed payments", "Had 1 failed payment"),
    ],
)
def test_one_of_a_thing_is_singular(said: str, mended: str) -> None:
    assert singular(said) == mended


@pytest.mark.parametrize(
    ("end", "day"),
    [
        ("2025-07-01T00:00:00+00:00", "2025-06-30"),
        ("2025-07-01T00:00:00+02:00", "2025-06-30"),  # a midnight of Berlin is told on its clock
        ("2025-07-01T00:00:01+00:00", "2025-07-01"),
        ("2012-03-01", "2012-02-29"),
        (datetime(2025, 1, 1, tzinfo=UTC), "2024-12-31"),
    ],
)
def test_an_end_that_is_not_counted_is_said_as_the_last_day_that_is(
    end: str | datetime, day: str
) -> None:
    assert last_day(end) == day


def test_below_zero_stands_a_minus_sign_everywhere() -> None:
    assert signed(-0.0123) == "−0.012"
    assert signed(0.0123, 2) == "+0.01"
    assert percent(-0.36, 0) == f"−36{THIN}%"
    assert (count(-1204), amount(-2500, "EUR")) == ("−1,204", "−2,500 EUR")
