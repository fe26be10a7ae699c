"""The segments in figures: their cells in the grid, their shapes, their sizes, and why so many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import look, state
from cip.faces.dashboard.formats import MISSING, amount, count, percent
from cip.faces.dashboard.look import escape
from cip.faces.dashboard.parts import blocks, header
from cip.flows.results import Results, cells_by_segment
from cip.flows.shape import has_value

Summary = Mapping[str, Any]
Cells = list[dict[str, Any]]

ON_THE_RADAR: Final = 4
_SUMS: Final = ("customers", "clv", "expected_value_loss")


def cells(results: Results) -> Cells:
    """The sums of the grid by segment, worked out once a run."""
    return _cells(results.run_id, results)


@st.cache_data(show_spinner=False, max_entries=16)
def _cells(run_id: str, _results: Results) -> Cells:  # noqa: ARG001 - the key of the cache
    return cells_by_segment(_results, actor=state.actor())


def grid_of(cells: Sequence[Mapping[str, Any]], segment: int, everybody: Sequence[Any]) -> Cells:
    """The grid of one segment, with the same nine cells as everybody's.

    Empty ones are zero, and so are those of customers whose value nobody knows.
    """
    theirs = {
        (c["clv_band"], c["churn_band"]): {**c, **{name: c[name] or 0 for name in _SUMS}}
        for c in cells
        if c["segment"] == segment
    }
    nothing = dict.fromkeys(_SUMS, 0) | {"p_churn": None}
    return [
        {
            "clv_band": whole["clv_band"],
            "churn_band": whole["churn_band"],
            **nothing,
            **theirs.get((whole["clv_band"], whole["churn_band"]), {}),
        }
        for whole in everybody
    ]


def valued(summary: Summary, cells: Sequence[Mapping[str, Any]]) -> dict[int, int] | None:
    """How many customers of each segment have a value; None where everybody has one."""
    if not summary["value"].get("unknown"):
        return None
    known = Counter[int]()
    for cell in cells:
        known[int(cell["segment"])] += int(cell["valued"])
    return dict(known)


def mean_value(item: Summary, known: Mapping[int, int] | None) -> float | None:
    """The mean over the segment's customers whose value is `known`; None where there is none."""
    size = item["customers"] if known is None else known.get(item["segment"], 0)
    return float(item["clv"]) / size if size and item["clv"] is not None else None


def shapes(part: Summary, *, signal: bool) -> None:
    """Radar and dots of the same percentiles; `signal`: whether what is at stake is known."""
    from cip.faces.dashboard.parts import charts

    items, axes = part["items"], part["axes"]
    if len(axes) < 3:
        st.html(look.block(look.note("The segments differ in too few facts to draw a shape.")))
        return
    field = "expected_value_loss" if signal else "customers"
    most = sorted(items, key=lambda i: -float(i[field] or 0))[:ON_THE_RADAR]
    which = "the segments with most at stake" if signal else "the largest segments"
    left, right = st.columns(2, gap="small")
    with left.container(key="card_radar", height="stretch"):
        st.html(look.block(look.heading(_shape_title(len(most)), _PERCENTILE.format(which=which))))
        shown = sorted(most, key=lambda i: int(i["segment"]))
        charts.draw(charts.radar(shown, axes), "radar", "Radar of the segments' percentiles")
    with right.container(key="card_dots", height="stretch"):
        title = f"They differ most in «{widest(items, axes)}»"
        st.html(look.block(look.heading(title, _SAME.format(n=len(items)))))
        charts.draw(charts.dots(items, axes), "dots", "The same percentiles as dots")
    with st.container(key="card_apart"):
        st.html(look.block(_apart(items)))


_PERCENTILE: Final = "Median percentile among all customers, 0 to 100; {which}."
_SAME: Final = "The same percentiles, all {n} segments: read values here, a radar misleads."


def _shape_title(n: int) -> str:
    return f"{('', 'One shape', 'Two shapes', 'Three shapes', 'Four shapes')[n]} at a glance"


def widest(items: Sequence[Mapping[str, Any]], axes: Sequence[str]) -> str:
    """The axis on which the segments lie furthest apart."""

    def width(place: int) -> float:
        known = [i["profile"][place] for i in items if i["profile"][place] is not None]
        return max(known) - min(known) if known else 0.0

    return axes[max(range(len(axes)), key=width)]


def _apart(items: Sequence[Mapping[str, Any]]) -> str:
    """What sets each segment apart, in sentences."""
    rows = [
        [
            blocks.segment_name(item["segment"], item["name"]),
            "".join(f"<div>{escape(sentence)}</div>" for sentence in item["differs"]) or MISSING,
        ]
        for item in items
    ]
    title = look.heading("What sets each apart", "The segment's median, and what is typical.")
    return title + look.table(["Segment", "Facts, the most telling first"], rows, words=2)


def sizes(summary: Summary, part: Summary, known: Mapping[int, int] | None) -> None:
    """Customers, risk, value and value at risk of each segment; then the same as bars.

    `known`: how many customers of each have a value, where not all have one.
    """
    signal = header.scored(summary)
    with st.container(key="card_sizes"):
        st.html(look.block(_size_table(summary, part["items"], known, signal=signal)))
    left, right = st.columns(2, gap="small")
    items = part["items"]
    with left.container(key="card_many", height="stretch"):
        largest = max(items, key=lambda i: int(i["customers"]))
        st.html(look.block(_bars(f"Largest: {largest['name']}", "Customers", items, "customers")))
    if not has_value(summary):
        right.html(look.block(look.note(str(summary["value"]["reason"]))))
        return
    with right.container(key="card_stake", height="stretch"):
        field = "expected_value_loss" if signal else "clv"
        what = "Expected value loss" if signal else "Customer lifetime value"
        currency = summary["workspace"]["currency"]
        title = f"{most(items, field, known)}{_doubt(summary)}"
        st.html(look.block(_bars(title, f"{what}, {currency}", items, field, currency)))


def most(items: Sequence[Summary], field: str, known: Mapping[int, int] | None) -> str:
    """Who holds the largest sum; where all have about the same mean, that the sum is mere size."""
    top = max(items, key=lambda i: float(i[field] or 0))
    if field != "clv":
        return f"{top['name']} hold most at stake"
    means = [mean for item in items if (mean := mean_value(item, known)) is not None]
    if means and max(means) - min(means) <= _ALIKE * max(means):
        return "Customers of all segments are worth about the same on average"
    return f"{top['name']} hold the largest sum"


_ALIKE: Final = 0.05
"""Means this near to one another, as a part of the highest, are about the same."""


def _doubt(summary: Summary) -> str:
    """Behind a title about value: that the forecast is not shown to be any good."""
    word = summary["value"]["verdict"]["word"]
    return "" if word == "useful" else f", by a forecast that is {_DOUBTS.get(word, word)}"


_DOUBTS: Final = {"no signal": "not shown to know more than simple rules"}


def _size_table(
    summary: Summary, items: Sequence[Summary], known: Mapping[int, int] | None, *, signal: bool
) -> str:
    if not has_value(summary):
        return _without_value(items, signal=signal)
    currency = summary["workspace"]["currency"]
    head = ["Segment", "Customers", "Share", "Mean value", "Value"]
    head += ["Mean risk", "Value at risk", "Share of it"] if signal else []
    total = float(summary["totals"]["expected_value_loss"]["value"] or 0.0) or 1.0
    rows = [
        _size_row(item, mean_value(item, known), currency, total if signal else None)
        for item in items
    ]
    below = f"Value: next {summary['value']['horizon_days']} days, discounted; {currency}."
    if known is not None:
        below += " Means are of those whose value is known."
    below += _AT_RISK if signal else " No risk is shown: no churn model serves."
    return look.heading("Size, value and value at risk" if signal else "Size and value", below) + (
        look.table(head, rows)
    )


_AT_RISK: Final = (
    " Value at risk counts what they would bring if they stay, so it can exceed their value, which "
    "allows for their leaving."
)


def _without_value(items: Sequence[Summary], *, signal: bool) -> str:
    """Customers, share, and the mean risk where there is one."""
    head = ["Segment", "Customers", "Share"] + ["Mean risk"] * signal
    rows = [
        [
            blocks.segment_name(item["segment"], item["name"]),
            count(item["customers"]),
            escape(percent(item["share"])),
            *([MISSING if item["p_churn"] is None else escape(percent(item["p_churn"]))] * signal),
        ]
        for item in items
    ]
    below = "" if signal else "No risk is shown: no churn model serves."
    return look.heading("Size and risk" if signal else "Size", below) + look.table(head, rows)


def _size_row(item: Summary, each: float | None, currency: str, total: float | None) -> list[str]:
    clv = item["clv"]
    cells = [
        blocks.segment_name(item["segment"], item["name"]),
        count(item["customers"]),
        escape(percent(item["share"])),
        MISSING if each is None else escape(amount(each, currency)),
        MISSING if clv is None else escape(amount(clv, currency)),
    ]
    if total is None:
        return cells
    loss = float(item["expected_value_loss"] or 0)
    risk = MISSING if item["p_churn"] is None else escape(percent(item["p_churn"]))
    at_risk = f"<b>{escape(amount(loss, currency))}</b>"
    return [*cells, risk, at_risk, escape(percent(loss / total, 0))]


def _bars(title: str, below: str, items: Sequence[Summary], field: str, unit: str = "") -> str:
    rows = [
        blocks.Bar(
            item["name"],
            float(item[field] or 0),
            amount(item[field] or 0, unit).removesuffix(f" {unit}") if unit else count(item[field]),
            kind=blocks.segment_kind(item["segment"]),
        )
        for item in sorted(items, key=lambda i: -float(i[field] or 0))
    ]
    return look.heading(title, f"{below}, by segment.") + blocks.bars(rows)


def number(part: Summary) -> None:
    """Why there are as many segments as there are."""
    with st.container(key="card_number"):
        verdict = part["verdict"]
        said = f'<p class="verdict">{look.pill(verdict["word"])}<span>{escape(verdict["sentence"])}'
        st.html(
            look.block(
                look.heading(f"Why {part['k']} segments", part["chosen_because"]),
                f"{said}</span></p>",
                _choice(part) if part["choice"] else "",
                look.note(_TERMS),
            )
        )


_TERMS: Final = (
    "Silhouette: how much nearer customers are to their own segment than to the next, −1 to 1. "
    "Stability: how alike the segments are that other samples of the customers give, 1 is the "
    "same, 0 is chance. Inertia: squared distance to the centres; it always falls with more."
)


def _choice(part: Summary) -> str:
    rows = [
        [
            f"<b>{row['k']}</b>{' chosen' if row['k'] == part['k'] else ''}",
            f"{row['silhouette']:.2f}",
            f"{row['stability']:.2f}",
            count(row["inertia"]),
        ]
        for row in part["choice"]
    ]
    return look.table(["Segments", "Silhouette", "Stability", "Inertia"], rows)
