"""The report of `cip judge` as one HTML file: no script, no foreign host, light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from cip.faces.report.judge_charts import profit_chart, ranking_charts, time_charts
from cip.faces.report.page import bullets, document, heading, pill
from cip.flows.judge import Judged
from cip.wording import THIN, count, percent, signed

Entry = Mapping[str, Any]

_KINDS: Final[Mapping[str, str]] = {
    "do not use": "bad",
    "rank with it only": "fair",
    "sound": "good",
}


def judge_report(judged: Judged) -> str:
    """The whole document; everything that comes from the file is escaped."""
    said = judged.as_dict()
    parts = (
        _head(said),
        _verdict(said),
        _tiles(said),
        _next_steps(said),
        _signs(said["signs"]),
        heading("Does it find those who leave?"),
        ranking_charts(said),
        _steps(said),
        heading("Would it pay to act on it?"),
        profit_chart(said, _money(said)),
        _rival(said),
        _periods(said),
        _figures(judged),
        heading("How the file was read"),
        bullets(said["how_read"]),
        heading("What this cannot know"),
        bullets(said["limits"]),
        _foot(said),
    )
    return document(f"Verdict on {said['columns']['score']}", parts, ("check.css", "judge.css"))


def _head(said: Entry) -> str:
    when = said["judged_at"].replace("T", " ").replace("+00:00", " UTC")
    name = Path(said["file"]).name
    return (
        f"<header><h1>Can you rely on the score {escape(said['columns']['score'])}?</h1>"
        f'<span class="sub">{escape(name)} · {escape(when)}</span></header>'
    )


def _verdict(said: Entry) -> str:
    kind = _KINDS[said["word"]]
    return (
        f'<section class="card verdict {kind}">{pill(said["word"], kind)}'
        f'<p class="headline">{escape(said["headline"])}</p>'
        f'<p class="beside">{escape(said["beside"])}</p></section>'
    )


def _tiles(said: Entry) -> str:
    auc, top = said["figures"]["roc_auc"], said["gains"]["top"]["0.1"]
    counts, kept = said["counts"], said["profit"]["kept"]
    left = f"{count(counts['left'])} of {count(counts['judged'])}"
    tiles = [
        (
            f"{auc['value']:.2f}",
            f"{auc['low']:.2f}–{auc['high']:.2f}",
            "ROC-AUC: how often a leaver ranks above a stayer; a coin is 0.50",
        ),
        (
            percent(top["value"], 0),
            f"{100 * top['low']:.0f}–{100 * top['high']:.0f}; by lot 10",
            "of all leavers are in the riskiest tenth",
        ),
        (percent(counts["rate"]), left, "of the judged customers left"),
        (
            f"{kept['value']:,.2f}",
            f"{kept['low']:,.2f} to {kept['high']:,.2f}",
            "profit a customer of the best list, reckoned at the stated costs",
        ),
    ]
    if said["word"] == "do not use":  # money would tempt somebody to use it
        tiles[-1] = ("–", "no profit", "is promised by a score that is not to be used")
    made = "".join(
        f'<div class="card tile"><b>{value}</b><em>{between}</em><span>{what}</span></div>'
        for value, between, what in tiles
    )
    return f'<div class="tiles">{made}</div>'


def _next_steps(said: Entry) -> str:
    steps = "".join(f"<li>{escape(step)}</li>" for step in said["next_steps"])
    return heading("What to do next") + f'<ol class="card todo">{steps}</ol>' if steps else ""


def _signs(signs: Sequence[Entry]) -> str:
    if not signs:
        return heading("Signs of a leak", "None was found in what this file can show.")
    made = "".join(
        f'<article class="card sign{" bad" * sign["is_grave"]}">'
        f"{pill('grave', 'bad') if sign['is_grave'] else pill('look into it', 'fair')}"
        f'<p>{escape(sign["sentence"])}</p><p class="do">{escape(sign["what_to_do"])}</p></article>'
        for sign in signs
    )
    return heading("Signs to look into", "What may flatter the figures.") + made


def _steps(said: Entry) -> str:
    steps = said["steps"]
    stated = said["stated"] is not None
    most = max(step["left"]["high"] for step in steps)
    rows = [
        [
            _cell(escape(step["values"]), "nowrap"),
            *([_cell(percent(step["said"]), "n")] if stated else []),
            _cell(percent(step["left"]["value"]), "n"),
            _cell(f"{100 * step['left']['low']:.1f}–{100 * step['left']['high']:.1f}", "n"),
            _bar(step["left"]["value"] / most),
            _cell(count(step["rows"]), "n"),
        ]
        for step in steps
    ]
    first = ["Value of the score", "Stated"] if stated else ["Value of the score"]
    words = [*first, "Left", "95 % interval", "", "Customers"]
    under = "From the safest customers to the riskiest. Until it is recalibrated, read it so."
    if not stated:
        under = "From the safest customers to the riskiest: what to read each value as."
    return heading("What each value has meant", under) + _table(words, rows)


def _bar(share: float) -> str:
    return f'<td class="bar-cell"><i style="width:{100 * share:.0f}%"></i></td>'


def _money(said: Entry) -> str:
    """The profit's figures, and how to reckon with one's own money."""
    profit = said["profit"]
    best = profit["best"]
    rows = [
        ("Best share to contact", percent(best["value"], 0), f"{_hundred(best)}{THIN}%"),
        *(
            (name, f"{figure['value']:,.2f}", f"{figure['low']:,.2f} to {figure['high']:,.2f}")
            for name, figure in (
                ("Earned a customer", profit["kept"]),
                ("… more than contacting everybody", profit["over_all"]),
                ("… more than as many by lot", profit["over_random"]),
            )
        ),
    ]
    cells = "".join(
        f'<tr><td>{name}</td><td class="n"><b>{value}</b></td><td class="n">{between}</td></tr>'
        for name, value, between in rows
    )
    return (
        f'<div class="card money"><h3>In figures</h3><table><tbody>{cells}</tbody></table>'
        "<p>Money is that of the file. A leaver who is contacted accepts the offer with the "
        "stated chance and stays; a stayer who is contacted takes the offer and would have stayed "
        "anyway. The length of the list was chosen on one half of the customers and counted on "
        "the other.</p><p>Reckon with your own money: "
        "<code>--clv 350 --offer 20 --contact 2</code>, or <code>--value COLUMN</code> for what "
        "each customer is worth. What an offer really does, only a test with a group that is left "
        "alone can tell.</p></div>"
    )


def _hundred(figure: Entry) -> str:
    return f"{100 * figure['low']:.0f}–{100 * figure['high']:.0f}"


def _rival(said: Entry) -> str:
    rival = said["rival"]
    if rival["reason"]:
        body = f'<p class="card">{escape(rival["reason"])}</p>'
        return (
            heading("Is it better than a model of the same file?")
            + body
            + _left_out(said["left_out"])
        )
    auc = rival["roc_auc"]
    many = len(rival["columns"])
    rows = [
        ("", "Everybody alike (the base rate)", 0.5, ""),
        (
            "",
            f"The best single column, {rival['best_single_column']}",
            auc["best_single_column"],
            f"your score: {_difference(rival['over_single'])}",
        ),
        (
            "",
            f"Our own model of {count(many)} other column{'s' * (many > 1)} ({rival['chosen']})",
            auc["ours"],
            f"your score: {_difference(rival['over_rival'])}",
        ),
        ("own", "Your score", auc["score"], ""),
        (
            "",
            "Our own model with your score as one more column",
            auc["ours_with_score"],
            f"the score adds: {_difference(rival['adds'])}",
        ),
    ]
    cells = [
        [_cell(escape(name)), _cell(f"{value:.3f}", "n"), _cell(escape(gap), "gap")]
        for _, name, value, gap in rows
    ]
    under = (
        f"On {count(rival['rows'])} customers; our model never learnt from the customer it speaks "
        "of (five folds by customer, the candidate chosen inside them)."
    )
    made = _table(
        ["Who ranks", "ROC-AUC", "Difference, 95 % interval"], cells, [row[0] for row in rows]
    )
    return (
        heading("Is it better than a model of the same file?", under)
        + made
        + _left_out(said["left_out"])
    )


def _left_out(columns: Mapping[str, str]) -> str:
    if not columns:
        return ""
    listed = bullets([f"{name}: {why}" for name, why in columns.items()])
    many = len(columns)
    head = f"{count(many)} column{'s' * (many > 1)} that our model did not read, and why"
    return f"<details><summary>{head}</summary>{listed}</details>"


def _periods(said: Entry) -> str:
    if not said["periods"]:
        return ""
    rows = [
        [
            _cell(escape(each["name"]), "nowrap"),
            _cell(count(each["rows"]), "n"),
            _cell(_auc(each["auc"]), "n"),
            _cell(percent(each["left"]["value"]), "n"),
            _cell("–" if each["said"] is None else percent(each["said"]), "n"),
            _cell(escape(each["differs"] or "as the others"), "wrap"),
        ]
        for each in said["periods"]["periods"]
    ]
    words = ["Period", "Customers", "ROC-AUC", "Left", "Stated", "How it differs"]
    under = "By the date of the score; what differs does so beyond chance, all periods together."
    return heading("Does it last?", under) + time_charts(said) + _table(words, rows)


def _figures(judged: Judged) -> str:
    rows = [
        [_cell(escape(name), "nowrap"), _cell(escape(value)), _cell(escape(what), "wrap")]
        for name, value, what in judged.said.figures
    ]
    under = "95 % intervals; customers are drawn, with all their rows."
    made = _table(["Figure", "Value", "What it means"], rows)
    return heading("All figures", under) + f'<div class="stack">{made}</div>'


def _foot(said: Entry) -> str:
    return (
        f"<footer>Made by <code>cip judge</code>, CIP {escape(said['version'])}, from one file; "
        "nothing was stored or sent.</footer>"
    )


def _auc(figure: Entry) -> str:
    if figure["value"] is None:
        return "too few"
    return f"{figure['value']:.2f} ({figure['low']:.2f}–{figure['high']:.2f})"


def _difference(figure: Entry) -> str:
    if figure["value"] is None:
        return str(figure["reason"])
    return f"{signed(figure['value'])} ({signed(figure['low'])} to {signed(figure['high'])})"


def _cell(text: str, kind: str = "") -> str:
    return f'<td class="{kind}">{text}</td>' if kind else f"<td>{text}</td>"


def _table(words: Sequence[str], rows: Iterable[Sequence[str]], kinds: Sequence[str] = ()) -> str:
    """Rows of cells; a heading stands on the side of its cells."""
    listed = [list(row) for row in rows]
    first = listed[0] if listed else []
    head = "".join(
        f'<th class="n">{word}</th>' if 'class="n"' in cell else f"<th>{word}</th>"
        for word, cell in zip(words, first, strict=True)
    )
    kinds = kinds or [""] * len(listed)
    body = "".join(
        f'<tr class="{kind}">{"".join(row)}</tr>' if kind else f"<tr>{''.join(row)}</tr>"
        for row, kind in zip(listed, kinds, strict=True)
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="card wide">{table}</div>'
