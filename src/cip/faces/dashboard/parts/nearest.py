"""The least change, within what the business can change, that would bring one risk down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import look
from cip.faces.dashboard.formats import percent
from cip.faces.dashboard.parts import kept, values
from cip.flows import live as asked
from cip.flows.live import Answer, Found, Live
from cip.types import FeatureInfo

Summary = Mapping[str, Any]
Values = Mapping[str, Any]

LISTED: Final = 4
SINGLE: Final = 5


def show(live: Live, customer_id: str, known: Values) -> None:
    """The nearest change within what the business declared that it can change."""
    names = asked.declared(live)
    title = "What is the least that would bring the risk down?"
    if not names:
        st.html(look.block(look.heading(title), look.note(_DECLARE)))
        return
    lines = _lines(live.results.summary, asked.try_changes(live, known, {}).p_before)
    if not lines:
        st.html(look.block(look.heading(title), look.note(_LOW_ALREADY)))
        return
    st.html(look.block(look.heading(title, _LOOKED.format(n=len(names)))))
    _search(live, customer_id, known, lines)


_DECLARE: Final = (
    "Say in cip.toml what the business can change and how far, one line a feature under [churn], "
    'such as changeable.purchase_days_28d = { high = 4, direction = "up" }, and run again: then '
    "the smallest such change is looked for."
)
_LOW_ALREADY: Final = "This customer is already below every line that the run draws."
_LOOKED: Final = (
    "Within the bounds of the {n} facts that cip.toml calls changeable: one fact first, then two; "
    "the nearest is the one that passes the fewest customers on the way. Another category counts "
    "as a third of all."
)


def _lines(summary: Summary, p: float) -> list[float]:
    """The threshold and the cuts of the bands below the risk, the nearest first."""
    churn = summary["churn"]
    drawn = {float(line) for line in (churn["threshold"], *churn["bands"])}
    return sorted((line for line in drawn if line <= p), reverse=True)


@st.fragment
def _search(live: Live, customer_id: str, known: Values, lines: Sequence[float]) -> None:
    key = f"whatif_below {customer_id}"
    kept.begin(key, start=lines[0], among=lines)
    below = kept.keep(
        key,
        st.selectbox(
            "Bring the risk below",
            lines,
            format_func=lambda line: percent(line, 0),
            key=key,
            width=220,
        ),
    )
    found = _nearest(live.results.run_id, customer_id, below, live, known)
    currency = live.results.summary["workspace"]["currency"]
    st.html(look.block(*_found(live, found, known, currency)))


@st.cache_data(show_spinner="Looking for the least change", max_entries=200)
def _nearest(run_id: str, customer_id: str, below: float, _live: Live, _known: Values) -> Found:  # noqa: ARG001 - keys
    return asked.nearest_change(_live, _known, below)


def _found(live: Live, found: Found, known: Values, currency: str) -> list[str]:
    infos = {info.name: info for info in live.infos}
    looked_at = look.note(_looked_at(found, infos))
    said = found.what_if
    if said is None:
        return [look.paragraphs([_NONE.format(below=percent(found.below, 0))]), looked_at]
    table = [
        [
            look.escape(values.short(infos[name])),
            look.escape(values.said(known[name], infos[name], currency)),
            f"<b>{look.escape(values.said(value, infos[name], currency))}</b>",
        ]
        for name, value in found.changes.items()
    ]
    few = "one fact" if len(table) == 1 else "two facts"
    falls_short = _FALLS_SHORT.format(below=percent(found.below, 0))
    return [
        "" if found.reaches else look.paragraphs([falls_short]),
        look.table(["Fact", "Now", "Then"], table),
        followed(said, infos),
        look.to_do(
            f"{percent(said.p_before)} would become {_below(said.p_after, found.below)}",
            f"if {few} were otherwise; try it on a part of the customers, and keep a control "
            "group.",
        ),
        _each_alone(found, known, infos, currency),
        looked_at,
    ]


def _each_alone(
    found: Found, known: Values, infos: Mapping[str, FeatureInfo], currency: str
) -> str:
    """What each fact does by itself, beside the nearest; nothing where that says it all."""
    if not found.alone or (
        len(found.alone) == 1 and set(found.alone[0].changes) == set(found.changes)
    ):
        return ""
    rows = [
        [
            look.escape(values.short(infos[name])),
            look.escape(values.said(known[name], infos[name], currency)),
            look.escape(values.said(value, infos[name], currency)),
            f"<b>{look.escape(_below(one.p_after, found.below))}</b>",
        ]
        for one in found.alone[:SINGLE]
        for name, value in one.changes.items()
    ]
    return look.heading("Each of these facts by itself", _ALONE) + look.table(
        ["Fact", "Now", "Then", "Risk then"], rows
    )


_ALONE: Final = (
    "As far as it takes to reach the line; where it does not, as far as it helps. Which costs you "
    "least, you know best."
)


def _below(p: float, line: float) -> str:
    """The risk with as many digits as it takes not to look like the line it is below."""
    return percent(p, 2 if p < line and percent(p) == percent(line) else 1)


_NONE: Final = (
    "None within these bounds: no change of one or two of these facts brings the risk down, so not "
    "below {below} either."
)
_FALLS_SHORT: Final = (
    "None within these bounds: no change of one or two of these facts brings the risk below "
    "{below}. What comes nearest to it:"
)


def _looked_at(found: Found, infos: Mapping[str, FeatureInfo]) -> str:
    tried = "; ".join(values.lower(infos[name]) for name in found.tried)
    left = [values.lower(infos[n]) if n in infos else n for n in found.not_tried]
    aside = f" {_ASIDE}: {'; '.join(left)}." if left else ""
    return f"Looked at: {(tried or 'nothing').removesuffix('…').rstrip()}.{aside}"


_ASIDE: Final = "Not looked at, being unknown of this customer, at its bound, or not in the model"


def followed(said: Answer, infos: Mapping[str, FeatureInfo]) -> str:
    """What moved with the facts that were moved, since it is made of them."""
    found = [m for m in said.moved if m.follows]
    if not found:
        return ""
    listed = "; ".join(values.from_to(m.before, m.after, infos[m.feature]) for m in found[:LISTED])
    more = f"; and {len(found) - LISTED} more" if len(found) > LISTED else ""
    return look.note(f"What hangs together has moved too: {listed}{more}.")
