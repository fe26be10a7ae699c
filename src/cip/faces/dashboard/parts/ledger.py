"""What earlier runs forecast and what came of it: predicted against realised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cip.faces.dashboard import look
from cip.faces.dashboard.formats import count, figure, spread
from cip.faces.dashboard.look import escape

Summary = Mapping[str, Any]

_TITLE: Final = "What was forecast, and what came of it"
_HEAD: Final = ("Days", "Expected to leave", "Left", "Expected loss", "Lost", "")
BY_CHANCE: Final = "by the chance of leaving alone"
_NOTE: Final = (
    "Each run seals its forecast when it is published. The intervals hold if the probabilities are "
    "right and customers leave one by one. Lost: what leavers were worth when the forecast was "
    "made. The command cip ledger checks the seals."
)


def by_chance(summary: Summary) -> str:
    """The run's own forecast of the loss as an interval, where its value has none: a rule.

    The same words on the front page and in the table; empty where nothing was sealed.
    """
    if not _is_by_rule(summary):
        return ""
    own = [e for e in summary.get("ledger") or () if e["run_id"] == summary["run_id"]]
    interval = spread(own[-1]["forecast"]["loss"]) if own else ""
    return f"{interval} {BY_CHANCE}" if interval else ""


def block(summary: Summary) -> str:
    """A table of the forecasts, newest first; a sentence where there are none."""
    entries = summary.get("ledger")
    if not entries:
        return look.heading(_TITLE, "This run sealed no forecast. Run again to have it done.")
    rows = [_row(entry, BY_CHANCE * _is_by_rule(summary)) for entry in reversed(entries)]
    return look.heading(_TITLE, _below(entries)) + look.table(_HEAD, rows) + look.note(_NOTE)


def _below(entries: list[Summary]) -> str:
    judged = [entry["outcome"] for entry in entries if entry["outcome"]]
    if judged:
        inside = sum(outcome["leavers_inside"] for outcome in judged)
        return f"{count(inside)} of {count(len(judged))} outcomes so far lie within their interval."
    first = min((entry["due"] for entry in entries if entry["due"]), default=None)
    if first is None:
        return "A table without time never says what became of anybody."
    return f"Nothing has fallen due yet; the first does when the data reach {first}."


def _is_by_rule(summary: Summary) -> bool:
    """Whether the loss is known and has no interval: its value follows from a rule."""
    loss = summary.get("totals", {}).get("expected_value_loss")
    return bool(loss) and loss["value"] is not None and loss["low"] is None


def _row(entry: Summary, why: str) -> list[str]:
    """`why`: what the interval of the loss speaks of, if not of everything."""
    forecast, outcome = entry["forecast"], entry["outcome"]
    leavers = outcome["forecast_leavers"] if outcome else forecast["leavers"]
    loss = outcome["forecast_loss"] if outcome else forecast["loss"]
    days = f"{forecast['cutoff'][:10]} – {entry['due']}" if entry["due"] else "no time"
    return [
        f"<b>{escape(days)}</b><small>{escape(entry['run_id'])}</small>",
        _cell(figure(leavers), spread(leavers)),
        _cell(count(outcome["leavers"])) if outcome else "–",
        _cell(figure(loss), f"{spread(loss)} {why}".strip()),
        _cell(_lost(outcome, loss["unit"])) if outcome else "–",
        _state(entry),
    ]


def _lost(outcome: Summary, unit: str) -> str:
    return figure({"value": outcome["loss"], "unit": unit, "low": None, "high": None})


def _state(entry: Summary) -> str:
    outcome = entry["outcome"]
    if outcome is None:
        return f'<span class="pill plain" title="{escape(entry["reason"])}">open</span>'
    inside = outcome["leavers_inside"] and outcome["loss_inside"] is not False
    word, kind = ("inside", "good") if inside else ("outside", "bad")
    return f'<span class="pill {kind}">{word}</span>'


def _cell(value: str, below: str = "") -> str:
    small = f"<small>{escape(below)}</small>" if below else ""
    return f"<b>{escape(value)}</b>{small}"
