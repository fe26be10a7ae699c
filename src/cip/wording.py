"""How numbers are said: one set of formats for sentences, cards, tables and files."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

THIN: Final = "\u202f"
"""A narrow no-break space: between a number and its per cent sign or its M."""

_ONE_KIND: Final = re.compile(r"(?<![\d.,])1 different (?=\w)")
_NONE: Final = re.compile(r"\b(Took|Tried|Chose) 0 (?:different )?(?=(?:new )?[a-z]+s\b)")
_ONE: Final = re.compile(
    r"(?<![\d.,])1 ((?:new |failed |shown |purchase |payment |active )?)"
    r"(days|times|items|things|pieces|purchases|categories|payments|titles|minutes|months|devices"
    r"|plans|subscriptions|opinions|stars|searches|plays|refunds|interactions|spells|changes"
    r"|ratings)\b"
)


def percent(p: float, digits: int = 1) -> str:
    """A probability or share of 0.124 as `12.4 %`."""
    return minus(f"{100 * p:.{digits}f}{THIN}%")


def count(n: float) -> str:
    """`1,204`."""
    return minus(f"{n:,.0f}")


def signed(value: float, digits: int = 3) -> str:
    """A difference: `+0.012`, `−0.004`."""
    return minus(f"{value:+.{digits}f}")


def minus(number: str) -> str:
    """The number with a minus sign, where it was written with a hyphen."""
    return number.replace("-", "−")


def last_day(end: str | datetime) -> str:
    """The last day that counts before a half-open end: `2025-06-30` of midnight on 1 July.

    By the clock that the end itself is told on: cutoffs are told on the business's.
    """
    instant = datetime.fromisoformat(end) if isinstance(end, str) else end
    return f"{instant - timedelta(microseconds=1):%Y-%m-%d}"


def amount(value: float, currency: str) -> str:
    """Money with three significant figures: `48,300 GBP`, `1.24 M GBP`."""
    if abs(value) >= 1e6:
        return minus(f"{value / 1e6:.3g}{THIN}M {currency}")
    rounded = float(f"{value:.3g}") if abs(value) >= 1000 else round(value)
    return f"{minus(f'{rounded:,.0f}')} {currency}"


def singular(sentence: str) -> str:
    """The sentence with `1 days` as `1 day`, and what reads ill about one or none.

    `1 different items` is `1 item`, and `Took 0 items` is `Took no items`.
    """
    said = _NONE.sub(r"\1 no ", _ONE_KIND.sub("1 ", sentence))
    return _ONE.sub(lambda found: f"1 {found[1]}{_SINGULAR.get(found[2], found[2][:-1])}", said)


_SINGULAR: Final = {"categories": "category", "searches": "search"}
