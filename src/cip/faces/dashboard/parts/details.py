"""Two views of one customer: what to show them next, and every fact the model knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import look, sentences, state
from cip.faces.dashboard.formats import MISSING, amount, percent
from cip.faces.dashboard.look import escape
from cip.faces.dashboard.parts import blocks, header, plain
from cip.flows.customer_facts import Fact, Recommendation, customer_facts
from cip.flows.customer_facts import recommendations as recommended
from cip.flows.results import Customer, Results
from cip.flows.shape import is_plain
from cip.wording import singular

Summary = Mapping[str, Any]

FIRST: Final = 10
_UNITLESS: Final = frozenset({"", "category", "text"})


def recommendations(results: Results, customer: Customer) -> None:
    """The customer's list, as long as wanted, and what it is made of."""
    listed = recommended(results, customer.customer_id, actor=state.actor())
    if not listed:
        why = look.note(sentences.why_missing(results.summary, "recommendations", _NONE))
        st.html(look.block(look.heading("No list for this customer"), why))
        return
    _listed(results.summary, customer.title, listed)


_NONE: Final = (
    "This run made no recommendations. They need interactions with items: map a table of what "
    "customers used or bought to `interactions` in cip.toml, then run again."
)


@st.fragment
def _listed(summary: Summary, name: str, listed: Sequence[Recommendation]) -> None:
    """The sliders and the list: moving one moves only these."""
    one, two = st.columns(2, gap="medium")
    with one:
        wanted = _how_many(len(listed))
    with two:
        least = _least_rating(listed)
    shown = [one for one in listed if _rated(one, least)][:wanted]
    verdict = header.part_line("Lists", summary, "recommendations")
    personal = (sentences.part_of(summary, "recommendations") or {}).get("personal", True)
    why = "too little is known of this customer" if personal else "own lists were no better"
    if not shown:
        st.html(look.block(verdict, look.note("Nothing on the list is rated that high.")))
        return
    left, right = st.columns([1.9, 1], gap="medium")
    left.html(look.block(_title(shown, name), blocks.recommended(shown, why)))
    right.html(look.block(look.heading("What it is made of", "Items by category"), _mix(shown)))
    st.html(look.block(verdict, look.to_do(*_first_thing(shown))))


def _how_many(most: int) -> int:
    if most == 1:
        return 1
    return st.slider("How many", 1, most, min(FIRST, most), key="how_many")


def _least_rating(listed: Sequence[Recommendation]) -> float:
    rated = [one.predicted_rating for one in listed if one.predicted_rating is not None]
    if not rated:
        st.slider(
            "Least predicted rating",
            1.0,
            5.0,
            1.0,
            0.5,
            format="%.1f",
            disabled=True,
            help=_NO_RATINGS,
        )
        return 0.0
    return st.slider(
        "Least predicted rating", 1.0, 5.0, 1.0, 0.5, format="%.1f", key="least_rating"
    )


_NO_RATINGS: Final = "This run predicted no ratings."


def _rated(one: Recommendation, least: float) -> bool:
    return least <= 1.0 or (one.predicted_rating or 0.0) >= least


def _title(shown: Sequence[Recommendation], name: str) -> str:
    fallbacks = sum(one.is_fallback for one in shown)
    below = "Nothing they have had before, the best fit first."
    if fallbacks:
        below += f" {fallbacks} of {len(shown)} are there for being popular (marked fallback)."
    return look.heading(f"What {name} would like next", below)


def _mix(shown: Sequence[Recommendation]) -> str:
    counted = Counter(one.category or "no category" for one in shown).most_common(8)
    return blocks.bars(
        [blocks.Bar(name, n, percent(n / len(shown), 0), kind="this") for name, n in counted]
    )


def _first_thing(shown: Sequence[Recommendation]) -> tuple[str, str]:
    first = shown[0]
    why = f"it speaks to what they know from {first.because}." if first.because else ""
    return f"Put «{first.title}» into the next message:", why or "it is the first on the list."


def every_fact(results: Results, customer: Customer) -> None:
    """Every feature in words, with the customer's value and what is typical."""
    facts = customer_facts(results, customer.customer_id, actor=state.actor())
    if not facts:
        st.html(look.block(look.heading("No facts kept"), look.note(_NO_FACTS)))
        return
    _facts(results.summary, facts)


_NO_FACTS: Final = "This run did not publish the features of its customers. Run again to have them."


@st.fragment
def _facts(summary: Summary, facts: Sequence[Fact]) -> None:
    text = st.text_input(
        "Find a fact", key="find_fact", type="search", live="150ms", placeholder="e.g. last bought"
    )
    words = (text or "").lower().split()
    found = [f for f in facts if all(w in f"{f.name} {f.description}".lower() for w in words)]
    currency = summary["workspace"]["currency"]
    rows = [
        [
            f"{escape(fact.description)}<small>{escape(fact.name)}</small>",
            f"<b>{escape(_said(fact.value, fact.unit, currency))}</b>",
            escape(_said(fact.usual, fact.unit, currency)),
        ]
        for fact in found
    ]
    known = "As the table has them" if is_plain(summary) else f"As known {plain.scored_on(summary)}"
    title = look.heading(f"{len(found)} of {len(facts)} facts", f"{known}.")
    with st.container(key="facts"):
        st.html(look.block(title, look.table(["Fact", "This customer", "Typical"], rows)))


def _said(value: float | str | None, unit: str, currency: str) -> str:
    if value is None:
        return MISSING
    if isinstance(value, str):
        return value
    if unit == "share":
        return percent(value)
    if unit in ("currency", "money", currency):
        return amount(value, currency)
    number = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:,.2f}"
    return number if unit in _UNITLESS else singular(f"{number} {unit}")
