"""How sure we are: models compared, value forecast against what was spent, findings in the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import look
from cip.faces.dashboard.formats import amount, capital, count, day, figure, percent, spread
from cip.faces.dashboard.look import escape

Summary = Mapping[str, Any]

LAST: Final = "accuracy"  # it flatters: where few leave, "nobody leaves" is nearly always right
_FORECASTS: Final = {
    "model": "BG/NBD and Gamma-Gamma",
    "repeat_last": "Everybody spends what they spent last",
    "all_zero": "Nobody spends anything",
}
_ERRORS: Final = {
    "total_bias": ("Total, against what was spent", "0 % is right, + is too much."),
    "rmse": ("Error per customer (root mean square)", "Large misses count most."),
    "mae": ("Error per customer (mean)", "The average miss."),
    "gini": ("Ranking (Gini)", "1 ranks as the truth would, 0 as chance would."),
    "decile_gap": ("Gap by tenths", "Predicted against spent, over tenths of the customers."),
}


def show(summary: Summary) -> None:
    """Everything that the page's figures rest on."""
    with st.container(key="card_models"):
        st.html(look.block(verdicts(summary), models(summary)))
    with st.container(key="card_value"):
        st.html(look.block(_value(summary)))
    with st.container(key="card_data"):
        st.html(look.block(data(summary)))


def verdicts(summary: Summary) -> str:
    """Whether there is a signal, which model was chosen, and on whom both were measured."""
    churn, calendar = summary["churn"], summary["calendar"]
    signal, choice = churn["verdicts"]["signal"], churn["verdicts"]["choice"]
    lines = (
        (signal["word"], signal["sentence"]),
        (choice["word"], f"{choice['sentence']} {churn['verdicts']['baseline']}"),
    )
    said = "".join(
        f'<p class="verdict">{look.pill(word)}<span>{escape(sentence)}</span></p>'
        for word, sentence in lines
    )
    return said + look.note(
        f"Churn is {churn['definition']}. Looked at: {churn['population']['sentence']} "
        f"Learned up to {day(calendar['train'][-1])}, chosen on {day(calendar['validation'])}, "
        f"measured once on {day(calendar['test'])}; at that date "
        f"{figure(churn['base_rate'])} ({spread(churn['base_rate'])}) left."
    )


def models(summary: Summary) -> str:
    """One column a model, one row a metric: test with interval, below it validation."""
    churn = summary["churn"]
    rivals, champion = churn["models"], churn.get("chosen", churn["champion"])
    metrics = sorted(churn["metrics"], key=lambda metric: metric["name"] == LAST)
    rows = [
        [
            f"<b>{escape(metric['label'])}</b><small>{escape(metric['description'])}</small>",
            *(_measured(model, metric["name"]) for model in rivals),
        ]
        for metric in metrics
    ]
    caption = look.heading(
        "Every model on customers it had not seen",
        f"Measured on {day(summary['calendar']['test'])} (bold) with 95 % intervals; v: on the "
        f"validation date {day(summary['calendar']['validation'])}.",
    )
    serving = 1 + [model["name"] for model in rivals].index(champion)
    head = ["", *(_model_name(model, champion) for model in rivals)]
    return caption + look.table(head, rows, on=serving)


def _model_name(model: Mapping[str, Any], champion: str) -> str:
    if model["name"] == champion:
        return f"{escape(capital(model['label']))}<small>chosen</small>"
    role = "can serve" if model["servable"] else "to compare with"
    return f"{escape(capital(model['label']))}<small>{role}</small>"


def _measured(model: Mapping[str, Any], metric: str) -> str:
    test, validation = model["test"].get(metric), model["validation"].get(metric)
    if test is None:
        return "–"
    if test["value"] is None:
        return f'<span title="{escape(test["reason"])}">–</span>'
    below = [spread(test), f"v {figure(validation)}" if validation else ""]
    return f"<b>{figure(test)}</b>{''.join(f'<small>{line}</small>' for line in below)}"


def _value(summary: Summary) -> str:
    value = summary["value"]
    currency, verdict = value["currency"], value["verdict"]
    head = [
        f'<span title="{escape(meaning)}">{escape(label)}</span>'
        for label, meaning in _ERRORS.values()
    ]
    labels = {**_FORECASTS, "model": value.get("method", _FORECASTS["model"])}
    rows = [
        [escape(capital(labels.get(name, name))), *(_error(errors.get(e)) for e in _ERRORS)]
        for name, errors in value["backtest"].items()
    ]
    low, high = (amount(cut, currency) for cut in value["bands"])
    terms = (
        f"Value counts the next {value['horizon_days']} days, discounted at "
        f"{percent(value['discount_rate'], 0)} a year, with a margin of "
        f"{percent(value['margin'], 0)}. Low is under {low}, high is {high} and more."
    )
    return (
        look.heading(
            "The value forecast against what customers then spent",
            f"Forecast made at {day(summary['calendar']['test'])} for the "
            f"{summary['calendar']['horizon_days']} days after; 95 % intervals.",
        )
        + f'<p class="verdict">{look.pill(verdict["word"])}<span>{escape(verdict["sentence"])}'
        + "</span></p>"
        + look.table(["Forecast", *head], rows) * bool(rows)
        + look.note(" ".join([terms, *value.get("notes", ())]))
    )


def _error(estimate: Mapping[str, Any] | None) -> str:
    if estimate is None:
        return "–"
    if estimate["value"] is None:
        return f'<span title="{escape(estimate["reason"])}">–</span>'
    return f"<b>{figure(estimate, 2)}</b><small>{spread(estimate, 2)}</small>"


def data(summary: Summary) -> str:
    """What was read, what was found in it, and from what the run was made."""
    read = summary["data"]
    findings: Sequence[Mapping[str, Any]] = read["findings"]
    rows = [
        [
            f'<span class="code">{escape(f["code"])}</span>',
            escape(f"{_short(f['table'])}.{f['column']}" if f["column"] else _short(f["table"])),
            escape(f["message"]),
            escape(f["remedy"]),
            f"{count(f['rows'])}<small>of {count(f['total_rows'])}</small>",
        ]
        for f in findings
    ]
    files = ", ".join(f"{_short(s['path'])} ({count(s['rows'])} rows)" for s in read["sources"])
    title = f"{len(findings)} findings about the data" if findings else "Nothing to report"
    table = look.table(["Code", "Where", "What was seen", "What was done", "Rows"], rows, words=4)
    return (
        look.heading(title, f"Read: {files}; {day(read['first'])} to {day(read['end'])}.")
        + table * bool(rows)
        + look.note(_provenance(summary))
    )


def _short(place: str) -> str:
    """The file's name, or the table's."""
    return place.replace("\\", "/").rsplit("/", 1)[-1]


def _provenance(summary: Summary) -> str:
    versions = ", ".join(f"{k} {v}" for k, v in summary["environment"].items())
    sums = ", ".join(s["sha256"][:12] for s in summary["data"]["sources"])
    return (
        f"Run {summary['run_id']} by {summary['actor']}, seed {summary['seed']}, SHA-256 of the "
        f"source {sums}. {versions}."
    )
