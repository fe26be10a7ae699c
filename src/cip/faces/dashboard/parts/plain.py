"""What pages say of a run on one customer table without time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cip.faces.dashboard import look
from cip.faces.dashboard.formats import count, day, last_day
from cip.flows.shape import is_plain, left_already

Summary = Mapping[str, Any]

AS_IT_STANDS: Final = "as the table stands"


def line(summary: Summary) -> str:
    """Below a page's answer: that there is no time, and who is on no list; else nothing."""
    if not is_plain(summary):
        return ""
    said = "One customer table without time: every figure is of customers whose label was held out."
    gone = left_already(summary)
    if gone:
        said += (
            f" {count(gone)} have left already by the label: the model learnt from them, but they "
            "are on no list to act on and in no sum."
        )
    return look.note(said)


def unknown(summary: Summary) -> str:
    """A block of what cannot be known without time; nothing for a run with events."""
    listed = summary.get("unknown") or []
    if not listed:
        return ""
    return look.heading(
        "What this table cannot say",
        "It holds customers and who left, but no dates. Payments, visits or subscriptions with "
        "their dates would answer these.",
    ) + look.paragraphs(listed)


def scored_on(summary: Summary) -> str:
    """`as of the end of 2011-12-09`, or that the table has no date."""
    return AS_IT_STANDS if is_plain(summary) else end_of(summary["calendar"]["score"])


def end_of(cutoff: str) -> str:
    """`as of the end of 2011-12-09`: what is known at a cutoff."""
    return f"as of the end of {last_day(cutoff)}"


def tested_on(summary: Summary) -> str:
    """`as of the end of 2011-09-10`, or how a table without time is tested."""
    if is_plain(summary):
        return f"in {folds(summary)}"
    return end_of(summary["calendar"]["test"])


def folds(summary: Summary) -> str:
    """`5-fold cross-validation`, and how often where it was repeated with other folds."""
    made = summary["churn"]["cross_validation"]
    times = made.get("repeats", 1)  # not in runs made before folds could be drawn again
    again = f" repeated {times} times" if times > 1 else ""
    return f"{made['folds']}-fold cross-validation{again}"


def more_data(summary: Summary) -> str:
    """What would help where there is no signal."""
    facts = f"more customers who left, or facts the model does not have yet ({_lacking(summary)})"
    if is_plain(summary):
        return f"Dates of what customers did, {facts} may show a signal."
    history = f"A longer history than since {day(summary['data']['first'])}"
    return f"{history}, {facts} may show a signal."


def _lacking(summary: Summary) -> str:
    """Facts to think of, without those of a table that the run read."""
    has = (summary.get("data") or {}).get("rows") or {}
    facts = ["visits"] * (not has.get("interactions")) + ["contacts with service"]
    if not (has.get("transactions") or has.get("subscriptions")):
        return ", ".join([*facts, "prices"])
    return ", ".join([*facts, "payments"] if not has.get("transactions") else facts)
