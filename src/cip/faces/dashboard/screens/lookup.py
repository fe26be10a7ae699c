"""One customer: how likely they leave, what they are worth, why, and what to show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from cip.errors import NotFoundError, NotReadyError
from cip.faces.dashboard import look, state
from cip.faces.dashboard.formats import amount, capital, percent, plain
from cip.faces.dashboard.parts import details, evidence, grid, header, kept, profile, whatif
from cip.faces.dashboard.parts.person import CUSTOMER
from cip.flows.compared import Compared, against_segment
from cip.flows.customer_facts import features_of
from cip.flows.results import (
    Customer,
    Results,
    Wanted,
    find_customer,
    list_customers,
    search_customers,
    why_not_scored,
)

HITS: Final = 8
_LAST: Final = "last_customer"
_SEARCHES: Final = "searches"
"""Counts the searches that ended in a customer: the search box is new, and empty, after each."""

Summary = Mapping[str, Any]


def page() -> None:
    """The whole page, for the customer and the run that the address names."""
    results = state.results()
    summary = results.summary
    customer = _customer(results)
    header.show(
        customer.title,
        _answer(customer, summary),
        header.churn_line(summary, evidence_below=_has_evidence_below()),
        header.value_line(summary),
        run_id=results.run_id,
        summary=summary,
    )
    _search(results)
    st.html(look.cards(profile.cards(customer, summary)))
    left, right = st.columns([1.75, 1], gap="small")
    with left.container(key="card_why", height="stretch"):
        _views(results, customer)
    with right.container(key="card_who", height="stretch"):
        features = features_of(results, customer.customer_id, actor=state.actor())
        st.html(
            look.block(look.heading("Who they are"), profile.known(customer, summary, features))
        )
        if header.scored(summary) and not customer.has_left:
            _others(customer)


def _customer(results: Results) -> Customer:
    """The customer that the address names, else the last one seen, else the first of the list.

    An unknown id ends the page with the search.  Raises: NotReadyError H-120 when nobody was
    scored.
    """
    named = st.query_params.get(CUSTOMER)
    if named is None:
        named = _last_or_first(results)
        st.query_params[CUSTOMER] = named
    try:
        found = find_customer(results, named, actor=state.actor())
    except NotFoundError as error:
        st.title("Who is this customer?", anchor=False)
        summary = results.summary
        st.html(
            look.block(
                header.simulated(summary["workspace"]),
                header.churn_line(summary),
                header.value_line(summary),
            )
        )
        _search(results)
        st.html(look.error_box(error))
        st.stop()
    st.session_state[_LAST] = (results.run_id, named)
    return found


def _last_or_first(results: Results) -> str:
    run_id, last = st.session_state.get(_LAST, (None, None))
    if run_id == results.run_id:
        return str(last)
    order = "expected_value_loss" if header.scored(results.summary) else "customer_id"
    first = list_customers(results, Wanted(order=order), actor=state.actor(), size=1).customers
    if not first:
        raise NotReadyError("H-120", "this run scored no customer.", "see About for what it read")
    return first[0].customer_id


def _answer(customer: Customer, summary: Summary) -> str:
    who = [customer.customer_id] if customer.name else []
    who += [customer.segment_name] if customer.segment_name else []
    said = look.escape(" · ".join(who)) + ". " * bool(who)
    if not header.scored(summary):
        return f"{said}{_NO_SCORE}"
    times = customer.p_churn / max(summary["churn"]["base_p"], 1e-9)
    horizon = summary["calendar"]["horizon_days"]
    risk = f"Risk of leaving in {horizon} days is" if horizon else "Risk of leaving is"
    typical = look.escape(percent(summary["churn"]["base_p"]))
    compared = f"<b>{times:.1f} times</b> the typical customer’s ({typical})"
    if customer.has_left:
        return f"{said}<b>Has left already.</b> Models that did not see it say {compared}."
    if customer.expected_value_loss is None:
        return f"{said}{risk} {compared}."
    stake = look.escape(amount(customer.expected_value_loss, summary["workspace"]["currency"]))
    return f"{said}{risk} {compared}; <b>{stake}</b> is at stake."


_NO_SCORE: Final = "<b>No score is shown</b>: no churn model is shown to know enough to serve."


@st.fragment
def _search(results: Results) -> None:
    """The box and the customers found: typing moves only these."""
    turn = st.session_state.get(_SEARCHES, 0)
    text = st.text_input(
        "Find a customer",
        key=f"search{turn}",
        type="search",
        live="150ms",
        placeholder="Find another customer: name or customer id",
        label_visibility="collapsed",
    )
    if not text:
        return
    found = search_customers(results, text, actor=state.actor(), limit=HITS)
    with st.container(key="hits"):
        if not found:
            known = why_not_scored(results, text.strip(), actor=state.actor())
            said = capital(known) or _NOBODY.format(text=text)
            st.html(look.block(look.note(said)))
        for customer in found:
            if st.button(_hit(customer), key=f"hit{customer.customer_id}", type="tertiary"):
                st.query_params[CUSTOMER] = customer.customer_id
                st.session_state[_SEARCHES] = turn + 1
                st.rerun()


_NOBODY: Final = (
    "No customer is like «{text}». Try three letters of the name, or the beginning of the id. "
    "Customers who were not active lately are not scored."
)


def _hit(customer: Customer) -> str:
    named = [customer.customer_id] if customer.name else []
    named += [plain(value) for value in list(customer.attributes.values())[:1] if value is not None]
    return " · ".join([f"**{_no_markdown(customer.title)}**", *map(_no_markdown, named)])


def _no_markdown(text: str) -> str:
    """Text in which nothing is Markdown."""
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]()<>#+-.!|~$:" else sign for sign in text)


_VIEW: Final = "lookup_view"
_WHY: Final = "Why this risk?"


def _has_evidence_below() -> bool:
    """Whether the view that is open holds the evidence where no risk is shown."""
    return bool(st.session_state.get(_VIEW, _WHY) == _WHY)


def _views(results: Results, customer: Customer) -> None:
    """A view is computed when it is looked at."""
    why, change, next_, facts = st.tabs(
        [_WHY, "What would change it?", "What would they like next?", "Every fact"],
        on_change="rerun",
        key=_VIEW,
    )
    if why.open:
        with why:
            _why(results, customer)
    if change.open:
        with change:
            whatif.show(results, customer)
    if next_.open:
        with next_:
            details.recommendations(results, customer)
    if facts.open:
        with facts:
            details.every_fact(results, customer)


def _why(results: Results, customer: Customer) -> None:
    summary = results.summary
    if not header.scored(summary):
        title = look.heading("Why no risk is shown", "What the model was measured to know.")
        help_ = look.to_do("Look at the evidence in Model Performance,", "and what would help.")
        st.html(look.block(title, evidence.verdicts(summary), help_))
        return
    _reasons(results, customer)


_AGAINST: Final = "against"


@st.fragment
def _reasons(results: Results, customer: Customer) -> None:
    """The reasons against everybody, or against those who resemble the customer."""
    summary = results.summary
    base, theirs = float(summary["churn"]["base_p"]), None
    if customer.segment_name is not None:
        theirs = _segment_choice(results, customer)
    said = profile.why(customer, base) if theirs is None else profile.why_of_kind(customer, theirs)
    st.html(look.block(said, profile.to_do(customer, summary)))


def _segment_choice(results: Results, customer: Customer) -> Compared | None:
    """The comparison with the segment where it is chosen; a line where the run cannot make it."""
    live = whatif.model_of(results)
    model = None if isinstance(live, str) else live
    theirs = against_segment(results, customer, model, actor=state.actor())
    if theirs is None:
        st.html(look.block(look.note(_NO_KIND)))
        return None
    kinds = ["all customers", f"their segment, {theirs.segment_name}"]
    kept.begin(_AGAINST, start=False)
    is_own = st.segmented_control(
        "Against", [False, True], format_func=lambda own: kinds[own], required=True, key=_AGAINST
    )
    return theirs if kept.keep(_AGAINST, bool(is_own)) else None


_NO_KIND: Final = "Against all customers. A new run adds the comparison with their own segment."


def _others(customer: Customer) -> None:
    """From one customer to all of their kind."""
    if st.button("See everybody in this cell", key="others", help=customer.priority_segment):
        st.session_state[grid.CHOSEN] = customer.priority_segment
        state.go("")
