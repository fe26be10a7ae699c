"""The headlines of a run on one customer table without time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cip.flows import paying, without_model
from cip.flows.shape import has_value, left_already
from cip.wording import amount, count, percent

Summary = Mapping[str, Any]


def lines(summary: Summary) -> list[str]:
    """What comes after the answer and the verdicts, a line each."""
    return [
        reality(summary),
        who_has_left(summary),
        value_line(summary),
        first_thing_to_do(summary),
        not_known(summary),
    ]


def answer(summary: Summary) -> str:
    """How many of those still here are at risk, and what is at stake where that is known."""
    totals = summary["totals"]
    here = f"{count(totals['customers'])} customers still here"
    if not without_model.serves(summary):
        return without_model.answer(summary, here)
    above = percent(totals["at_risk_above"], 0)
    said = f"{count(totals['at_risk_customers'])} of {here} are above {above} risk"
    if not has_value(summary):
        return f"{said}; what they are worth is not known."
    stake = amount(totals["expected_value_loss"]["value"], summary["workspace"]["currency"])
    return f"{said}; {stake} of expected value is at stake."


def reality(summary: Summary) -> str:
    """What was predicted of customers whose label was held out, against it."""
    churn = summary["churn"]
    test = next(m for m in churn["models"] if m["name"] == churn["chosen"])["test"]
    return (
        f"Of customers whose label they had not seen, the models expected "
        f"{count(test['predicted_total']['value'])} to have left; "
        f"{count(test['realised_total']['value'])} had. {churn['cross_validation']['sentence']}"
    )


def who_has_left(summary: Summary) -> str:
    """That customers who have left are on no list to act on."""
    gone = left_already(summary)
    return (
        f"{count(gone)} customers have left already ({summary['churn']['definition']}): the models "
        "learnt from them; they come last on the list and are in no sum."
    )


def value_line(summary: Summary) -> str:
    """What the customers are worth by the rule, or why that is not known."""
    value, totals = summary["value"], summary["totals"]
    if not has_value(summary):
        return str(value["reason"])
    worth = amount(totals["clv"]["value"], summary["workspace"]["currency"])
    return (
        f"The next {value['horizon_days']} days of those still here are worth {worth}. "
        f"{value['notes'][0]} {value['verdict']['sentence']}"
    )


def first_thing_to_do(summary: Summary) -> str:
    """The priority segment to begin with, and what to do about it."""
    if not without_model.serves(summary):
        return without_model.first_thing_to_do(summary)
    return paying.first(summary)


def not_known(summary: Summary) -> str:
    """What cannot be said without time, in one paragraph."""
    return f"What cannot be known without dates. {' '.join(summary['unknown'])}"
