"""What to do where no model of churn serves, so that nobody stands out by risk: value decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cip.flows.shape import has_value
from cip.wording import amount, count, percent

_NOBODY: Final = "No customer stands out by risk: spend nothing on keeping anybody in particular."
_OF_BAND: Final[Mapping[str | None, str]] = {
    "High": "Not known to be at risk, and worth most: see that they are served well; no offer.",
    "Medium": "Not known to be at risk: nothing to do for them in particular.",
    "Low": "Nothing to do.",
}
_UNTESTED: Final = ", by a forecast that is not tested"


def serves(summary: Mapping[str, Any]) -> bool:
    """Whether a model tells customers apart by risk; in runs of old one always did."""
    return bool(summary["churn"].get("promoted", True))


def has_signal(summary: Mapping[str, Any]) -> bool:
    """Whether the churn model is shown to know more than the base rate."""
    return bool(summary["churn"]["verdicts"]["signal"]["word"] != "no signal")


def scored(summary: Mapping[str, Any]) -> bool:
    """Whether there is a score to show: a model serves, and its signal is shown."""
    return serves(summary) and has_signal(summary)


def answer(summary: Mapping[str, Any], whom: str) -> str:
    """That nobody has a score, first of all; `whom`: the customers, as they are called here."""
    churn = summary["churn"]
    if has_signal(summary):
        word = churn["verdicts"]["signal"]["word"]
        head = f"A {word} signal, and no model serves: no score."
    else:
        head = "No signal: no score."
    return (
        f"{head} Which of {whom} will leave is not known; all that is known is the base rate, "
        f"{percent(churn['base_p'])}."
    )


def what_to_do(clv_band: str | None) -> str:
    """The same for the customers of one band of value; None where value is not known."""
    return _OF_BAND.get(clv_band, _NOBODY)


def first_thing_to_do(summary: Mapping[str, Any]) -> str:
    """Nothing by risk; see to those who are worth most, and whether that forecast was tested."""
    worth = _worth_by_band(summary)
    total = sum(clv for _, clv in worth.values())
    if not has_value(summary) or total <= 0:
        return f"{_NOBODY} Nor is it known what they are worth: bring more data first."
    band, (customers, clv) = next(iter(worth.items()))
    is_untested = (summary["value"].get("verdict") or {}).get("word") == "not tested"
    return (
        f"{_NOBODY} See to those who are worth most: {count(customers)} customers of {band} CLV "
        f"hold {percent(clv / total, 0)} of the expected value, "
        f"{amount(clv, summary['workspace']['currency'])}{_UNTESTED * is_untested}."
    )


def _worth_by_band(summary: Mapping[str, Any]) -> dict[str, tuple[int, float]]:
    """Customers and their value by CLV band, from the highest band that has customers down."""
    worth: dict[str, tuple[int, float]] = {}
    for cell in summary["cells"]:
        band = cell["clv_band"]
        if band is not None and cell["customers"]:
            customers, clv = worth.get(band, (0, 0.0))
            worth[band] = (customers + cell["customers"], clv + (cell["clv"] or 0.0))
    return worth
