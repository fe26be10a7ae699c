"""One customer in a drawer: risk, value, what is at stake, why, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from cip.errors import NotFoundError
from cip.faces.dashboard import look, state
from cip.faces.dashboard.formats import plain, time_since
from cip.faces.dashboard.parts import profile
from cip.flows.results import Customer, Results, find_customer

CUSTOMER: Final = "customer"
"""Name of the query parameter that holds the open customer, so that a customer is a link."""
_SHOWN: Final = 4  # more attributes than these are no line to read
CLOSED: Final = "closed"
"""Counts the drawers closed: the list forgets its selection by it."""


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
    st.html(look.drawer_theme(st.context.theme.type == "dark"))
    st.html(look.block(look.answer(_who(customer))))
    st.html(look.cards(profile.cards(customer, summary)))
    reasons = profile.why(customer, float(summary["churn"]["base_p"]))
    st.html(look.block(reasons, profile.to_do(customer, summary)))
    if st.button("Open the full profile", key="open_profile"):
        state.go("lookup", customer=customer.customer_id)


def _who(customer: Customer) -> str:
    facts = [customer.customer_id] if customer.name else []
    known = [plain(value) for value in customer.attributes.values() if value is not None]
    facts += known[:_SHOWN]
    if customer.last_purchase_days is not None:
        facts.append(f"last active {time_since(customer.last_purchase_days)}")
    facts.append(customer.priority_segment)
    return look.escape(" · ".join(facts))
