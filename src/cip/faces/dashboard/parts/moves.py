"""What moves the risk, drawn: customers' points, one fact against its value, pairs of facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import streamlit as st

from cip.faces.dashboard import look, state
from cip.faces.dashboard.formats import capital, count, percent
from cip.faces.dashboard.parts import blocks, kept, values
from cip.flows.explained import FactPicture, Sample, facts_of, level_of, read_sample
from cip.flows.results import Results
from cip.types import FeatureInfo

Summary = Mapping[str, Any]

FACTS: Final = 10
PAIRS: Final = 5
_FACT: Final = "dependence_fact"
_LEAST: Final = 0.005
_OLD: Final = (
    "This run kept no sample of its customers' reasons: it was made before CIP did. A new run adds "
    "the figures of single customers, of one fact against its value, and of facts that interplay."
)


def show(results: Results) -> None:
    """The figures below the bars; a sentence where the run kept no sample."""
    summary = results.summary
    sample = read_sample(results, actor=state.actor())
    if not summary["churn"]["importance"]:
        return
    if sample is None:
        st.html(look.block(look.note(_OLD)))
        return
    infos = {info["name"]: _info(info) for info in summary["churn"]["features"]}
    pictures = facts_of(sample, summary, FACTS)
    left, right = st.columns([1.15, 1], gap="small")
    with left.container(key="card_swarm", height="stretch"):
        _swarm(pictures, sample, infos)
    with right.container(key="card_dependence", height="stretch"):
        _dependence(pictures, sample, infos, summary)
    with st.container(key="card_pairs"):
        st.html(look.block(_pairs(summary, infos)))


def _swarm(
    pictures: Sequence[FactPicture], sample: Sample, infos: Mapping[str, FeatureInfo]
) -> None:
    from cip.faces.dashboard.parts import charts, charts_why

    first = pictures[0]
    below = (
        f"Points of probability that each fact brings, {count(min(len(sample), charts_why.DRAWN))} "
        "customers drawn at random; colour: the value of the feature that tells most of it. Grey: "
        "a category, or not known."
    )
    st.html(look.block(look.heading(swarm_title(first, infos[first.lead]), below)))
    names = [capital(picture.fact) for picture in pictures]
    charts.draw(charts_why.beeswarm(pictures, names), "swarm", "Points of risk by fact")


def swarm_title(first: FactPicture, info: FeatureInfo) -> str:
    """How wide the first fact moves the risk, and which way its values go."""
    low, high = np.quantile(first.points, [0.05, 0.95])
    ends = f"{100 * low:+.0f} to {100 * high:+.0f} points".replace("-", "−")
    said = f"{capital(first.fact)}: {ends} of risk for nine of ten customers"
    return said + _which_way(first.level, first.points, info)


def _which_way(level: Any, points: Any, info: FeatureInfo) -> str:
    """`: the more, the lower the risk`, where the order of the values says so."""
    known = np.isfinite(level)
    if info.kind == "category" or known.sum() < 20:
        return ""
    lowest, highest = points[known & (level <= 0.2)], points[known & (level >= 0.8)]
    if not len(lowest) or not len(highest):
        return ""
    gap = 100 * float(highest.mean() - lowest.mean())
    if abs(gap) < 1:
        return ""
    return f", {'up' if gap > 0 else 'down'} as it grows"


@st.fragment
def _dependence(
    pictures: Sequence[FactPicture],
    sample: Sample,
    infos: Mapping[str, FeatureInfo],
    summary: Summary,
) -> None:
    from cip.faces.dashboard.parts import charts, charts_why

    names = [picture.lead for picture in pictures]
    others = sorted(set(sample.points) - set(names), key=lambda n: values.short(infos[n]))
    title = st.empty()
    facts = [*names, *others]
    kept.begin(_FACT, start=facts[0], among=facts)
    name = kept.keep(
        _FACT,
        st.selectbox("Fact", facts, format_func=lambda n: values.short(infos[n]), key=_FACT),
    )
    info, seen, points = infos[name], sample.values[name], sample.points[name]
    halves = _partner(name, sample, infos, summary)
    title.html(look.block(look.heading(*_dependence_title(info, seen, points))))
    short = values.short(info)
    is_said = info.kind == "category" or not info.unit or info.unit in (*short.split(), "money")
    axis = short if is_said else f"{short}, {info.unit}"
    figure = charts_why.dependence(seen, points, axis=axis, name=short, halves=halves)
    charts.draw(figure, "dependence", f"Points of risk against {short}")


def _dependence_title(info: FeatureInfo, seen: Any, points: Any) -> tuple[str, str]:
    below = "A point a customer; the line is the median of ten equally large groups."
    if info.kind == "category":
        below = "The middle half of the customers in the box, the line in it their median."
        return f"{values.short(info)}: points of risk by value", below
    level = level_of(seen)
    low, high = points[level <= 0.2], points[level >= 0.8]
    if not len(low) or not len(high):
        return f"{values.short(info)}: points of risk by value", below
    said = f"The lowest fifth: {100 * low.mean():+.1f} points, the highest {100 * high.mean():+.1f}"
    return said.replace("-", "−"), below


def _partner(
    name: str, sample: Sample, infos: Mapping[str, FeatureInfo], summary: Summary
) -> tuple[str, Any] | None:
    """The feature that interplays most with this one, with its level; None where none does."""
    for pair in _working(summary):
        both = (pair["first"], pair["second"])
        if name in both:
            other = both[0] if both[1] == name else both[1]
            level = level_of(sample.values[other])
            return (values.short(infos[other]), level) if np.isfinite(level).any() else None
    return None


def _working(summary: Summary) -> list[Summary]:
    found = (summary.get("insights") or {}).get("interplay", {}).get("pairs", ())
    return [pair for pair in found if pair["share"] >= _LEAST]


def _pairs(summary: Summary, infos: Mapping[str, FeatureInfo]) -> str:
    """Pairs of facts by the part of their joint effect that is neither's alone."""
    part = (summary.get("insights") or {}).get("interplay") or {}
    found = _working(summary)[:PAIRS]
    below = f"{part.get('definition', '')} Over {part.get('customers', 0)} customers."
    if not found:
        title = "No two facts work together: the model adds them up"
        return look.heading(title, below)
    rows = [
        blocks.Bar(
            f"{values.short(infos[p['first']])} × {values.lower(infos[p['second']])}",
            float(p["share"]),
            percent(p["share"]),
            f"{p['size']:.2f} log-odds",
        )
        for p in sorted(found, key=lambda pair: -pair["share"])
    ]
    top = rows[0]
    title = f"{top.label}: {top.said} of what the two do is their interplay"
    return look.heading(title, below) + blocks.bars(rows)


def _info(said: Summary) -> FeatureInfo:
    fields = ("name", "kind", "unit", "description", "phrase", "fact", "window_days", "decimals")
    return FeatureInfo(**{name: said[name] for name in fields if name in said})
