"""Numbers as people read them; the same in cards, figures, tables and sentences.

A figure with its interval travels as a mapping: `value`, `low`, `high`, `unit`, `reason`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from cip.wording import THIN, amount, count, last_day, percent

__all__ = [
    "THIN",
    "amount",
    "count",
    "day",
    "figure",
    "last_day",
    "percent",
    "points",
    "spread",
    "threshold",
    "time_since",
]

Figure = Mapping[str, Any]
MISSING: Final = "–"
_SIGNS: Final = "+−-"
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


def figure(estimate: Figure, digits: int = 3) -> str:
    """The value in its unit, without the interval; `–` where it could not be computed."""
    value = estimate["value"]
    return MISSING if value is None else _in_unit(float(value), estimate["unit"], digits)


def spread(estimate: Figure, digits: int = 3) -> str:
    """The interval, `0.79–0.83`, `41,900–55,200 GBP`, `−2 to +8 %`; empty where there is none."""
    low, high = estimate["low"], estimate["high"]
    if low is None or high is None or low == high:
        return ""
    first, last = (_in_unit(float(end), estimate["unit"], digits) for end in (low, high))
    to = " to " if first[0] in _SIGNS or last[0] in _SIGNS else "–"
    return f"{_without_unit(first)}{to}{last}"


def with_spread(estimate: Figure, digits: int = 3) -> str:
    """The value with its interval behind it: `0.81 (0.79–0.83)`; the reason where there is none."""
    if estimate["value"] is None:
        return str(estimate["reason"])
    interval = spread(estimate, digits)
    return figure(estimate, digits) + (f" ({interval})" if interval else "")


def plain(value: Any) -> str:
    """An attribute of the user's data as text: 44.0 as `44`, nothing as `–`."""
    if value is None:
        return MISSING
    return f"{value:g}" if isinstance(value, float) else str(value)


def threshold(p: float) -> str:
    """Where a line is drawn: `42 %`, and as fine as it must be, `0.4 %`, `12.34 %`."""
    return f"{round(100 * p, 4):g}{THIN}%"


def points(p: float) -> str:
    """A change of probability, signed: `+9.1`, `−0.4`."""
    return _signed(100 * p, 1)


def time_since(days: float | None) -> str:
    """A duration in words: `today`, `3 days ago`, `6 weeks ago`, `5 months ago`, `2 years ago`."""
    if days is None:
        return MISSING
    if days < 1:
        return "today"
    for length, name, least in ((365.25, "year", 730), (30.44, "month", 70), (7, "week", 14)):
        if days >= least:
            return f"{_plural(round(days / length), name)} ago"
    return f"{_plural(int(days), 'day')} ago"


def customers(n: float) -> str:
    """`1 customer`, `1,204 customers`."""
    return f"{count(n)} customer{'' if n == 1 else 's'}"


def capital(text: str) -> str:
    """The text with its first letter as a sentence begins."""
    return text[:1].upper() + text[1:]


def distinct(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels by key, with the key behind those that come more than once.

    A select box that shows one label twice takes either for the last.
    """
    often = Counter(labels.values())
    return {key: f"{label} · {key}" if often[label] > 1 else label for key, label in labels.items()}


def day(instant: str) -> str:
    """The date of an ISO instant at which something was: `2011-12-09`; `last_day` is of an end."""
    return datetime.fromisoformat(instant).strftime("%Y-%m-%d")


def _in_unit(value: float, unit: str, digits: int) -> str:
    if unit in _UNITS:
        return _UNITS[unit](value)
    if _CURRENCY.fullmatch(unit):
        return amount(value, unit)
    return f"{value:.{digits}f}".replace("-", "−")


def _signed(value: float, digits: int) -> str:
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return f"{'+' if value > 0 else '−'}{text}"


def _without_unit(text: str) -> str:
    """`48,300` of `48,300 GBP`; the magnitude of `1.2 M GBP` stays."""
    return re.sub(rf"( [A-Z]{{3}}|{THIN}[%×])$", "", text)


def _plural(n: int, name: str) -> str:
    return f"{n} {name}{'' if n == 1 else 's'}"


_UNITS: Final[Mapping[str, Callable[[float], str]]] = {
    "share": percent,
    "share of the mean": lambda value: percent(value, 0),
    "share of the realised total": lambda value: f"{_signed(100 * value, 0)}{THIN}%",
    "customers": count,
    "times": lambda value: f"{value:.2f}{THIN}×",
}
