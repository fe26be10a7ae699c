"""What drives the risk of a segment against everybody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import look
from cip.faces.dashboard.formats import capital, percent, points
from cip.faces.dashboard.look import escape
from cip.faces.dashboard.parts import blocks, header, kept

Summary = Mapping[str, Any]

ROWS: Final = 8
TOP: Final = 3
_SEGMENT: Final = "driver_segment"
_OLD: Final = (
    "This run did not add up what drives the risk of its segments: it was made before CIP did. "
    "A new run adds it."
)


def show(summary: Summary, part: Summary) -> None:
    """One segment as steps from everybody else's risk to its own, then all of them in a table."""
    listed = (summary.get("insights") or {}).get("segments") or []
    if not header.scored(summary):
        st.html(look.block(look.heading("No risk is shown"), look.note(_NO_SIGNAL)))
        return
    if not listed:
        st.html(look.block(look.heading("Not kept"), look.note(_OLD)))
        return
    with st.container(key="card_drivers"):
        _one(listed, part)
    with st.container(key="card_all_drivers"):
        st.html(look.block(_table(listed, part)))


_NO_SIGNAL: Final = "No churn model serves, so nothing can be said to drive the risk."


@st.fragment
def _one(listed: list[dict[str, Any]], part: Summary) -> None:
    names = {item["segment"]: item["name"] for item in part["items"]}
    theirs = {one["segment"]: one for one in listed if one["segment"] in names}
    order = sorted(theirs, key=lambda number: -theirs[number]["p_churn"])
    kept.begin(_SEGMENT, start=_costliest(part, theirs), among=order)
    number = kept.keep(
        _SEGMENT,
        st.selectbox("Segment", order, format_func=names.__getitem__, key=_SEGMENT, width=360),
    )
    st.html(look.block(_waterfall(theirs[number], names[number])))


def _costliest(part: Summary, theirs: Mapping[int, Summary]) -> int:
    """The segment with most at stake; where that is not known, the one furthest from the others."""
    stake = {item["segment"]: item.get("expected_value_loss") for item in part["items"]}
    known = {number: stake[number] for number in theirs if stake[number] is not None}
    if known:
        return max(known, key=lambda number: known[number])
    return max(theirs, key=lambda n: abs(theirs[n]["p_churn"] - theirs[n]["p_rest"]))


def _waterfall(one: Summary, name: str) -> str:
    apart = one["p_churn"] - one["p_rest"]
    way = "higher" if apart > 0 else "lower"
    top = apart_by(one)[:ROWS]
    steps = [(_said(fact), gap) for fact, gap in top]
    rest = apart - sum(gap for _, gap in steps)
    if abs(rest) >= 0.0005:
        steps.append(("All other facts together", rest))
    title = f"{name}: {abs(100 * apart):.0f} points {way} than everybody else, {_mostly(one)}"
    below = (
        "Mean risk of all other customers, the difference of the mean points of each fact, and the "
        "mean risk of the segment: nothing is left over"
    )
    return look.heading(title, below) + look.waterfall(
        float(one["p_rest"]), steps, float(one["p_churn"]), ("Everybody else", "This segment")
    )


def apart_by(one: Summary) -> list[tuple[str, float]]:
    """Facts by how far the segment's mean points lie from the others', the furthest first."""
    gaps = [(fact["fact"], fact["points"] - fact["rest"]) for fact in one["facts"]]
    return sorted(gaps, key=lambda pair: -abs(pair[1]))


def _mostly(one: Summary) -> str:
    """`mostly by purchase days and spend`, of the facts that pull the way the segment differs."""
    up = one["p_churn"] >= one["p_rest"]
    pulling = [fact for fact, gap in apart_by(one) if (gap > 0) == up][:2]
    return f"mostly by {' and '.join(pulling)}" if pulling else "with no fact that pulls there"


def _said(fact: str) -> str:
    return capital(fact.rstrip("."))


def _table(listed: list[dict[str, Any]], part: Summary) -> str:
    names = {item["segment"]: item["name"] for item in part["items"]}
    rows = [
        [
            blocks.segment_name(one["segment"], names[one["segment"]]),
            "".join(
                f"<div>{escape(_said(fact))}: {points(gap)}</div>"
                for fact, gap in apart_by(one)[:TOP]
            ),
            f"<b>{escape(percent(one['p_churn']))}</b>",
            escape(percent(one["p_rest"])),
        ]
        for one in listed
        if one["segment"] in names
    ]
    head = ["Segment", "Against everybody else, points of risk", "Mean risk", "Everybody else"]
    title = look.heading(
        "What drives the risk in each segment", "The three facts that set its mean risk apart most."
    )
    return title + look.table(head, rows, words=2)
