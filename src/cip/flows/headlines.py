"""What a run found, in words with money and intervals: the same sentences for every face."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cip.flows import invented, paying, plain_words, sensitivity, without_model
from cip.flows.ledger_words import matured_lines
from cip.flows.shape import is_plain
from cip.wording import amount, count, last_day, percent


def headlines(summary: Mapping[str, Any]) -> list[str]:
    """The findings of a run, one sentence or two a line; the first is the answer."""
    verdicts = (*_verdict_lines(summary), *_other_labels(summary), *leak_lines(summary))
    head = (answer(summary), *invented.lines(summary["workspace"]), *verdicts)
    if is_plain(summary):
        return [*head, *plain_words.lines(summary), _provenance(summary)]
    return [
        *head,
        *sensitivity.lines(summary),
        reality(summary),
        value_line(summary),
        first_thing_to_do(summary),
        *matured_lines(summary),
        _provenance(summary),
    ]


def answer(summary: Mapping[str, Any]) -> str:
    """How many are at risk and what is at stake."""
    if is_plain(summary):
        return plain_words.answer(summary)
    totals, currency = summary["totals"], summary["workspace"]["currency"]
    if not without_model.serves(summary):
        return without_model.answer(summary, f"{count(totals['customers'])} customers")
    return (
        f"{count(totals['at_risk_customers'])} of {count(totals['customers'])} customers are above "
        f"{percent(totals['at_risk_above'], 0)} risk; "
        f"{money(totals['expected_value_loss'], currency)} of expected value is at stake."
    )


def reality(summary: Mapping[str, Any]) -> str:
    """What the model predicted at the test date, against what happened."""
    test = _row(summary, summary["churn"].get("chosen", summary["churn"]["champion"]))["test"]
    said, was = test["predicted_total"]["value"], test["realised_total"]["value"]
    return (
        f"At the test date (the end of {last_day(summary['calendar']['test'])}) the model expected "
        f"{count(said)} to leave; {count(was)} did."
    )


def value_line(summary: Mapping[str, Any]) -> str:
    """What the customers are worth, and how the value model did in its backtest."""
    value, currency = summary["value"], summary["workspace"]["currency"]
    kept = "revenue" if value["margin"] == 1 else "margin"
    return (
        f"The next {value['horizon_days']} days of these customers are worth "
        f"{money(summary['totals']['clv'], currency)} of {kept}, discounted at "
        f"{percent(value['discount_rate'], 0)} a year. {value['verdict']['sentence']}"
    )


def first_thing_to_do(summary: Mapping[str, Any]) -> str:
    """The priority segment with most at stake, and what to do about it."""
    if not without_model.serves(summary):
        return without_model.first_thing_to_do(summary)
    return paying.first(summary)


def _row(summary: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    row: Mapping[str, Any] = next(m for m in summary["churn"]["models"] if m["name"] == name)
    return row


def _verdict_lines(summary: Mapping[str, Any]) -> list[str]:
    verdicts = summary["churn"]["verdicts"]
    return [
        f"Churn model: {verdicts['signal']['word']}. {verdicts['signal']['sentence']}",
        f"{verdicts['choice']['sentence']} {verdicts['baseline']}",
        *_rivals_line(summary),
        *_calibration_line(verdicts),
        *_through_time(summary),
        *_search_line(summary),
        *_profit_line(summary),
    ]


def _calibration_line(verdicts: Mapping[str, Any]) -> list[str]:
    """Whether probabilities may be taken at their word; nothing for runs that did not ask."""
    found = verdicts.get("calibration")
    return [f"Probabilities: {found['word']}. {found['sentence']}"] if found else []


def _through_time(summary: Mapping[str, Any]) -> list[str]:
    """Whether the model would have held at earlier dates; nothing for runs that did not ask."""
    found = summary["churn"].get("steadiness")
    return [f"Order through time: {found['word']}. {found['sentence']}"] if found else []


def _search_line(summary: Mapping[str, Any]) -> list[str]:
    """What a search for better settings came to, where one was asked for."""
    found = summary["churn"].get("search")
    return [f"Settings: {found['sentence']}"] if found else []


def _rivals_line(summary: Mapping[str, Any]) -> list[str]:
    """Whether candidates of another kind lean on the same facts, where somebody asked."""
    found = summary["churn"].get("rivals") or {}
    said = found.get("sentence") or found.get("reason")
    return [said] if said else []


def _profit_line(summary: Mapping[str, Any]) -> list[str]:
    """What acting on the risk would have earned, where it was counted and the model knows more."""
    found = summary["churn"].get("profit") or {}
    said, own = found.get("sentence"), found.get("own") or {}
    if not said or summary["churn"]["verdicts"]["signal"]["word"] == "no signal":
        return []
    each = own.get("sentence") or own.get("reason")
    return [
        f"{said} An accounting with assumed acceptance, not a measured effect.",
        *([each] if each else []),
    ]


def _other_labels(summary: Mapping[str, Any]) -> list[str]:
    """One line a label that was judged beside the main one."""
    return [
        f"Under another label ({label['definition']}; {percent(label['base_rate']['value'])} of "
        f"{count(label['customers'])} customers, {label['how']}): {label['verdict']['word']}, "
        f"ROC-AUC {label['roc_auc']['value']:.3f} ({label['roc_auc']['low']:.3f} to "
        f"{label['roc_auc']['high']:.3f})."
        for label in summary.get("labels", ())
        if not label["is_primary"]
    ]


def leak_lines(summary: Mapping[str, Any]) -> list[str]:
    """What looks as if it knew the future, where something does."""
    suspects = summary.get("leaks", {}).get("suspects", ())
    out, allowed = (
        list(dict.fromkeys(s["feature"] for s in suspects if s["state"] == state))
        for state in ("kept out", "allowed")
    )
    said = []
    if out:
        said.append(
            f"Kept out of the models until somebody says otherwise, because it looks as if it knew "
            f"the future: {', '.join(out)}."
        )
    if allowed:
        said.append(f"Allowed though it looks as if it knew the future: {', '.join(allowed)}.")
    return [" ".join(said)] if said else []


def _provenance(summary: Mapping[str, Any]) -> str:
    findings = summary["data"]["findings"]
    found = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
    return (
        f"Run {summary['run_id']}: {summary['churn']['population']['sentence']} "
        f"{found} about the data; `cip check` lists them."
    )


def money(estimate: Mapping[str, Any], currency: str) -> str:
    """Money with its interval: `48,300 GBP (41,900 to 55,200 GBP)`."""
    if estimate["value"] is None:
        return f"an unknown sum ({estimate['reason']})"
    middle = amount(estimate["value"], currency)
    if estimate["low"] is None or estimate["high"] is None:
        return middle
    low, high = amount(estimate["low"], currency), amount(estimate["high"], currency)
    return f"{middle} ({low.removesuffix(' ' + currency)} to {high})"
