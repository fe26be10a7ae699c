"""Which kinds of customers there are, and where the value at risk lies among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import look, sentences, state
from cip.faces.dashboard.formats import MISSING, amount, count, customers, percent
from cip.faces.dashboard.parts import blocks, drivers, grid, header, kept, people, segments
from cip.flows.results import Results
from cip.flows.shape import has_value

QUESTION: Final = "Which kinds of customers do we have, and where is the value at risk?"
EVERYBODY: Final = -1

Summary = Mapping[str, Any]


def page() -> None:
    """The whole page, for the run that the address names."""
    results = state.results()
    summary = results.summary
    part = sentences.part_of(summary, "segments")
    header.show(
        QUESTION,
        _answer(summary, part),
        header.part_line("Segments", summary, "segments"),
        header.churn_line(summary, evidence_below=True),
        header.value_line(summary),
        run_id=results.run_id,
        summary=summary,
    )
    if not part:
        st.html(look.block(look.note(sentences.why_missing(summary, "segments", _HOW))))
        _at_risk(results, None)
        return
    cells = segments.cells(results)
    st.html(blocks.personas([_persona(item, summary, cells) for item in part["items"]]))
    _views(results, part)


_HOW: Final = (
    "This run has none: it was made before CIP made segments, or cip.toml turned them off. "
    "The command is `cip run`."
)


def _answer(summary: Summary, part: Summary | None) -> str:
    everybody = count(summary["totals"]["customers"])
    if not part:
        return f"<b>This run has no segments</b> of its {everybody} customers."
    said = f"<b>{part['k']} segments</b> of {everybody} customers"
    if not header.scored(summary):
        largest = max(part["items"], key=lambda item: int(item["customers"]))
        share = look.escape(percent(largest["share"], 0))
        name = look.escape(largest["name"])
        return (
            f"{said}; the largest, {name}, has <b>{share}</b> of them. What is at risk cannot be "
            "said: no churn model serves."
        )
    if not has_value(summary):
        riskiest = max(part["items"], key=lambda item: float(item["p_churn"] or 0))
        share = look.escape(percent(riskiest["p_churn"] or 0, 0))
        return (
            f"{said}; the riskiest, {look.escape(riskiest['name'])}, at <b>{share}</b> on average"
        )
    top = max(part["items"], key=lambda item: float(item["expected_value_loss"]))
    total = float(summary["totals"]["expected_value_loss"]["value"] or 0.0) or 1.0
    stake = look.escape(amount(total, summary["workspace"]["currency"]))
    share = look.escape(percent(top["expected_value_loss"] / total, 0))
    return (
        f"{said} · <b>{stake}</b> of expected value is at stake · "
        f"{look.escape(top['name'])} hold <b>{share}</b> of it"
    )


def _persona(item: Summary, summary: Summary, cells: list[dict[str, Any]]) -> str:
    currency = summary["workspace"]["currency"]
    pairs = [("Customers", count(item["customers"])), ("Share", percent(item["share"], 0))]
    each = segments.mean_value(item, segments.valued(summary, cells))
    if each is not None:
        pairs.append(("Mean value", amount(each, currency)))
    action = ""
    if header.scored(summary):
        risk = MISSING if item["p_churn"] is None else percent(item["p_churn"])
        pairs.append(("Mean risk", risk))
        if item["expected_value_loss"] is not None:
            pairs.append(("At stake", amount(item["expected_value_loss"], currency)))
        action = what_to_do(item, summary, cells)
    kind = blocks.segment_kind(item["segment"])
    return blocks.persona(kind, item["name"], item["narrative"], pairs, action)


def what_to_do(item: Summary, summary: Summary, cells: list[dict[str, Any]]) -> str:
    """What to do where most is at stake in the segment; it is said of that cell alone."""
    if not has_value(summary):
        return ""
    grid_of = segments.grid_of(cells, item["segment"], summary["cells"])
    top = sentences.costliest(grid_of)
    if not top["customers"]:
        return ""
    where = f"{sentences.cell_name(top)} ({customers(top['customers'])})"
    return f"Most is at stake in {where}. {sentences.what_to_do(summary, top)}"


def _views(results: Results, part: Summary) -> None:
    """A view is computed when it is looked at."""
    where, drive, differ, size, number = st.tabs(
        [
            "Where is the value at risk?",
            "What drives their risk?",
            "How do they differ?",
            "How big are they?",
            "Why this many?",
        ],
        on_change="rerun",
        key="clusters_view",
    )
    if where.open:
        with where:
            _at_risk(results, part)
    if drive.open:
        with drive:
            drivers.show(results.summary, part)
    if differ.open:
        with differ:
            segments.shapes(part, signal=header.scored(results.summary))
    if size.open:
        with size:
            known = segments.valued(results.summary, segments.cells(results))
            segments.sizes(results.summary, part, known)
    if number.open:
        with number:
            segments.number(part)


@st.fragment
def _at_risk(results: Results, part: Summary | None) -> None:
    """The grid of everybody or of one segment, and the customers behind it."""
    summary = results.summary
    if not header.scored(summary):
        _no_risk(summary)
        return
    chosen = _segment_choice(part) if part else EVERYBODY
    if chosen == EVERYBODY or part is None:
        people.show(results, grid.show(summary))
        return
    cells = segments.grid_of(segments.cells(results), chosen, summary["cells"])
    name = next(item["name"] for item in part["items"] if item["segment"] == chosen)
    cell = grid.show({**summary, "cells": cells})
    total = sum(int(each["customers"]) for each in cells)
    st.html(look.block(look.note(f"Only {name}: {customers(total)}.")))
    people.show(results, cell, segment=chosen)


def _no_risk(summary: Summary) -> None:
    sentence = summary["churn"]["verdicts"]["signal"]["sentence"]
    with st.container(key="card_no_risk"):
        st.html(look.block(look.heading("No risk is shown"), look.paragraphs([sentence, _SIZES])))
        if st.button("See the evidence", type="primary", key="to_evidence"):
            state.go("performance")


_SIZES: Final = "Size and value of the segments are in «How big are they?»; they need no risk."


def _segment_choice(part: Summary) -> int:
    names = {EVERYBODY: "All segments"} | {i["segment"]: i["name"] for i in part["items"]}
    kept.begin(_SEGMENT, start=EVERYBODY, among=names)
    chosen = st.selectbox(
        "Segment", list(names), format_func=lambda n: names[n], key=_SEGMENT, width=360
    )
    return kept.keep(_SEGMENT, EVERYBODY if chosen is None else int(chosen))


_SEGMENT: Final = "grid_segment"
