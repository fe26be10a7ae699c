"""The head of every page: the question, its answer, the verdicts, and which run it speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import look, sentences, state
from cip.faces.dashboard.formats import capital, distinct, with_spread
from cip.faces.dashboard.parts import plain
from cip.flows import invented, without_model

Summary = Mapping[str, Any]

NO_SIGNAL: Final = "no signal"
_HEADLINE_METRIC: Final = "roc_auc"
_UNSHOWN: Final = "Not shown to know more than a coin."
_BIAS_MEANING: Final = "How far a forecast made at an earlier date was from what was then spent."


def show(question: str, answer: str, *lines: str, run_id: str, summary: Summary) -> None:
    """Title with the run beside it, the answer (HTML), a note where simulated, verdict lines."""
    left, right = st.columns([4, 1.45], vertical_alignment="top")
    left.title(question, anchor=False)
    with right:
        _run_choice(run_id, summary)
    made_up = simulated(summary["workspace"])
    st.html(look.block(look.answer(answer), made_up, plain.line(summary), *lines))


def has_signal(summary: Summary) -> bool:
    """Whether the churn model is shown to know more than the base rate."""
    return without_model.has_signal(summary)


def scored(summary: Summary) -> bool:
    """Whether there is a score to show: a model serves, and its signal is shown."""
    return without_model.scored(summary)


def simulated(workspace: Mapping[str, Any]) -> str:
    """The line that a program invented the customers; nothing where they are real.

    `workspace`: that part of a run's summary or of the settings.
    """
    said = invented.note(workspace)
    return look.simulated(said) if said else ""


def churn_line(summary: Summary, *, evidence_below: bool = False) -> str:
    """The verdict of the churn model, with its headline figure.

    `evidence_below`: where there is no signal the page has the verdict's sentence beside the
    evidence, so that here a few words do.
    """
    churn = summary["churn"]
    signal = churn["verdicts"]["signal"]
    label = churn.get("chosen_label", churn["champion_label"])
    meanings = {metric["name"]: metric for metric in churn["metrics"]}
    metric = meanings.get(_HEADLINE_METRIC)
    measured = sentences.champion(summary)["test"].get(_HEADLINE_METRIC)
    if metric is None or measured is None:
        return look.verdict_line("Churn", signal["word"], signal["sentence"])
    said = f"{metric['label']} {with_spread(measured, 2)}"
    sentence = f"{capital(label)}. {sentences.first_sentence(signal['sentence'])}"
    if evidence_below and not has_signal(summary):
        sentence = _UNSHOWN
    return look.verdict_line("Churn", signal["word"], sentence, said, metric["description"])


def value_line(summary: Summary) -> str:
    """The verdict of the value model, with how far its total was off."""
    value = summary["value"]
    verdict, bias = value["verdict"], value["backtest"].get("model", {}).get("total_bias")
    said = f"Total {with_spread(bias)}" if bias and bias["value"] is not None else ""
    sentence = sentences.first_sentence(verdict["sentence"])
    return look.verdict_line("Value", verdict["word"], sentence, said, _BIAS_MEANING)


def part_line(subject: str, summary: Summary, name: str) -> str:
    """The verdict of another part of the run; nothing where the run lacks the part."""
    part = sentences.part_of(summary, name)
    if part is None:
        return ""
    verdict = part["verdict"]
    sentence = sentences.first_sentence(verdict["sentence"])
    return look.verdict_line(subject, verdict["word"], sentence)


def _run_choice(run_id: str, summary: Summary) -> None:
    made = {run.run_id: run.created_at for run in state.runs()}
    made.setdefault(run_id, datetime.fromisoformat(summary["created_at"]))
    if len(made) == 1:
        st.html(look.block(f'<p class="run">{_run_words(made[run_id])}</p>'))
        return
    words = distinct({name: _run_words(at) for name, at in made.items()})
    st.selectbox(
        "Run",
        list(made),
        index=list(made).index(run_id),
        format_func=words.__getitem__,
        label_visibility="collapsed",
        key="run_choice",
        on_change=_choose_run,
    )


def _choose_run() -> None:
    state.choose_run(st.session_state["run_choice"])


def _run_words(made: datetime) -> str:
    return f"Run of {made:%Y-%m-%d %H:%M} UTC"
