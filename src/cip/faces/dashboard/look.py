"""How things look: cards, verdict lines, the waterfall and tables as HTML, escaped.

HTML follows the theme at once and loads nothing; the colours are in `look.css`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape as _escaped
from typing import Final

from cip.errors import CipError
from cip.faces.dashboard.formats import THIN, capital, percent, points

STEPS: Final = 5
_BETWEEN_BACKTICKS: Final = re.compile(r"`([^`]+)`")
_BEFORE_CURRENCY: Final = re.compile(r"(?<=\d) (?=[A-Z]{3}\b)")
_PILLS: Final = {
    "useful": "good",
    "weak": "fair",
    "no signal": "bad",
    "calibrated": "good",
    "nearly calibrated": "fair",
    "not calibrated": "bad",
    "held steady": "good",
    "drifted": "fair",
}


def escape(text: str) -> str:
    """Text as HTML; a number stays on the line of its per cent sign or currency."""
    return _escaped(_BEFORE_CURRENCY.sub("\u00a0", text.replace(" %", f"{THIN}%")))


def block(*parts: str) -> str:
    """HTML that the style sheet knows."""
    return f'<div class="cip">{"".join(parts)}</div>'


def answer(text: str) -> str:
    """The first line of a page: its question answered in numbers; `text` is HTML."""
    return f'<p class="answer">{text}</p>'


def verdict_line(
    subject: str, word: str, sentence: str, metric: str = "", meaning: str = ""
) -> str:
    """What the model behind a page is worth: a pill, a figure with its meaning, a sentence."""
    shown = f'<span class="metric" title="{escape(meaning)}">{escape(metric)}</span>' * bool(metric)
    return (
        f'<p class="verdict"><b>{escape(subject)}</b>{pill(word)}{shown}'
        f"<span>{escape(sentence)}</span></p>"
    )


def pill(word: str) -> str:
    """A verdict in a word."""
    return f'<span class="pill {_PILLS.get(word, "plain")}">{escape(word)}</span>'


def simulated(text: str) -> str:
    """A line that says that a page is not about real people."""
    return f'<p class="simulated"><b>Simulated</b><span>{escape(text)}</span></p>'


def card(label: str, value: str, below: str, meaning: str = "") -> str:
    """One figure: what it is, how much, and its interval or base."""
    return (
        f'<div class="card kpi" title="{escape(meaning)}"><span class="l">{escape(label)}</span>'
        f'<span class="v">{escape(value)}</span><span class="i">{escape(below)}</span></div>'
    )


def cards(shown: Iterable[str]) -> str:
    """Cards in a row that folds on a narrow screen."""
    return block(f'<div class="kpis">{"".join(shown)}</div>')


def heading(title: str, subtitle: str = "") -> str:
    """The finding, and below it what was measured."""
    below = f'<p class="sub">{escape(subtitle)}</p>' if subtitle else ""
    return f"<h4>{escape(title)}</h4>{below}"


def paragraphs(sentences: Iterable[str]) -> str:
    """Sentences one below the other."""
    return f'<div class="see">{"".join(f"<p>{escape(s)}</p>" for s in sentences)}</div>'


def note(text: str) -> str:
    """Small print."""
    return f'<p class="sub note">{escape(text)}</p>'


def to_do(action: str, why: str = "") -> str:
    """What to do, and why: the end of a page."""
    because = f" {escape(why)}" if why else ""
    return f'<p class="do"><span aria-hidden="true">→ </span><b>{escape(action)}</b>{because}</p>'


def waterfall(
    base: float,
    steps: Sequence[tuple[str, float]],
    end: float,
    names: tuple[str, str] = ("Typical customer", "This customer"),
) -> str:
    """From one risk to another, a row for each (sentence, points); `names` of the two ends.

    All bars share one scale, and the bars of the two ends begin at 0.
    """
    edges = [base]
    for _, size in steps:
        edges.append(edges[-1] + size)
    low, high = min(0.0, *edges, end), max(*edges, end) + 0.01

    def row(kind: str, text: str, ends: tuple[float, float], number: str) -> str:
        left, right = (100 * (x - low) / (high - low) for x in sorted(ends))
        return (
            f'<span class="t {kind}">{escape(text)}</span><span class="b {kind}">'
            f'<i style="left:{left:.2f}%;width:{right - left:.2f}%"></i></span>'
            f'<span class="n {kind}">{number}</span>'
        )

    rows = [row("total", names[0], (0.0, base), percent(base))]
    rows += [
        row("up" if size > 0 else "down", text, (at, at + size), points(size))
        for (text, size), at in zip(steps, edges, strict=False)
    ]
    rows.append(row("total this", names[1], (0.0, end), percent(end)))
    return f'<div class="wf">{"".join(rows)}</div>'


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    words: int = 1,
    on: int | None = None,
    scrolls: str = "",
) -> str:
    """A table of ready HTML cells: first `words` columns of text, then numbers; `on` stands out.

    `scrolls` names a table that may be larger than its box, which then takes the focus.
    """
    kinds = ["w" if k < words else "n" for k in range(len(head))]
    if on is not None:
        kinds[on] += " on"

    def line(cells: Sequence[str], tag: str) -> str:
        inner = (f'<{tag} class="{k}">{c}</{tag}>' for k, c in zip(kinds, cells, strict=True))
        return f"<tr>{''.join(inner)}</tr>"

    body = "".join(line(row, "td") for row in rows)
    box = f' tabindex="0" role="region" aria-label="{escape(scrolls)}"' * bool(scrolls)
    return (
        f'<div class="wide"{box}><table><thead>{line(head, "th")}</thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def error_box(error: CipError) -> str:
    """What happened and what to do, where a page would have been."""
    hint = f"<p>{_commands(capital(error.hint))}</p>" if error.hint else ""
    return block(
        f'<div class="card box" role="alert"><h4>{escape(capital(error.message))}</h4>{hint}'
        f'<p class="sub">{escape(error.code)}. Nothing was changed or lost.</p></div>'
    )


def ramp_step(value: float, greatest: float) -> int:
    """The step of the risk ramp, 0 to 4, for a share of the greatest value."""
    if greatest <= 0:
        return 0
    return min(STEPS - 1, int(STEPS * value / greatest))


def drawer_theme(dark: bool) -> str:
    """The colour scheme of drawers, which Streamlit puts outside the element that has it."""
    return f"<style>[data-testid=stDialog]{{color-scheme:{'dark' if dark else 'light'}}}</style>"


def _commands(text: str) -> str:
    """HTML of a text in which commands stand between backticks."""
    return _BETWEEN_BACKTICKS.sub(r"<code>\1</code>", escape(text))
