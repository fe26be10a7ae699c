"""How sure we are: models compared, value forecast against what was spent, findings in the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import look
from cip.faces.dashboard.formats import (
    MISSING,
    amount,
    capital,
    count,
    day,
    figure,
    last_day,
    percent,
    spread,
)
from cip.faces.dashboard.look import escape
from cip.faces.dashboard.parts import kept, plain
from cip.flows.shape import is_plain

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
    without_time = plain.unknown(summary)
    if without_time:
        with st.container(key="card_unknown"):
            st.html(look.block(without_time))
    with st.container(key="card_models"):
        comparison(summary)
    with st.container(key="card_value"):
        st.html(look.block(_value(summary)))
    with st.container(key="card_data"):
        st.html(look.block(data(summary)))


def verdicts(summary: Summary) -> str:
    """Whether there is a signal, which model was chosen, and on whom both were measured."""
    churn = summary["churn"]
    signal, choice = churn["verdicts"]["signal"], churn["verdicts"]["choice"]
    lines = [
        (signal["word"], signal["sentence"]),
        (choice["word"], f"{choice['sentence']} {churn['verdicts']['baseline']}"),
    ]
    calibrated = churn["verdicts"].get("calibration")  # not in runs made before it was judged
    if calibrated:
        lines.append((calibrated["word"], calibrated["sentence"]))
    said = "".join(
        f'<p class="verdict">{look.pill(word)}<span>{escape(sentence)}</span></p>'
        for word, sentence in lines
    )
    return said + look.note(
        f"Churn: {churn['definition']}. Scored: {churn['population']['sentence']} {_when(summary)}"
    )


def _when(summary: Summary) -> str:
    """On which customers it was learned, chosen and measured."""
    churn, calendar = summary["churn"], summary["calendar"]
    if is_plain(summary):
        return str(churn["cross_validation"]["sentence"])
    return (
        f"Learned up to the end of {last_day(calendar['train'][-1])}, chosen at the end of "
        f"{last_day(calendar['validation'])}, measured once at the end of "
        f"{last_day(calendar['test'])}: of {_measured_on(churn)} "
        f"{figure(churn['base_rate'])} ({spread(churn['base_rate'])}) then left."
    )


def _measured_on(churn: Mapping[str, Any]) -> str:
    rows = churn["population"].get("test_rows")
    return f"the {count(rows)} customers of that date" if rows else "the customers of that date"


@st.fragment
def comparison(summary: Summary) -> None:
    """The verdicts and the models side by side; a switch adds what the choice was made by."""
    st.html(look.block(verdicts(summary)))
    kept.begin(_ADDED, start=False)
    what = "each model's figures by itself" if is_plain(summary) else "the validation date"
    is_added = kept.keep(_ADDED, st.toggle(f"Show {what} as well", key=_ADDED))
    st.html(look.block(models(summary, is_added=is_added)))


_ADDED: Final = "validation_shown"


def models(summary: Summary, *, is_added: bool = False) -> str:
    """One column a model, one row a metric: test with interval, with `is_added` validation too."""
    churn = summary["churn"]
    champion = churn.get("chosen", churn["champion"])
    rivals = _columns(churn["models"], champion, _serves(churn))
    metrics = sorted(churn["metrics"], key=lambda metric: metric["name"] == LAST)
    rows = [
        [
            f'<b title="{escape(metric["description"])}">{escape(metric["label"])}</b>',
            *(_measured(model, metric["name"], is_added) for model in rivals),
        ]
        for metric in metrics
    ]
    how = _measured_how(summary, is_added)
    caption = look.heading("Every model on customers it had not seen", how)
    serving = max(i for i, model in enumerate(rivals, 1) if model["name"] == champion)
    head = ["", *(_model_name(model) for model in rivals)]
    return caption + look.table(head, rows, on=serving, scrolls="The models, side by side")


def _serves(churn: Mapping[str, Any]) -> str:
    return "as it serves" if churn.get("promoted", True) else "as it would serve"


def _columns(
    rivals: Sequence[Mapping[str, Any]], champion: str, serves: str
) -> list[Mapping[str, Any]]:
    """Every model by the figures that compare, and the chosen one again as it serves."""
    columns: list[Mapping[str, Any]] = []
    for model in rivals:
        compared = model.get("compared") or model["test"]
        role = "can serve" if model["servable"] else "to compare with"
        is_chosen = model["name"] == champion
        columns.append({**model, "test": compared, "said": "chosen" if is_chosen else role})
        if is_chosen and model.get("compared"):
            columns.append({**model, "validation": {}, "said": f"chosen, {serves}"})
    return columns


def _measured_how(summary: Summary, is_added: bool) -> str:
    if is_plain(summary):
        alone = "; v: of that model alone, which its being chosen flatters" * is_added
        return (
            f"In {plain.folds(summary)} (bold) with 95 % intervals. The chosen model's figures are "
            f"those of the whole way of choosing{alone}."
        )
    calendar, churn = summary["calendar"], summary["churn"]
    added = f"; v: at that of {last_day(calendar['validation'])}, the validation date" * is_added
    said = f"Measured at the end of {last_day(calendar['test'])} (bold) with 95 % intervals{added}."
    if not any(model.get("compared") for model in churn["models"]):
        return said
    return (
        f"{said} All learned {_from_how_many(churn)}up to {last_day(calendar['train'][-1])}, so "
        f"they compare; {_serves(churn)}, the chosen one has learned from all rows and from the "
        f"validation date too."
    )


def _from_how_many(churn: Mapping[str, Any]) -> str:
    """Runs of earlier versions, whose candidates learned from all rows, do not say."""
    rows = churn.get("population", {})
    if rows.get("raced_rows", 0) >= rows.get("train_rows", 0):
        return ""
    return f"from the same {rows['raced_rows']:,} of {rows['train_rows']:,} rows "


def _model_name(model: Mapping[str, Any]) -> str:
    return f"{escape(capital(model['label']))}<small>{escape(model['said'])}</small>"


def _measured(model: Mapping[str, Any], metric: str, is_added: bool) -> str:
    test, validation = model["test"].get(metric), model["validation"].get(metric)
    if test is None:
        return "–"
    if test["value"] is None:
        return f'<span title="{escape(test["reason"])}">–</span>'
    below = [spread(test), f"v {figure(validation)}" if validation and is_added else ""]
    return (
        f"<b>{figure(test)}</b>{''.join(f'<small>{line}</small>' for line in filter(None, below))}"
    )


def _value(summary: Summary) -> str:
    value = summary["value"]
    if is_plain(summary):
        return _rule(value)
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
            f"Forecast made at the end of {last_day(summary['calendar']['test'])} for the "
            f"{summary['calendar']['horizon_days']} days after; 95 % intervals.",
        )
        + f'<p class="verdict">{look.pill(verdict["word"])}<span>{escape(verdict["sentence"])}'
        + "</span></p>"
        + look.table(["Forecast", *head], rows) * bool(rows)
        + look.note(" ".join([terms, *value.get("notes", ())]))
    )


def _rule(value: Summary) -> str:
    """A table without time has no forecast to hold against anything."""
    verdict = value["verdict"]
    said = f'<p class="verdict">{look.pill(verdict["word"])}<span>{escape(verdict["sentence"])}'
    notes = [note for note in value["notes"] if note != verdict["sentence"]]
    return (
        look.heading("What customers are worth")
        + f"{said}</span></p>"
        + (look.note(" ".join(notes)) if notes else "")
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
            escape(f.get("source") or MISSING),
            escape(f"{_short(f['table'])}.{f['column']}" if f["column"] else _short(f["table"])),
            escape(_named_shortly(f["message"], f["table"])),
            escape(f["remedy"]),
            f"{count(f['rows'])}<small>of {count(f['total_rows'])}</small>",
        ]
        for f in findings
    ]
    files = ", ".join(f"{_short(s['path'])} ({count(s['rows'])} rows)" for s in read["sources"])
    found = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
    title = f"{found} about the data" if findings else "Nothing to report"
    head = ["Code", "Source", "Where", "What was seen", "What to look at", "Rows"]
    table = look.table(head, rows, words=5)
    return (
        look.heading(title, f"Read: {files}; {_from_to(read)}.")
        + table * bool(rows)
        + look.note(_provenance(summary))
    )


def _named_shortly(message: str, table: str) -> str:
    """The message with the file's name in place of its path."""
    return message.replace(table, _short(table)) if table else message


def policies(summary: Summary) -> str:
    """Which policy decided what about which rows; nothing for runs that did not write it down.

    Policies that met no row, or say how every row is read, are folded away.
    """
    lines = summary.get("policies") or []
    if not lines:
        return ""
    odd = [line for line in lines if 0 < line["rows"] < line["total"]]
    others = [line for line in lines if line not in odd]
    said = look.heading(
        "What was decided about odd rows" if odd else "No policy met an odd row",
        "One policy a line, as cip.toml states it.",
    )
    return said + _policy_table(odd) + _folded(others)


def _folded(lines: Sequence[Mapping[str, Any]]) -> str:
    if not lines:
        return ""
    many = f"{count(len(lines))} policies" if len(lines) > 1 else "1 policy"
    said = f"{many} more: no row met them, or they say how every row is read"
    return f'<details class="more"><summary>{said}</summary>{_policy_table(lines)}</details>'


def _policy_table(lines: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            f"<b>{escape(line['table'])}</b>",
            escape(capital(line["policy"].replace("_", " "))),
            escape(line["sentence"]),
            count(line["rows"]),
        ]
        for line in lines
    ]
    return look.table(["Table", "Policy", "What was done", "Rows"], rows, words=3) * bool(rows)


def _from_to(read: Summary) -> str:
    if read["first"] is None:
        return "without dates"
    return f"{day(read['first'])} to {last_day(read['end'])}"


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
