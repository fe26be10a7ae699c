"""HTML of the parts that several pages share: facts, bars, personas, lists, the four counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cip.faces.dashboard.formats import count, percent
from cip.faces.dashboard.look import escape
from cip.flows.customer_facts import Recommendation
from cip.flows.operating_point import OperatingPoint

SEGMENT_COLOURS = 8
"""As many as the Okabe-Ito palette has; a ninth segment has the first's colour again."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar list: what, how long (any unit, not negative), and the figure as said.

    `kind` is a class of `look.css`: a segment's colour, "this" for the one spoken of, or nothing.
    """

    label: str
    size: float
    said: str
    below: str = ""
    kind: str = ""


def segment_kind(segment: int) -> str:
    """The class that gives a segment its colour, the same on every page and in every run."""
    return f"seg{segment % SEGMENT_COLOURS}"


def segment_name(segment: int, name: str) -> str:
    """A segment's name behind a dot of its colour."""
    return f'<span class="dot {segment_kind(segment)}"></span><b>{escape(name)}</b>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """What is known, a line each: what it is, and its value."""
    rows = "".join(f"<span>{escape(name)}</span><b>{escape(value)}</b>" for name, value in pairs)
    return f'<div class="facts">{rows}</div>'


def bars(rows: Sequence[Bar]) -> str:
    """Horizontal bars from zero, the longest filling the width, with the figure behind each."""
    longest = max((row.size for row in rows), default=0.0) or 1.0
    return f'<div class="bars">{"".join(_bar(row, longest) for row in rows)}</div>'


def _bar(row: Bar, longest: float) -> str:
    below = f"<small>{escape(row.below)}</small>" if row.below else ""
    width = 100 * max(row.size, 0.0) / longest
    return (
        f'<span class="t">{escape(row.label)}{below}</span>'
        f'<span class="b {row.kind}"><i style="width:{width:.1f}%"></i></span>'
        f'<span class="n">{escape(row.said)}</span>'
    )


def persona(
    kind: str, name: str, narrative: str, pairs: Iterable[tuple[str, str]], action: str
) -> str:
    """The card of one segment: its name in words, what marks it, its figures, what to do."""
    todo = f'<p class="act"><span aria-hidden="true">→ </span>{escape(action)}</p>' * bool(action)
    return (
        f'<div class="card persona {kind}"><h4>{escape(name)}</h4>'
        f'<p class="sub">{escape(narrative)}</p>{facts(pairs)}{todo}</div>'
    )


def personas(cards: Sequence[str]) -> str:
    """Cards of segments side by side: at most five in a row, all rows as full as can be."""
    rows = -(-len(cards) // 5)
    columns = -(-len(cards) // max(rows, 1))
    return f'<div class="cip"><div class="personas p{columns}">{"".join(cards)}</div></div>'


def recommended(listed: Sequence[Recommendation], *, with_ratings: bool = True) -> str:
    """A customer's list: place, title, why, how well it fits, and the predicted rating.

    What is there for being popular is marked where it stands beside what was chosen for them.
    `with_ratings`: False where predicted ratings are no better than their mean.
    """
    is_mixed = not all(one.is_fallback for one in listed)
    said = "".join(_recommended(one, is_mixed, with_ratings) for one in listed)
    return f'<div class="recs">{said}</div>'


def _recommended(one: Recommendation, is_mixed: bool, with_ratings: bool) -> str:
    why = f"because of {one.because}" if one.because else ""
    if one.is_fallback:
        why = "popular now: too little is known of this customer" * is_mixed
    said = " · ".join(filter(None, (one.category, why)))
    rated = one.predicted_rating
    is_told = with_ratings and rated is not None
    rating = f"<small>predicted {rated:.1f} of 5</small>" if is_told else ""
    fit = "" if one.fit is None or one.is_fallback else escape(f"{percent(one.fit, 0)} fit")
    mark = '<em class="mark">fallback</em>' * (one.is_fallback and is_mixed)
    return (
        f"<span>{one.place}</span><span>{escape(one.title)}{mark}<small>{escape(said)}</small>"
        f'</span><span class="n">{fit}{rating}</span>'
    )


def four_counts(point: OperatingPoint) -> str:
    """The confusion matrix in words: what was flagged against what then happened."""
    cells = (
        ("", "head", "left", "They left"),
        ("", "head", "stayed", "They stayed"),
        ("Flagged", "hit", count(point.caught), "leavers caught"),
        ("", "miss", count(point.false_alarms), "false alarms"),
        ("Not flagged", "miss", count(point.missed), "leavers missed"),
        ("", "hit", count(point.left_in_peace), "left in peace"),
    )
    body = "<span></span>"
    for side, kind, figure, words in cells:
        if side:
            body += f'<span class="side">{side}</span>'
        if kind == "head":
            body += f'<span class="head">{words}</span>'
        else:
            body += f'<span class="{kind}"><b>{figure}</b><small>{words}</small></span>'
    return f'<div class="four">{body}</div>'
