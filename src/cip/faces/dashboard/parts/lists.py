"""How good the recommendations are: against what is popular, and for customers little known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import look, sentences
from cip.faces.dashboard.formats import capital, count, figure, percent, spread, with_spread
from cip.faces.dashboard.look import escape
from cip.faces.dashboard.parts import blocks

Summary = Mapping[str, Any]


def show(summary: Summary) -> None:
    """Metrics against the baseline, and the cold-start slider; a sentence where there are none."""
    part = sentences.part_of(summary, "recommendations")
    if part is None:
        why = look.note(sentences.why_missing(summary, "recommendations", _NONE))
        st.html(look.block(look.heading("This run made no recommendations"), why))
        return
    left, right = st.columns([1.25, 1], gap="small")
    with left.container(key="card_lists", height="stretch"):
        st.html(look.block(_verdict(part), _metrics(part), _ratings(part)))
    with right.container(key="card_cold", height="stretch"):
        _cold(part["cold"])


_NONE: Final = (
    "Recommendations need interactions with items: map a table of what customers used or bought "
    "to `interactions` in cip.toml, then run again."
)


def _verdict(part: Summary) -> str:
    verdict = part["verdict"]
    said = f"{capital(part['label'])}: {verdict['sentence']}"
    return f'<p class="verdict">{look.pill(verdict["word"])}<span>{escape(said)}</span></p>'


def _metrics(part: Summary) -> str:
    words = part["metric_words"]
    rows = [
        [
            f"<b>{escape(_name(name))}</b><small>{escape(words.get(name, ''))}</small>",
            _measured(figure_),
            _measured(part["baseline"].get(name)),
        ]
        for name, figure_ in part["metrics"].items()
    ]
    said = (
        f"Lists of {part['k']}, {count(part['customers'])} customers, {count(part['items'])} items"
    )
    covered = _coverage(part.get("coverage"))
    title = look.heading(
        "The lists against what is popular now", f"{said}; 95 % intervals.{covered}"
    )
    return title + look.table(["", "CIP", "Popular now"], rows, on=1)


def _coverage(covered: float | Summary | None) -> str:
    share = covered["value"] if isinstance(covered, Mapping) else covered
    return "" if share is None else f" {percent(share, 0)} of the items are on somebody's list."


def _name(metric: str) -> str:
    """`ndcg_at_10` as `NDCG at 10`."""
    words = metric.replace("@", " at ").replace("_", " ").split()
    return capital(" ".join("NDCG" if w == "ndcg" else "MRR" if w == "mrr" else w for w in words))


def _measured(estimate: Summary | None) -> str:
    if estimate is None:
        return "–"
    if estimate["value"] is None:
        return f'<span title="{escape(estimate["reason"])}">–</span>'
    return f"<b>{escape(figure(estimate))}</b><small>{escape(spread(estimate))}</small>"


def _ratings(part: Summary) -> str:
    ratings = part.get("ratings")
    if not ratings:
        return look.note("This run predicted no ratings: the data hold too few.")
    rmse, baseline = ratings["rmse"], ratings["baseline_rmse"]
    title = look.heading(
        "Predicted ratings",
        f"{capital(ratings['label'])}, {count(ratings['ratings'])} ratings; error in points of "
        "the scale, lower is better. Ratings never rank a list.",
    )
    rows = [["Root mean square error", _measured(rmse), _measured(baseline)]]
    return title + look.table(["", "Predicted", "Mean rating"], rows, on=1) + _choice(ratings)


def _choice(ratings: Summary) -> str:
    """Why ratings are predicted this way; runs of earlier versions do not say."""
    return look.note(ratings["choice"]) if ratings.get("choice") else ""


_NO_RATINGS: Final = "This run predicted no ratings: the data hold none."


@st.fragment
def _cold(listed: Sequence[Summary]) -> None:
    """How good lists are by how much is known of a customer; the slider picks one step."""
    if not listed:
        st.html(look.block(look.heading("Customers little known"), look.note(_NO_COLD)))
        return
    title = st.empty()
    names = [str(step["history"]) for step in listed]
    chosen = names[0]
    if len(names) > 1:
        chosen = st.select_slider("Interactions known of a customer", names, key="cold")
    step = listed[names.index(chosen)]
    title.html(look.block(look.heading(_cold_title(step), _COLD)))
    rows = [_cold_bar(each, is_chosen=each is step) for each in listed]
    st.html(look.block(blocks.bars(rows), _against(step)))


_COLD: Final = (
    "NDCG: how high on the list the items stand that a customer then chose; 1 is perfect, 0 none."
)
_NO_COLD: Final = "This run did not measure lists by the length of the history."


def _cold_title(step: Summary) -> str:
    """What a list is worth to customers of whom so much is known, against what is popular."""
    known = "nothing" if step["history"] == "0" else f"{step['history']} interactions"
    ours, popular = figure(step["ndcg"]), figure(step["baseline_ndcg"])
    return f"With {known} known, NDCG is {ours} against {popular} for what is popular"


def _cold_bar(step: Summary, *, is_chosen: bool) -> blocks.Bar:
    return blocks.Bar(
        f"{step['history']} interactions",
        float(step["ndcg"]["value"] or 0.0),
        figure(step["ndcg"]),
        f"{count(step['customers'])} customers",
        "this" if is_chosen else "",
    )


def _against(step: Summary) -> str:
    ours, popular = step["ndcg"], step["baseline_ndcg"]
    if ours["value"] is None or popular["value"] is None:
        return look.note(str(ours["reason"] or popular["reason"]))
    return blocks.facts(
        (
            ("CIP", with_spread(ours)),
            ("Popular now", with_spread(popular)),
            ("Customers", count(step["customers"])),
        )
    ) + look.to_do(*_advice(step))


def _advice(step: Summary) -> tuple[str, str]:
    ours, popular = step["ndcg"], step["baseline_ndcg"]
    if ours["low"] is not None and ours["low"] > popular["value"]:
        return "Show them their own list", "here it is better than what is popular."
    return (
        "Show them what is popular, and ask what they like:",
        "a list of their own is not shown to be better yet.",
    )
