"""How numbers are said: one set of formats for sentences, cards, tables and files."""

from __future__ import annotations

import re
from typing import Final

THIN: Final = "\u202f"
"""A narrow no-break space: between a number and its per cent sign or its M."""

_ONE: Final = re.compile(
    r"(?<![\d.,])1 ((?:different |new |failed )?)"
    r"(days|times|items|things|pieces|purchases|categories|payments|titles|minutes|months)\b"
)


def percent(p: float, digits: int = 1) -> str:
    """A probability or share of 0.124 as `12.4 %`."""
    return f"{100 * p:.{digits}f}{THIN}%"


def count(n: float) -> str:
    """`1,204`."""
    return f"{n:,.0f}"


def amount(value: float, currency: str) -> str:
    """Money with three significant figures: `48,300 GBP`, `1.24 M GBP`."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:.3g}{THIN}M {currency}"
    return f"{float(f'{value:.3g}') if abs(value) >= 1000 else round(value):,.0f} {currency}"


def singular(sentence: str) -> str:
    """The sentence with `1 days` as `1 day`."""
    return _ONE.sub(lambda found: f"1 {found[1]}{_SINGULAR.get(found[2], found[2][:-1])}", sentence)


_SINGULAR: Final = {"categories": "category"}
