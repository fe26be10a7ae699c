"""What acting on the risk would have earned: costs that may be changed, a curve, the best line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import look, state
from cip.faces.dashboard.formats import amount, customers, percent, spread, with_spread
from cip.faces.dashboard.parts import blocks, header, kept, plain, profit_own
from cip.flows.operating_point import TestOutcome, flagged_today
from cip.flows.profit import Asked, Earned, asked, stored_profit, what_if
from cip.flows.results import Results

Summary = Mapping[str, Any]

_KEPT_FOR: Final = 600
_CHANGED: Final = (
    "Counted again with your figures; they are for this page alone. To keep them, write them into "
    "[churn.costs] and run again."
)


def show(results: Results, outcome: TestOutcome) -> None:
    """The card; nothing for runs that did not count money, or whose model has no signal."""
    found = results.summary["churn"].get("profit")
    if not found or not header.scored(results.summary):
        return
    if "reason" in found:
        with st.container(key="card_profit"):
            title = look.heading("What acting on the risk would earn is not known")
            st.html(look.block(title, look.note(found["reason"])))
        return
    stored = stored_profit(results, actor=state.actor())
    if stored is not None:
        _card(results, outcome, stored)


@st.fragment
def _card(results: Results, outcome: TestOutcome, stored: Earned) -> None:
    from cip.faces.dashboard.parts import charts

    with st.container(key="card_profit"):
        title = st.empty()
        wanted = _wanted(results.run_id, asked(stored.costs), stored.currency)
        earned = _counted(results.run_id, wanted, stored, outcome)
        title.html(look.block(look.heading(_title(earned), _below(earned, results.summary))))
        drawn, said = st.columns([1.35, 1], gap="small")
        with drawn:
            charts.draw(charts.profit(earned), "profit", "Profit by customers contacted")
        with said:
            st.html(look.block(blocks.facts(_facts(earned, results))))
        notes = stored.assumed if earned.assumed else (_CHANGED, stored.assumed[-1])
        st.html(look.block(*(look.note(text) for text in notes)))
        profit_own.show(earned.own)


def _wanted(run_id: str, start: Asked, currency: str) -> Asked:
    """The run's costs, as somebody may have changed them for this run."""
    worth, offer, contact, accept = st.columns(4, gap="small")
    keys = {name: f"profit_{name} {run_id}" for name in Asked.__slots__}
    for name, key in keys.items():
        kept.begin(key, start=getattr(start, name))
    typed = {
        "clv": worth.number_input(f"A customer kept is worth, {currency}", 0.01, key=keys["clv"]),
        "offer": offer.number_input(f"An offer costs, {currency}", 0.0, key=keys["offer"]),
        "contact": contact.number_input(f"A contact costs, {currency}", 0.0, key=keys["contact"]),
        "accept_percent": accept.number_input(
            "Of leavers asked accept, %", 1.0, 99.0, step=1.0, key=keys["accept_percent"]
        ),
    }
    return Asked(**{name: kept.keep(keys[name], value) for name, value in typed.items()})


@st.cache_data(show_spinner=False, max_entries=32, ttl=_KEPT_FOR)
def _counted(run_id: str, wanted: Asked, _stored: Earned, _outcome: TestOutcome) -> Earned:  # noqa: ARG001 - cache key
    return what_if(_stored, _outcome, wanted, actor=state.actor())


def _title(earned: Earned) -> str:
    if earned.costs.break_even > 1:
        return "With these costs no contact pays"
    return (
        f"Best by profit: from a risk of {percent(earned.costs.break_even)} on with a customer "
        f"worth {amount(earned.costs.clv, earned.currency)}, "
        f"{customers(earned.contacted)}, {_money(earned)}"
    )


def _money(earned: Earned) -> str:
    gained = earned.at_break_even.as_dict()
    return f"{amount(gained['value'], earned.currency)} ({spread(gained)})"


def _below(earned: Earned, summary: Summary) -> str:
    grey = "" if earned.baseline_band is None else " grey: by recency alone;"
    return (
        f"What contacting the riskiest would have earned {plain.tested_on(summary)}, by how many. "
        f"Dotted: as many at random;{grey} the dot: where a contact begins to cost more than it "
        "brings."
    )


def _facts(earned: Earned, results: Results) -> list[tuple[str, str]]:
    listed = [
        ("Contact nobody", amount(0, earned.currency)),
        ("Contact everybody", with_spread(earned.everybody.as_dict())),
        ("As many at random", _at_random(earned)),
        ("Expected maximum profit a customer", _a_customer(earned, "maximum")),
    ]
    if earned.baseline is not None:
        listed.append(("The same by recency alone", _a_customer(earned, "baseline")))
    listed.append(("Highest point, with hindsight", _hindsight(earned)))
    totals = flagged_today(results, earned.costs.break_even, actor=state.actor())
    listed.append(("At that risk or above today", customers(totals.customers)))
    return listed


def _at_random(earned: Earned) -> str:
    share = earned.contacted / earned.customers
    return amount(share * earned.everybody.value, earned.currency)


def _a_customer(earned: Earned, name: str) -> str:
    found = getattr(earned, name)
    return f"{found.value:.2f} {earned.currency} ({found.low:.2f}–{found.high:.2f})"


def _hindsight(earned: Earned) -> str:
    contacted, money = earned.best
    return f"{customers(contacted)}, {amount(money, earned.currency)}"
