"""The report of `cip check` as one HTML file: no script, no foreign host, light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from cip.faces.report.page import document, heading, pill
from cip.flows.check import CheckReport

Entry = Mapping[str, Any]

_WORDS: Final[Mapping[str, str]] = {"yes": "good", "thin": "fair", "no": "bad"}
_SEVERITIES: Final[Mapping[str, str]] = {"error": "bad", "warning": "fair", "info": "plain"}
_SEVERAL: Final[Mapping[str, str]] = {"error": "errors", "warning": "warnings", "info": "notes"}


def check_report(report: CheckReport) -> str:
    """The whole document; everything that comes from the data or from `cip.toml` is escaped."""
    said = report.as_dict()
    parts = (
        _head(said),
        _tiles(said),
        _readiness(said["readiness"]),
        _findings(said["findings"]),
        _policies(said["policies"]),
        _tables(said),
        _bounds(said),
        _foot(said),
    )
    return document(f"Data check: {said['workspace']}", parts, ("check.css",))


def _head(said: Entry) -> str:
    word = pill("can run", "good") if said["ok"] else pill("would refuse", "bad")
    kind = " · simulated data" if said["simulated"] else ""
    when = said["checked_at"].replace("T", " ").replace("+00:00", " UTC")
    return (
        f"<header><h1>Data check: {escape(said['workspace'])}</h1>"
        f'<span class="sub">{escape(when)}{kind}</span></header>'
        f'<p class="answer">{word} {escape(said["verdict"])}</p>'
    )


def _tiles(said: Entry) -> str:
    counts = dict.fromkeys(_SEVERAL, 0)
    for finding in said["findings"]:
        counts[finding["severity"]] += 1
    tiles = [("rows read", sum(said["sources"].values())), ("tables", len(said["rows"]))]
    tiles += [(name, counts[severity]) for severity, name in _SEVERAL.items()]
    made = "".join(
        f'<div class="card tile"><b>{count:,}</b><span>{name}</span></div>' for name, count in tiles
    )
    return f'<div class="tiles">{made}</div>'


def _readiness(verdicts: Sequence[Entry]) -> str:
    if not verdicts:
        return ""
    cards = "".join(_verdict(verdict) for verdict in verdicts)
    return heading("Enough data for", "Counted before anything is trained.") + (
        f'<div class="cards">{cards}</div>'
    )


def _verdict(verdict: Entry) -> str:
    advice = f'<p class="do">{escape(verdict["what_to_do"])}</p>' if verdict["what_to_do"] else ""
    word, name = verdict["word"], escape(_capital(verdict["use_case"]))
    return (
        f'<div class="card"><h3>{name}{pill(word, _WORDS[word])}</h3>'
        f"<p>{escape(verdict['sentence'])}</p>{advice}</div>"
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _findings(findings: Sequence[Entry]) -> str:
    if not findings:
        return heading("Findings", "Nothing was found.")
    return heading("Findings", "Errors stop a run; the others say what was done.") + "".join(
        _finding(finding) for finding in findings
    )


def _finding(finding: Entry) -> str:
    severity = finding["severity"]
    place = ".".join(filter(None, [finding["table"], finding["column"]]))
    source = f"<span>source {escape(finding['source'])}</span>" if finding["source"] else ""
    rows = f"{finding['rows']:,} of {finding['total_rows']:,} rows" if finding["rows"] else ""
    facts = [
        ("Rows", ", ".join(f"{row:,}" for row in finding["rows_seen"] or _first(finding))),
        ("Values seen", _codes(finding["values_seen"] or _example(finding))),
        ("Remedy", f'<span class="remedy">{escape(finding["remedy"])}</span>'),
    ]
    list_ = "".join(f"<dt>{name}</dt><dd>{what}</dd>" for name, what in facts if what)
    return (
        f'<article class="card finding {severity}"><div class="head">'
        f"{pill(severity, _SEVERITIES[severity])}<b>{escape(finding['code'])}</b>"
        f"<span>{escape(place)}</span>{source}<span>{rows}</span></div>"
        f'<p class="said">{escape(finding["message"])}</p><dl>{list_}</dl></article>'
    )


def _first(finding: Entry) -> list[int]:
    return [] if finding["first_row"] is None else [finding["first_row"]]


def _example(finding: Entry) -> list[str]:
    return [] if finding["example"] is None else [finding["example"]]


def _codes(values: Sequence[str]) -> str:
    return " ".join(f"<code>{escape(value)}</code>" for value in values)


def _policies(lines: Sequence[Entry]) -> str:
    rows = [
        [
            escape(line["table"]),
            escape(line["source"]),
            escape(line["policy"].replace("_", " ")),
            escape(line["choice"]),
            f"{line['rows']:,}",
            escape(line["sentence"]),
        ]
        for line in lines
    ]
    words = ["Table", "Source", "Policy", "Choice", "Rows", "What was done"]
    under = "cip.toml says them for each table, under policy."
    return heading("Policies", under) + _table(words, rows, numbers={4}) if rows else ""


def _tables(said: Entry) -> str:
    rows = [[escape(name), f"{count:,}"] for name, count in said["rows"].items()]
    sources = [[escape(name), f"{count:,}"] for name, count in said["sources"].items()]
    if not rows:
        return ""
    return (
        heading("Tables", "Rows that a load would have, after the findings above.")
        + _table(["Table", "Rows"], rows, numbers={1})
        + heading("Sources", "Rows as they were read.")
        + _table(["Source", "Rows"], sources, numbers={1})
    )


def _bounds(said: Entry) -> str:
    if not said["readiness"]:
        return ""
    rows = [
        [
            escape(bound["what"]),
            f"{bound['least']:,}",
            f"{bound['advised']:,}",
            escape(bound["source"]),
        ]
        for bound in said["bounds"].values()
    ]
    under = "Below the least the answer is no, below the advised it is thin."
    words = ["What is counted", "Least", "Advised", "Who advises it"]
    return heading("How much is enough", under) + _table(words, rows, numbers={1, 2})


def _foot(said: Entry) -> str:
    return f"<footer>Made by <code>cip check</code>, CIP {escape(said['version'])}.</footer>"


def _table(words: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: set[int]) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        made = (
            f'<{tag} class="n">{cell}</{tag}>' if place in numbers else f"<{tag}>{cell}</{tag}>"
            for place, cell in enumerate(cells)
        )
        return f"<tr>{''.join(made)}</tr>"

    body = "".join(row(cells, "td") for cells in rows)
    return (
        f'<div class="card wide"><table><thead>{row(words, "th")}</thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
