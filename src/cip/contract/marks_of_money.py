"""The marks by which people write currencies beside a number: €, $, £, kr, USD."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MARKS: Final[Mapping[str, tuple[str, ...]]] = {
    "EUR": ("€",),
    "USD": ("$", "US$"),
    "GBP": ("£",),
    "JPY": ("¥", "円"),
    "CHF": ("Fr.", "SFr."),
    "SEK": ("kr", "kr."),
    "NOK": ("kr", "kr."),
    "DKK": ("kr", "kr."),
    "ISK": ("kr", "kr."),
    "PLN": ("zł",),
    "CZK": ("Kč",),
    "HUF": ("Ft",),
    "BRL": ("R$",),
    "AUD": ("$", "A$", "AU$"),
    "CAD": ("$", "C$", "CA$"),
    "NZD": ("$", "NZ$"),
    "SGD": ("$", "S$"),
    "HKD": ("$", "HK$"),
    "TWD": ("$", "NT$"),
    "MXN": ("$", "MX$"),
    "CNY": ("¥", "元"),
    "INR": ("₹", "Rs.", "Rs"),
    "KRW": ("₩",),
    "TRY": ("₺",),
    "ILS": ("₪",),
    "RUB": ("₽",),
    "UAH": ("₴",),
    "NGN": ("₦",),
    "PHP": ("₱",),
    "VND": ("₫",),
}
"""Of each currency; the first that has a mark is the one that most people mean by it."""


def marks_of(currency: str) -> tuple[str, ...]:
    """How this currency is marked; its code is a mark of its own."""
    return (*MARKS.get(currency, ()), currency)


def other_marks(currency: str | None) -> tuple[str, ...]:
    """The marks, in small letters, that are none of this currency's."""
    own = {mark.lower() for mark in marks_of(currency)} if currency else set()
    return tuple(mark for mark in MEANT if mark not in own)


MEANT: Final[Mapping[str, str]] = {
    mark.lower(): code for code in list(MARKS)[::-1] for mark in marks_of(code)
}
"""Mark in small letters to the currency that is likely meant by it."""
