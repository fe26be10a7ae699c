"""The model under other questions: other definitions of leaving, other horizons, what moves it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cip.faces.dashboard import look
from cip.faces.dashboard.formats import capital, count, figure, percent, spread
from cip.faces.dashboard.look import escape
from cip.faces.dashboard.parts import blocks

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
    serves = "<small>the one that serves</small>" if label["is_primary"] else ""
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
    listed = [row for row in summary.get("sensitivity") or [] if row["churn_rate"] is not None]
    own = [row for row in listed if row.get("is_primary", True)]
    if not own:
        return ""
    chosen = summary["calendar"].get("horizon_days")
    others = [row for row in listed if not row.get("is_primary", True)]
    rows = [_rate(row, "this" if row["horizon_days"] == chosen else "") for row in own]
    rows += [_rate(row, "") for row in others]
    low, high = own[0], own[-1]
    title = (
        f"With {low['horizon_days']} days {percent(low['churn_rate'], 0)} would count as leavers, "
        f"with {high['horizon_days']} days {percent(high['churn_rate'], 0)}"
    )
    said = "Share of customers who leave, by how far ahead one looks"
    said += " and by what counts as leaving." if others else "."
    return look.heading(title, said) + blocks.bars(rows)


def _rate(row: Summary, kind: str) -> blocks.Bar:
    days = row["horizon_days"]
    ahead = "" if days is None else f"{days} days ahead"
    name = "" if row.get("is_primary", True) else _name({"name": row["label"]})
    return blocks.Bar(
        ", ".join(part for part in (name, ahead) if part),
        float(row["churn_rate"]),
        percent(row["churn_rate"]),
        f"of {count(row['customers'])} customers",
        kind,
    )


def importance(summary: Summary) -> str:
    """The facts that move the risk, over all customers."""
    facts = summary["churn"]["importance"][:FACTS]
    if not facts:
        return look.heading(
            "Nothing moves the risk",
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
    title = f"{_fact(top)}: {percent(top['share'], 0)} of what moves the risk"
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
