from __future__ import annotations

import pytest

from cip.wording import amount, count, percent, singular


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.4, "0 GBP"),
        (-12.6, "-13 GBP"),
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
        ("Chose 1 different items", "Chose 1 different item"),
        ("Bought on 21 days", "Bought on 21 days"),
        ("Buys every 0.1 days, 3,001 times", "Buys every 0.1 days, 3,001 times"),
        ("1 categories", "1 category"),
        ("Had 1 failed payments", "Had 1 failed payment"),
    ],
)
def test_one_of_a_thing_is_singular(said: str, mended: str) -> None:
    assert singular(said) == mended
