"""The front page: who is about to leave, and what is at stake."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import look, sentences, state
from cip.faces.dashboard.formats import capital, count, day, figure, percent, spread
from cip.faces.dashboard.parts import evidence, grid, people
from cip.flows.results import Results

QUESTION: Final = "Who is about to leave, and what is at stake?"
NO_SIGNAL: Final = "no signal"
HEADLINE_METRIC: Final = "roc_auc"
BIAS_MEANING: Final = "How far a forecast made at an earlier date was from what was then spent."


def page() -> None:
    """The whole page, for the run that the address names."""
    results = state.results()
    summary = results.summary
    shown = summary["churn"]["verdicts"]["signal"]["word"] != NO_SIGNAL
    _header(results.run_id, summary, shown=shown)
    if not shown:
        _without_signal(summary)
        return
    st.html(look.cards(_cards(summary)))
    where, sure = st.tabs(
        ["Where is it at stake?", "How sure are we?"], on_change="rerun", key="view"
    )
    if where.open:
        with where:
            _explore(results)
    if sure.open:
        with sure:
            evidence.show(summary)


@st.fragment
def _explore(results: Results) -> None:
    """The grid and the customers behind it: a choice in one moves only these two."""
    cell = grid.show(results.summary)
    people.show(results, cell)


def _header(run_id: str, summary: Mapping[str, Any], *, shown: bool) -> None:
    left, right = st.columns([4, 1.45], vertical_alignment="top")
    left.title(QUESTION, anchor=False)
    with right:
        _run_choice(run_id, summary)
    text = sentences.answer(summary) if shown else sentences.no_signal_answer(summary)
    st.html(look.block(look.answer(text), _churn_line(summary), _value_line(summary)))


def _run_choice(run_id: str, summary: Mapping[str, Any]) -> None:
    made = {run.run_id: run.created_at for run in state.runs()}
    made.setdefault(run_id, datetime.fromisoformat(summary["created_at"]))
    if len(made) == 1:
        st.html(look.block(f'<p class="run">{_run_words(made[run_id])}</p>'))
        return
    st.selectbox(
        "Run",
        list(made),
        index=list(made).index(run_id),
        format_func=lambda name: _run_words(made[name]),
        label_visibility="collapsed",
        key="run_choice",
        on_change=_choose_run,
    )


def _choose_run() -> None:
    st.query_params[state.RUN] = st.session_state["run_choice"]


def _run_words(made: datetime) -> str:
    return f"Run of {made:%Y-%m-%d %H:%M} UTC"


def _churn_line(summary: Mapping[str, Any]) -> str:
    churn = summary["churn"]
    signal, label = churn["verdicts"]["signal"], churn["champion_label"]
    meanings = {metric["name"]: metric for metric in churn["metrics"]}
    metric = meanings.get(HEADLINE_METRIC)
    measured = sentences.champion(summary)["test"].get(HEADLINE_METRIC)
    if metric is None or measured is None:
        return look.verdict_line("Churn", signal["word"], signal["sentence"])
    said = f"{metric['label']} {figure(measured, 2)} ({spread(measured, 2)})"
    sentence = f"{capital(label)}. {sentences.first_sentence(signal['sentence'])}"
    return look.verdict_line("Churn", signal["word"], sentence, said, metric["description"])


def _value_line(summary: Mapping[str, Any]) -> str:
    value = summary["value"]
    verdict, bias = value["verdict"], value["backtest"]["model"]["total_bias"]
    said = f"Total {figure(bias)} ({spread(bias)})" if bias["value"] is not None else ""
    sentence = sentences.first_sentence(verdict["sentence"])
    return look.verdict_line("Value", verdict["word"], sentence, said, BIAS_MEANING)


def _cards(summary: Mapping[str, Any]) -> list[str]:
    totals, value = summary["totals"], summary["value"]
    share = totals["at_risk_customers"] / max(1, totals["customers"])
    predicted, when = sentences.reality(summary)
    return [
        look.card(
            f"Customers at high risk ({percent(totals['at_risk_above'], 0)} or more)",
            count(totals["at_risk_customers"]),
            f"{percent(share)} of {count(totals['customers'])} active customers",
            f"Churn here: {summary['churn']['definition']}.",
        ),
        look.card(
            "Expected value loss",
            figure(totals["expected_value_loss"]),
            _interval(totals["expected_value_loss"]),
            "Risk of leaving times what the customer is worth if they stay, added up.",
        ),
        look.card(
            f"Customer lifetime value, next {value['horizon_days']} days",
            figure(totals["clv"]),
            _interval(totals["clv"]),
            "What all these customers are expected to bring, discounted to today.",
        ),
        look.card(
            f"Leavers predicted / seen, {day(summary['calendar']['test'])}",
            predicted,
            when,
            "How many the model expected to leave at an earlier date, and how many did.",
        ),
    ]


def _interval(estimate: Mapping[str, Any]) -> str:
    interval = spread(estimate)
    return f"95 % interval {interval}" if interval else str(estimate["reason"])


def _without_signal(summary: Mapping[str, Any]) -> None:
    """The evidence instead of scores, and what would help."""
    date = day(summary["data"]["first"])
    help_ = (
        f"A longer history than since {date}, more customers who left, or facts the model does not "
        "have yet (visits, contacts, prices) may show a signal."
    )
    st.html(look.block(look.to_do("Bring more data, then run again.", help_)))
    evidence.show(summary)
