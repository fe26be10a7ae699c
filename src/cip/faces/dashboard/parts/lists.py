"""How good the recommendations are: against what is popular, and for customers little known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import look, sentences
from cip.faces.dashboard.formats import (
    MISSING,
    capital,
    count,
    customers,
    figure,
    spread,
    with_spread,
)
from cip.faces.dashboard.look import escape
from cip.faces.dashboard.parts import blocks, kept

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
        _cold(part["cold"], are_served=served(part))


def served(part: Summary) -> bool:
    """Whether customers get lists of their own, and not what is popular; old runs all did."""
    return bool(part.get("personal", True))


_NONE: Final = (
    "Recommendations need interactions with items: map a table of what customers used or bought "
    "to `interactions` in cip.toml, then run again."
)


def _verdict(part: Summary) -> str:
    verdict = part["verdict"]
    said = str(verdict["sentence"])
    if served(part):
        said = f"{capital(part['label'])}: {said}"
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
    are_served = served(part)
    title = look.heading(
        "The lists against what is popular now" if are_served else "Everybody gets what is popular",
        f"{said}; 95 % intervals.{_on_lists(part)}",
    )
    own = "CIP" if are_served else "Personal lists<small>tried, not served</small>"
    return title + look.table(["", own, "Popular now"], rows, on=1 if are_served else 2)


def _on_lists(part: Summary) -> str:
    """How many items the published lists hold; nothing for runs that did not count them."""
    listed = part.get("listed_items")
    if listed is None:
        return ""
    return f" {count(listed)} of {count(part['items'])} items are on somebody's list today."


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
    better = 1 if can_choose_by_rating(part) else 2
    table = look.table(["", "Predicted", "Mean rating"], rows, on=better)
    return title + ratings_line(part) + table + _choice(ratings)


def ratings_line(part: Summary) -> str:
    """Whether predicted ratings are better than the mean rating; nothing where nobody judged."""
    verdict = _ratings_verdict(part)
    return look.verdict_line("Ratings", verdict["word"], verdict["sentence"]) if verdict else ""


def can_choose_by_rating(part: Summary) -> bool:
    """Whether predicted ratings may choose items: not where they are no better than their mean."""
    verdict = _ratings_verdict(part)
    return verdict is None or verdict["word"] != "no signal"


def _ratings_verdict(part: Summary) -> Summary | None:
    """The run's, or for a run that gave none: what its two errors show."""
    ratings = part.get("ratings") or {}
    if ratings.get("verdict") or not ratings:
        return ratings.get("verdict")
    ours, mean = (ratings[name]["value"] for name in ("rmse", "baseline_rmse"))
    if ours is None or mean is None or ours < mean:
        return None
    return {"word": "no signal", "sentence": "They are not better than the mean of all ratings."}


def _choice(ratings: Summary) -> str:
    """Why ratings are predicted this way; runs of earlier versions do not say."""
    return look.note(ratings["choice"]) if ratings.get("choice") else ""


@st.fragment
def _cold(listed: Sequence[Summary], *, are_served: bool) -> None:
    """How good lists are by how much is known of a customer; the slider picks one step."""
    if not listed:
        st.html(look.block(look.heading("Customers little known"), look.note(_NO_COLD)))
        return
    title = st.empty()
    names = [_history(step) for step in listed]
    chosen = names[0]
    if len(names) > 1:
        kept.begin("cold", start=names[0], among=names)
        chosen = kept.keep(
            "cold", st.select_slider("Interactions known of a customer", names, key="cold")
        )
    step = listed[names.index(chosen)]
    title.html(look.block(look.heading(cold_title(step), _COLD)))
    rows = [_cold_bar(each, is_chosen=each is step) for each in listed]
    st.html(look.block(blocks.bars(rows), _against(step, are_served=are_served)))


_COLD: Final = (
    "NDCG: how high on the list the items stand that a customer then chose; 1 is perfect, 0 none."
)
_NO_COLD: Final = "This run did not measure lists by the length of the history."
_FEWEST: Final = 30
"""With fewer customers a mean says nothing, and its interval may be a point."""


def _history(step: Summary) -> str:
    """How much is known, `1–2` or `21+`: a range is no subtraction."""
    return str(step["history"]).replace("-", "–")


def cold_title(step: Summary) -> str:
    """What a list is worth to customers of whom so much is known, against what is popular."""
    known = "nothing" if step["history"] == "0" else f"{_history(step)} interactions"
    if not step["customers"]:
        return f"Nobody with {known} known could be judged"
    if not _can_tell(step):
        return f"With {known} known: {customers(step['customers'])}, too few to tell"
    ours, popular = figure(step["ndcg"]), figure(step["baseline_ndcg"])
    return f"With {known} known, NDCG is {ours} against {popular} for what is popular"


def _can_tell(step: Summary) -> bool:
    is_known = step["ndcg"]["value"] is not None and step["baseline_ndcg"]["value"] is not None
    return is_known and step["customers"] >= _FEWEST


def _cold_bar(step: Summary, *, is_chosen: bool) -> blocks.Bar:
    return blocks.Bar(
        f"{_history(step)} interactions",
        float(step["ndcg"]["value"] or 0.0) if _can_tell(step) else 0.0,
        figure(step["ndcg"]) if _can_tell(step) else MISSING,
        customers(step["customers"]),
        "this" if is_chosen else "",
    )


def _against(step: Summary, *, are_served: bool) -> str:
    to_do = look.to_do(*advice(step, are_served=are_served))
    if not _can_tell(step):
        return look.note(_TOO_FEW) + to_do
    said = (
        ("CIP" if are_served else "Personal lists, not served", with_spread(step["ndcg"])),
        ("Popular now", with_spread(step["baseline_ndcg"])),
        ("Customers", count(step["customers"])),
    )
    return blocks.facts(said) + to_do


_TOO_FEW: Final = f"Below {_FEWEST} customers a mean says nothing of the next ones."


def advice(step: Summary, *, are_served: bool) -> tuple[str, str]:
    """What to show such customers, and why; `are_served`: whether they get lists of their own."""
    if not are_served:
        return (
            "They are shown what is popular:",
            "over all customers nothing was shown to be better.",
        )
    ours, popular = step["ndcg"], step["baseline_ndcg"]
    if _can_tell(step) and ours["low"] is not None and ours["low"] > popular["value"]:
        return "Show them their own list", "here it is better than what is popular."
    return (
        "Show them what is popular, and ask what they like:",
        "a list of their own is not shown to be better yet.",
    )
