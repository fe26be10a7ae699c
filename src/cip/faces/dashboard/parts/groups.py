"""The model in the groups of attributes that were declared sensitive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cip.faces.dashboard import look
from cip.faces.dashboard.formats import capital, count, figure, percent, spread, threshold
from cip.faces.dashboard.look import escape
from cip.faces.dashboard.parts import plain

Summary = Mapping[str, Any]

_HEAD: Final = (
    ("Group", ""),
    ("Customers", "On the test date."),
    ("Who left", "Share that really left, with its 95 % interval."),
    ("Mean risk said", "Mean of the probabilities that the model gave them."),
    ("Predicted over seen", "Leavers predicted for each that left: 1 is right."),
    ("ROC-AUC", "How often a leaver of the group is ranked above a stayer of it."),
    ("Leavers flagged", "Recall: share of the group's leavers at or above the threshold."),
    ("Stayers flagged", "False alarms: share of the group's stayers at or above the threshold."),
)
_OLD: Final = (
    "This run was made before CIP compared groups. Name customer attributes under [churn] as "
    'sensitive = ["..."] in cip.toml, and a new run adds the table.'
)
_NONE: Final = (
    "No attribute is declared sensitive. Name customer attributes under [churn] as "
    'sensitive = ["..."] in cip.toml, and the next run compares their groups.'
)


def block(summary: Summary) -> str:
    """A table an attribute, with what it shows in sentences and how far it can be trusted."""
    table = summary.get("fairness")
    title = "Is the model as good for every group?"
    if table is None:
        return look.heading(title) + look.note(_NONE if "fairness" in summary else _OLD)
    flagged = threshold(table["threshold"])
    below = (
        f"Measured {plain.tested_on(summary)}; flagged from a risk of {flagged}; 95 % intervals."
    )
    parts = [_attribute(attribute) for attribute in table["attributes"]]
    return look.heading(title, below) + "".join(parts) + look.note(table["caution"])


def _attribute(attribute: Summary) -> str:
    name = capital(attribute["name"].replace("_", " "))
    said = look.heading(name, attribute["said"])
    if attribute["reason"]:
        return said + look.note(attribute["reason"])
    head = [f'<span title="{escape(why)}">{escape(word)}</span>' for word, why in _HEAD]
    rows = [_row(group) for group in attribute["groups"]]
    return said + look.paragraphs(attribute["sentences"]) + look.table(head, rows)


def _row(group: Summary) -> list[str]:
    few = "<small>few: chance moves it far</small>" if group["is_small"] else ""
    return [
        f"<b>{escape(group['name'])}</b>{few}",
        f"{count(group['customers'])}<small>{count(group['leavers'])} left</small>",
        _figure(group["base_rate"]),
        escape(percent(group["mean_p"])),
        _figure(group["predicted_over_realised"], 2),
        _figure(group["roc_auc"], 2),
        _figure(group["recall"]),
        _figure(group["false_alarms"]),
    ]


def _figure(estimate: Summary, digits: int = 3) -> str:
    if estimate["value"] is None:
        return f'<span title="{escape(estimate["reason"])}">–</span>'
    value, interval = escape(figure(estimate, digits)), escape(spread(estimate, digits))
    return f"<b>{value}</b><small>{interval}</small>"
