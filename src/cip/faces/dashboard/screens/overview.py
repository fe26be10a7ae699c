"""The front page: who is about to leave, and what is at stake."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import look, sentences, state
from cip.faces.dashboard.formats import count, figure, last_day, percent, spread
from cip.faces.dashboard.parts import evidence, grid, header, ledger, people, plain
from cip.flows.results import Results
from cip.flows.shape import is_plain

QUESTION: Final = "Who is about to leave, and what is at stake?"


def page() -> None:
    """The whole page, for the run that the address names."""
    results = state.results()
    summary = results.summary
    shown = header.scored(summary)
    header.show(
        QUESTION,
        sentences.answer(summary) if shown else sentences.no_signal_answer(summary),
        header.churn_line(summary, evidence_below=True),
        header.value_line(summary),
        run_id=results.run_id,
        summary=summary,
    )
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


def _cards(summary: Mapping[str, Any]) -> list[str]:
    totals, value = summary["totals"], summary["value"]
    share = totals["at_risk_customers"] / max(1, totals["customers"])
    predicted, when = sentences.reality(summary)
    return [
        look.card(
            f"Customers at high risk ({percent(totals['at_risk_above'], 0)} or more)",
            count(totals["at_risk_customers"]),
            f"{percent(share)} of {count(totals['customers'])} {_who(summary)}",
            f"Churn here: {summary['churn']['definition']}.",
        ),
        look.card(
            "Expected value loss",
            figure(totals["expected_value_loss"]),
            ledger.by_chance(summary) or _interval(totals["expected_value_loss"]),
            "Risk of leaving times what the customer is worth if they stay, added up.",
        ),
        look.card(
            f"Customer lifetime value, next {value['horizon_days']} days",
            figure(totals["clv"]),
            _interval(totals["clv"]),
            "What all these customers are expected to bring, discounted to today.",
        ),
        look.card(
            "Leavers predicted / seen",
            predicted,
            when,
            _tested(summary),
        ),
    ]


def _tested(summary: Mapping[str, Any]) -> str:
    if is_plain(summary):
        whom = "among customers whose label the models had not seen"
    else:
        whom = f"after {last_day(summary['calendar']['test'])}, a future that it had not seen"
    return f"How many were expected to leave {whom}, and how many did."


def _who(summary: Mapping[str, Any]) -> str:
    return "customers still here" if is_plain(summary) else "active customers"


def _interval(estimate: Mapping[str, Any]) -> str:
    interval = spread(estimate)
    return f"95 % interval {interval}" if interval else str(estimate["reason"])


def _without_signal(summary: Mapping[str, Any]) -> None:
    """The evidence instead of scores, and what would help."""
    help_ = plain.more_data(summary)
    st.html(look.block(look.to_do("Bring more data, then run again.", help_)))
    evidence.show(summary)
