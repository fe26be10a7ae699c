"""Two views of one customer: what to show them next, and every fact the model knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import look, sentences, state
from cip.faces.dashboard.formats import MISSING, amount, percent
from cip.faces.dashboard.look import escape
from cip.faces.dashboard.parts import blocks, header, kept, lists, plain
from cip.flows.customer_facts import Fact, Recommendation, customer_facts
from cip.flows.customer_facts import recommendations as recommended
from cip.flows.results import Customer, Results
from cip.flows.shape import is_plain
from cip.wording import minus, singular

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
    _listed(results.summary["recommendations"], customer.title, listed)


_NONE: Final = (
    "This run made no recommendations. They need interactions with items: map a table of what "
    "customers used or bought to `interactions` in cip.toml, then run again."
)


@st.fragment
def _listed(part: Summary, name: str, listed: Sequence[Recommendation]) -> None:
    """The sliders and the list: moving one moves only these."""
    one, two = st.columns(2, gap="medium")
    with one:
        wanted = _how_many(len(listed))
    with two:
        least = _least_rating(listed, lists.can_choose_by_rating(part))
    shown = [one for one in listed if _rated(one, least)][:wanted]
    verdicts = header.part_line("Lists", {"recommendations": part}, "recommendations")
    if any(one.predicted_rating is not None for one in listed):
        verdicts += lists.ratings_line(part)
    if not shown:
        st.html(look.block(verdicts, look.note("Nothing on the list is rated that high.")))
        return
    are_told = lists.can_choose_by_rating(part)
    said = look.block(title(shown, name, part), blocks.recommended(shown, with_ratings=are_told))
    mix = kinds(shown)
    if mix:
        left, right = st.columns([1.9, 1], gap="medium")
        left.html(said)
        right.html(look.block(look.heading("What it is made of", "Items by category"), mix))
    else:
        st.html(said)
    st.html(look.block(verdicts, look.to_do(*first_thing(shown))))


def _how_many(most: int) -> int:
    if most == 1:
        return 1
    kept.begin("how_many", start=min(FIRST, most), among=range(1, most + 1))
    return kept.keep("how_many", st.slider("How many", 1, most, key="how_many"))


def _least_rating(listed: Sequence[Recommendation], is_better: bool) -> float:
    """`is_better`: whether predicted ratings are better than one mean for all."""
    has_ratings = any(one.predicted_rating is not None for one in listed)
    if not (has_ratings and is_better):
        st.slider(
            _LEAST,
            *_SCALE,
            format="%.1f",
            disabled=True,
            help=_NO_BETTER if has_ratings else _NO_RATINGS,
        )
        return 0.0
    kept.begin("least_rating", start=_SCALE[0])
    least = st.slider(_LEAST, *_SCALE, format="%.1f", key="least_rating")
    return kept.keep("least_rating", least)


_LEAST: Final = "Least predicted rating"
_SCALE: Final = (1.0, 5.0, None, 0.5)
_NO_RATINGS: Final = "This run predicted no ratings."
_NO_BETTER: Final = "Predicted ratings are not shown to be better than the mean of all ratings."


def _rated(one: Recommendation, least: float) -> bool:
    return least <= 1.0 or (one.predicted_rating or 0.0) >= least


def title(shown: Sequence[Recommendation], name: str, part: Summary) -> str:
    """What the list is: the customer's own, or what is popular and why."""
    fallbacks = sum(one.is_fallback for one in shown)
    if fallbacks == len(shown):
        why = "too little is known of them" if lists.served(part) else "own lists were no better"
        below = f"Nothing they have had before, the most popular first: {why}."
        return look.heading(f"Popular now, for {name}", below)
    below = "Nothing they have had before, the best fit first."
    if fallbacks:
        verb = "is" if fallbacks == 1 else "are"
        below += f" {fallbacks} of {len(shown)} {verb} there for being popular (marked fallback)."
    return look.heading(f"What {name} would like next", below)


def kinds(shown: Sequence[Recommendation]) -> str:
    """The parts of the list by category, rare ones as others; nothing where no item has any."""
    counted = Counter(one.category or "no category" for one in shown)
    if not any(one.category for one in shown):
        return ""
    parts = counted.most_common(_MOST_KINDS if len(counted) <= _MOST_KINDS else _MOST_KINDS - 1)
    others = len(shown) - sum(n for _, n in parts)
    if others:
        parts.append(("others", others))
    return blocks.bars(
        [blocks.Bar(name, n, percent(n / len(shown), 0), kind="this") for name, n in parts]
    )


_MOST_KINDS: Final = 8


def first_thing(shown: Sequence[Recommendation]) -> tuple[str, str]:
    """What to do with the list, and why."""
    first = shown[0]
    if first.is_fallback:
        return f"If you name something, name «{first.title}»:", _NOT_THEIR_TASTE
    why = f"it speaks to what they know from {first.because}." if first.because else ""
    return f"Put «{first.title}» into the next message:", why or "it is the first on the list."


_NOT_THEIR_TASTE: Final = (
    "more took it lately than any other of these. It says nothing of this customer's own taste."
)


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
        "Find a fact", key="find_fact", type="search", live="150ms", placeholder="e.g. last 90 days"
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
        head = ["Fact", "This customer", "Typical"]
        st.html(look.block(title, look.table(head, rows, scrolls="Every fact")))


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
    number = minus(number)
    return number if unit in _UNITLESS else singular(f"{number} {unit}")
