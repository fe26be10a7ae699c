"""How good the model is, and where to draw the line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import look, sentences, state
from cip.faces.dashboard.formats import capital, figure, percent, spread
from cip.faces.dashboard.parts import (
    evidence,
    groups,
    header,
    leaks,
    leaning,
    ledger,
    line,
    lists,
    plain,
    rivals,
    through_time,
)
from cip.faces.dashboard.parts import moves as figures
from cip.flows.operating_point import Curves, read_curves
from cip.flows.results import Results
from cip.flows.shape import is_plain

QUESTION: Final = "How good is the model, and where do we draw the line?"

Summary = Mapping[str, Any]


def page() -> None:
    """The whole page, for the run that the address names."""
    results = state.results()
    summary = results.summary
    header.show(
        QUESTION,
        _answer(summary),
        header.churn_line(summary, evidence_below=True),
        header.part_line("Lists", summary, "recommendations"),
        run_id=results.run_id,
        summary=summary,
    )
    st.html(look.cards(_cards(summary)))
    _views(results)


def _answer(summary: Summary) -> str:
    churn, test = summary["churn"], sentences.champion(summary)["test"]
    auc = test.get("roc_auc")
    label = churn.get("chosen_label", churn["champion_label"])
    name = f"<b>{look.escape(capital(label))}</b>"
    known = "" if header.has_signal(summary) else "<b>No signal.</b> "
    if auc is None or auc["value"] is None:
        return f"{known}How well {name} ranks could not be measured."
    once = "" if is_plain(summary) else "once "
    return (
        f"{known}{name} ranks a leaver above a stayer <b>{look.escape(percent(auc['value']))}</b> "
        f"of the time (a coin: {look.escape(percent(0.5, 0))}), on customers it had not seen, "
        f"measured {once}{plain.tested_on(summary)}{_NO_BETTER * bool(known)}"
    )


_NO_BETTER: Final = ": that is not shown to be better than chance, so no scores are shown"
_CARDS: Final = ("roc_auc", "pr_auc", "log_loss", "predicted_over_realised")


def _cards(summary: Summary) -> list[str]:
    meanings = {metric["name"]: metric for metric in summary["churn"]["metrics"]}
    test = sentences.champion(summary)["test"]
    return [
        _card(meanings[name], test[name], summary)
        for name in _CARDS
        if name in meanings and name in test
    ]


def _card(metric: Summary, estimate: Summary, summary: Summary) -> str:
    if estimate["value"] is None:
        return look.card(metric["label"], figure(estimate), estimate["reason"])
    digits = 3 if metric["name"] == "log_loss" else 2
    interval = spread(estimate, digits)
    below = " · ".join(
        filter(None, [f"95 % {interval}" * bool(interval), _chance(metric, summary)])
    )
    value = figure(estimate, digits)
    if metric["unit"] == "nats":
        value = f"{value} nats"
    return look.card(metric["label"], value, below, metric["description"])


def _chance(metric: Summary, summary: Summary) -> str:
    """What knowing nothing would give."""
    if metric["name"] == "roc_auc":
        return "a coin 0.50"
    if metric["name"] == "pr_auc":
        return f"a coin {summary['churn']['base_rate']['value'] or 0.0:.2f}"
    if metric["name"] == "predicted_over_realised":
        return "1 is right"
    base = next((m for m in summary["churn"]["models"] if m["name"] == "base_rate"), None)
    measured = base["test"].get(metric["name"]) if base else None
    return f"base rate as it would serve {figure(measured)}" if measured else ""


def _views(results: Results) -> None:
    """A view is computed when it is looked at."""
    summary = results.summary
    believed, line_, which, moves, good = st.tabs(
        [
            "Can it be believed?",
            "Where to draw the line?",
            "Which model?",
            "What moves the risk?",
            "Are the lists any good?",
        ],
        on_change="rerun",
        key="performance_view",
    )
    if believed.open:
        with believed:
            _curves(results)
            earlier = through_time.origins(summary)
            if earlier:
                with st.container(key="card_origins"):
                    st.html(look.block(earlier))
            with st.container(key="card_leaks"):
                st.html(look.block(leaks.block(summary)))
            with st.container(key="card_groups"):
                st.html(look.block(groups.block(summary)))
            with st.container(key="card_ledger"):
                st.html(look.block(ledger.block(summary)))
    if line_.open:
        with line_:
            line.show(results)
    if which.open:
        with which:
            _which(summary)
    if moves.open:
        with moves:
            with st.container(key="card_moves"):
                st.html(look.block(rivals.importance(summary)))
            beside = leaning.block(summary)
            if beside:
                with st.container(key="card_leaning"):
                    st.html(look.block(beside))
            figures.show(results)
    if good.open:
        with good:
            lists.show(summary)


def _which(summary: Summary) -> None:
    with st.container(key="card_models"):
        evidence.comparison(summary)
    for key, said in (
        ("card_search", through_time.search(summary)),
        ("card_labels", rivals.labels(summary)),
        ("card_sensitivity", rivals.sensitivity(summary)),
    ):
        if said:
            with st.container(key=key):
                st.html(look.block(said))


def _curves(results: Results) -> None:
    """ROC, precision-recall, calibration; a sentence where the run kept none."""
    from cip.faces.dashboard.parts import charts

    summary, curves = results.summary, read_curves(results, actor=state.actor())
    if not curves.roc and not curves.calibration:
        st.html(look.block(look.heading("No curves kept"), look.note(_NONE)))
        return
    base = float(summary["churn"]["base_rate"]["value"] or 0.0)
    label = summary["churn"].get("chosen_label", summary["churn"]["champion_label"])
    ranks, pure, said = st.columns(3, gap="small")
    with ranks.container(key="card_roc", height="stretch"):
        st.html(look.block(look.heading(_roc_title(curves), f"ROC of {label}; dotted: a coin.")))
        if len(curves.roc.get("recall", ())):
            charts.draw(charts.roc(curves), "roc", "ROC curve")
    with pure.container(key="card_pr", height="stretch"):
        below = f"Precision by recall; dotted: base rate {percent(base, 0)}."
        st.html(look.block(look.heading(_pr_title(curves), below)))
        if len(curves.precision_recall.get("recall", ())):
            charts.draw(charts.precision_recall(curves, base), "pr", "Precision-recall curve")
    with said.container(key="card_calibration", height="stretch"):
        below = "Tenths with 95 % intervals; dotted: perfect."
        st.html(look.block(look.heading(calibration_title(curves), below)))
        if len(curves.calibration.get("predicted", ())):
            charts.draw(charts.calibration(curves), "calibration", "Calibration")
    st.html(look.block(_calibrated(summary), look.to_do(*_next_step(summary))))


def _calibrated(summary: Summary) -> str:
    """Whether the probabilities may be taken at their word; nothing for runs that did not ask."""
    verdict = summary["churn"]["verdicts"].get("calibration")
    if not verdict:
        return ""
    return look.verdict_line("Probabilities", verdict["word"], verdict["sentence"])


_NONE: Final = "This run did not publish its curves. Run again to have them."


def _roc_title(curves: Curves) -> str:
    """How many leavers a fifth of false alarms finds."""
    x, y = curves.roc.get("false_alarm_rate", ()), curves.roc.get("recall", ())
    if not len(x):
        return "The ranking could not be drawn"
    found = max((b for a, b in zip(x, y, strict=True) if a <= 0.2), default=0.0)
    return f"With 20 % false alarms it finds {percent(found, 0)} of the leavers"


def _pr_title(curves: Curves) -> str:
    """How pure a list is that holds half of the leavers."""
    x, y = curves.precision_recall.get("recall", ()), curves.precision_recall.get("precision", ())
    pure = next((b for a, b in zip(x, y, strict=True) if a >= 0.5), None)
    if pure is None:
        return "The list could not be drawn"
    return f"To catch half of the leavers, {percent(pure, 0)} of those flagged leave"


def calibration_title(curves: Curves) -> str:
    """In how many groups the perfect line lies within what was seen."""
    bins = curves.calibration
    if not len(bins.get("predicted", ())):
        return "Calibration could not be drawn"
    inside = (bins["low"] <= bins["predicted"]) & (bins["predicted"] <= bins["high"])
    return f"In {int(inside.sum())} of {len(inside)} groups what was said is what was seen"


def _next_step(summary: Summary) -> tuple[str, str]:
    if not header.has_signal(summary):
        return "Bring more data, then run again.", plain.more_data(summary)
    return (
        "Choose from which risk on you act:",
        "the next view says what each line catches and costs, and saves it.",
    )
