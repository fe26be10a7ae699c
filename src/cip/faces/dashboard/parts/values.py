"""Values of features as people read them, and how finely a control moves them."""

from __future__ import annotations

import re
from math import floor, log10
from typing import Any, Final

from cip.faces.dashboard.formats import amount, capital, percent
from cip.types import FeatureInfo
from cip.wording import minus, singular

_UNITLESS: Final = frozenset({"", "category", "text"})
_AT_THE_END: Final = re.compile(r"(.+?)(?: is|:) …(?: (\S+))?")
_ASIDE: Final = re.compile(r"\s*\([^()]*\{usual\}[^()]*\)")


def short(info: FeatureInfo) -> str:
    """What the feature says, with a gap for its value: `Bought on … days in the last 28 days`.

    A gap at the end is left out: `Contract`, `Monthly charges, USD`.
    """
    text = _filled(info, "…")
    ends = _AT_THE_END.fullmatch(text)
    return text if ends is None else ", ".join(filter(None, ends.groups()))


def lower(info: FeatureInfo) -> str:
    """The same inside a sentence."""
    text = short(info)
    return text[:1].lower() + text[1:]


def _filled(info: FeatureInfo, value: str) -> str:
    """The phrase without what is typical; the description where the phrase has no value."""
    phrase = _ASIDE.sub("", info.phrase)
    if "{v}" not in phrase or "{usual}" in phrase or not phrase.replace("{v}", "").strip(" :."):
        text = info.description.rstrip(". ")
        return text if value == "…" else f"{text}: {value}"
    return capital(phrase.replace("{v}", value).strip())


def said(value: Any, info: FeatureInfo, currency: str) -> str:
    """The value with its unit; `not known` where it is not."""
    if is_unknown(value):
        return "not known"
    if isinstance(value, str):
        return value
    if info.unit == "share":
        return percent(value)
    if info.unit in ("money", currency):
        return amount(value, currency)
    number = minus(f"{value:,.{_decimals(value, info)}f}")
    return number if info.unit in _UNITLESS else singular(f"{number} {info.unit}")


def from_to(before: Any, after: Any, info: FeatureInfo) -> str:
    """`Bought on 0 → 4 days in the last 28 days`."""
    return _filled(info, f"{_bare(before, info)} → {_bare(after, info)}")


def _bare(value: Any, info: FeatureInfo) -> str:
    """The value without its unit, which the phrase says."""
    if is_unknown(value):
        return "not known"
    if isinstance(value, str):
        return value
    return percent(value) if info.unit == "share" else minus(f"{value:,.{_decimals(value, info)}f}")


def is_unknown(value: Any) -> bool:
    """Whether nothing is known: None or NaN."""
    return value is None or (isinstance(value, float) and value != value)  # noqa: PLR0124 - NaN


def step(width: float, steps: int) -> float:
    """A round step, at most a `steps`-th of the width: 0.01, 0.1, 1, 10."""
    return float(10.0 ** floor(log10(width / steps))) if width > 0 else 1.0


def places(size: float) -> str:
    """The printf format of a control whose step is `size`."""
    return f"%.{max(0, -floor(log10(size)))}f"


def _decimals(value: float, info: FeatureInfo) -> int:
    if float(value).is_integer() or abs(value) >= 100:
        return 0
    return max(info.decimals, 1)
