"""One customer in a drawer: risk, value, what is at stake, why, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from cip.errors import NotFoundError
from cip.faces.dashboard import look, state
from cip.faces.dashboard.formats import MISSING, amount, count, percent, time_since
from cip.flows.results import Customer, Results, find_customer

CUSTOMER: Final = "customer"
"""Name of the query parameter that holds the open customer, so that a customer is a link."""
CLOSED: Final = "closed"
"""Counts the drawers closed: the list forgets its selection by it."""
SHOWN: Final = 8


def choose(customer_id: str) -> None:
    """Let the address name this customer."""
    st.query_params[CUSTOMER] = customer_id


def show_chosen(results: Results) -> None:
    """Open the drawer of the customer that the address names, if it names one."""
    customer_id = st.query_params.get(CUSTOMER)
    if customer_id is None:
        return
    try:
        customer = find_customer(results, customer_id, actor=state.actor())
    except NotFoundError as error:
        st.html(look.error_box(error))
        return
    drawer = st.dialog(customer.title, width=760, position="right", on_dismiss=_close)
    drawer(lambda: _show(customer, results.summary))()


def _close() -> None:
    st.query_params.pop(CUSTOMER, None)
    st.session_state[CLOSED] = st.session_state.get(CLOSED, 0) + 1


def _show(customer: Customer, summary: Mapping[str, Any]) -> None:
    currency, base = summary["workspace"]["currency"], float(summary["churn"]["base_p"])
    st.html(look.drawer_theme(st.context.theme.type == "dark"))
    st.html(look.block(look.answer(_who(customer))))
    st.html(look.cards(_cards(customer, summary, currency)))
    st.html(look.block(_why(customer, base), look.to_do(_action(customer, summary))))


def _who(customer: Customer) -> str:
    facts = [customer.customer_id] if customer.name else []
    facts += [str(value) for value in customer.attributes.values() if value is not None]
    facts.append(f"last purchase {time_since(customer.last_purchase_days)}")
    facts.append(customer.priority_segment)
    return look.escape(" · ".join(facts))


def _cards(customer: Customer, summary: Mapping[str, Any], currency: str) -> list[str]:
    base, value = summary["churn"]["base_p"], summary["value"]
    return [
        look.card(
            "Risk of leaving",
            percent(customer.p_churn),
            f"typical customer {percent(base)}",
            f"Leaving: {summary['churn']['definition']}.",
        ),
        look.card(
            "Customer value",
            _money(customer.clv, currency),
            f"next {value['horizon_days']} days",
            "Expected future margin, discounted; the chance that they leave is in it.",
        ),
        look.card(
            "Expected loss",
            _money(customer.expected_value_loss, currency),
            f"{_money(customer.clv_if_retained, currency)} if they stay",
            "Risk times what they are worth if they stay.",
        ),
        look.card(
            "Rank",
            f"No. {count(customer.rank)}",
            f"of {count(summary['totals']['customers'])} by loss",
            "1 has most at stake.",
        ),
    ]


def _why(customer: Customer, base: float) -> str:
    if not customer.reasons:
        return look.heading("Why this risk?", "This run has no reasons for this customer.")
    steps = _steps(customer, base)
    raised = sum(size for _, size in steps if size > 0)
    lowered = -sum(size for _, size in steps if size < 0)
    title = f"Some facts raise the risk by {100 * raised:.0f} points, others lower it by "
    return look.heading(
        f"{title}{100 * lowered:.0f}",
        f"Points of probability between the typical customer ({percent(base)}) and this one "
        f"({percent(customer.p_churn)})",
    ) + look.waterfall(base, steps, customer.p_churn)


def _steps(customer: Customer, base: float) -> list[tuple[str, float]]:
    """The largest reasons, then all others as one, so that the steps end at the customer's risk."""
    named = [(reason.sentence, reason.points) for reason in customer.reasons[:SHOWN]]
    rest = customer.p_churn - base - sum(size for _, size in named)
    return [*named, ("All other facts together", rest)] if abs(rest) >= 0.0005 else named


def _action(customer: Customer, summary: Mapping[str, Any]) -> str:
    name = customer.priority_segment
    found = (s["what_to_do"] for s in summary["priority_segments"] if s["name"] == name)
    return next(found, "Nothing to do.")


def _money(value: float | None, currency: str) -> str:
    return MISSING if value is None else amount(value, currency)
