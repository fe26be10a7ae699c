"""The model under other questions: other definitions of leaving, other horizons, what moves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cip.faces.dashboard import look
from cip.faces.dashboard.formats import MISSING, capital, count, figure, percent, spread
from cip.faces.dashboard.look import escape
from cip.faces.dashboard.parts import blocks
from cip.flows.sensitivity import Definition, definitions

Summary = Mapping[str, Any]

FACTS: Final = 12


def labels(summary: Summary) -> str:
    """Definitions of leaving side by side; nothing where the run has one only."""
    listed = summary.get("labels") or []
    if not listed:
        return ""
    rows = [_label(label) for label in listed]
    head = ["Definition", "Verdict", "Customers", "Who left", "ROC-AUC", "Measured"]
    notes = [f"{_name(label)}: {label['note']}" for label in listed if label.get("note")]
    return (
        look.heading(
            "The same question under other definitions of leaving",
            "A definition that shows no signal is no failure of the model: it says that these data "
            "do not tell who leaves in that sense.",
        )
        + look.table(head, rows, words=2)
        + "".join(look.note(text) for text in notes)
    )


def _label(label: Summary) -> list[str]:
    serves = "<small>the one asked for</small>" if label["is_primary"] else ""
    return [
        f"<b>{escape(_name(label))}</b><small>{escape(label['definition'])}</small>",
        f"{look.pill(label['verdict']['word'])}{serves}",
        count(label["customers"]),
        _measured(label["base_rate"]),
        _measured(label["roc_auc"], 2),
        escape(label["how"]),
    ]


def _name(label: Summary) -> str:
    """`is_active` as `Is active`."""
    return capital(str(label["name"]).replace("_", " "))


def _measured(estimate: Summary, digits: int = 3) -> str:
    if estimate["value"] is None:
        return f'<span title="{escape(estimate["reason"])}">–</span>'
    value, interval = escape(figure(estimate, digits)), escape(spread(estimate, digits))
    return f"<b>{value}</b><small>{interval}</small>"


def sensitivity(summary: Summary) -> str:
    """How many would count as leavers under other horizons and definitions.

    Nothing where the run has none.
    """
    listed = definitions(summary)
    if not listed or not listed[0].is_primary:
        return ""
    chosen = summary["calendar"].get("horizon_days")
    days = list(dict.fromkeys(row["horizon_days"] for one in listed for row in one.rows))
    rows = [_rates(one, days) for one in listed]
    low, high = listed[0].rows[0], listed[0].rows[-1]
    title = (
        f"With {low['horizon_days']} days {percent(low['churn_rate'], 0)} would count as leavers, "
        f"with {high['horizon_days']} days {percent(high['churn_rate'], 0)}"
    )
    said = "Share of customers who leave, by how far ahead one looks"
    said += " and by what counts as leaving." if len(listed) > 1 else "."
    head = ["Counts as leaving", *(_ahead(each) for each in days)]
    on = 1 + days.index(chosen) if chosen in days else None
    return look.heading(title, said) + look.table(head, rows, on=on)


def _rates(one: Definition, days: Sequence[int | None]) -> list[str]:
    """A row a definition, a column a horizon."""
    serves = "<small>the one asked for</small>" if one.is_primary else ""
    by_days = {row["horizon_days"]: row for row in one.rows}
    name = f"<b>{escape(_name({'name': one.name}))}</b>{serves}"
    return [name, *(_rate(by_days.get(each)) for each in days)]


def _ahead(days: int | None) -> str:
    return "At any time" if days is None else f"{days} days ahead"


def _rate(row: Summary | None) -> str:
    if row is None:
        return MISSING
    of = f"of {count(row['customers'])} customers"
    return f"<b>{escape(percent(row['churn_rate']))}</b><small>{escape(of)}</small>"


def importance(summary: Summary) -> str:
    """The facts that move the risk, over all customers."""
    facts = summary["churn"]["importance"][:FACTS]
    if not facts:
        return look.heading(
            "Nothing is shown to move the risk",
            "The model that serves gives everybody the base rate, so no fact has weight.",
        )
    rows = [
        blocks.Bar(
            _fact(fact),
            float(fact["share"]),
            percent(fact["share"]),
            _share_spread(fact),
            kind="this",
        )
        for fact in facts
    ]
    top = facts[0]
    title = f"{_fact(top)}: {percent(top['share'])} of what moves the risk"
    below = (
        "Mean absolute contribution of each fact over all customers, as a share of the whole; "
        "features that tell one fact are added."
    )
    if top.get("low") is not None:
        below += " Intervals: who else this model might have scored."
    to_do = look.to_do("See it at work on one customer:", "User Lookup, «Why this risk?».")
    return look.heading(title, below) + blocks.bars(rows) + to_do


def _share_spread(fact: Summary) -> str:
    """The interval of the share; nothing for runs that did not work it out."""
    if fact.get("low") is None:
        return ""
    ends = {"low": fact["low"], "high": fact["high"], "unit": "share"}
    return f"95 % {spread(ends)}"


def _fact(fact: Summary) -> str:
    return capital(str(fact["label"]).rstrip("."))
