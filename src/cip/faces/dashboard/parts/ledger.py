"""What earlier runs forecast and what came of it: predicted against realised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cip.faces.dashboard import look
from cip.faces.dashboard.formats import MISSING, count, figure, last_day, spread
from cip.faces.dashboard.look import escape
from cip.flows.ledger_words import is_base_rate
from cip.flows.without_model import serves

Summary = Mapping[str, Any]

_TITLE: Final = "What was forecast, and what came of it"
_HEAD: Final = ("Made at the end of", "Expected to leave", "Left", "Expected loss", "Lost", "")
BY_CHANCE: Final = "by the chance of leaving alone"
BASE_RATE: Final = "base rate only"
_NOTE: Final = (
    "Each run seals its forecast when it is published. The intervals are those of chance: they "
    "hold if the probabilities are right and customers leave one by one. The interval of the loss "
    "on the front page is another: of how well their value is known. Lost: what leavers were worth "
    "when the forecast was made. The command cip ledger checks the seals."
)


def by_chance(summary: Summary) -> str:
    """The run's own forecast of the loss as an interval, where its value has none: a rule.

    The same words on the front page and in the table; empty where nothing was sealed.
    """
    if not _is_by_rule(summary):
        return ""
    own = [e for e in summary.get("ledger") or () if e["run_id"] == summary["run_id"]]
    return _by_chance(own[-1]["forecast"]["loss"]) if own else ""


def block(summary: Summary) -> str:
    """A table of the forecasts, newest first; a sentence where there are none."""
    entries = summary.get("ledger")
    if not entries:
        return look.heading(_TITLE, "This run sealed no forecast. Run again to have it done.")
    rows = [_row(entry, _blind(entry, summary)) for entry in reversed(entries)]
    return look.heading(_TITLE, _below(entries)) + look.table(_HEAD, rows) + look.note(_NOTE)


def _below(entries: list[Summary]) -> str:
    judged = [entry["outcome"] for entry in entries if entry["outcome"]]
    if judged:
        inside = sum(outcome["leavers_inside"] for outcome in judged)
        return f"{count(inside)} of {count(len(judged))} outcomes so far lie within their interval."
    first = min((entry["due"] for entry in entries if entry["due"]), default=None)
    if first is None:
        return "A table without time never says what became of anybody."
    return (
        f"Nothing has fallen due yet; the first does when the data hold all of {last_day(first)}."
    )


def _is_by_rule(summary: Summary) -> bool:
    """Whether the loss is known and has no interval: its value follows from a rule."""
    loss = summary.get("totals", {}).get("expected_value_loss")
    return bool(loss) and loss["value"] is not None and loss["low"] is None


def _blind(entry: Summary, summary: Summary) -> bool:
    """Whether no model served: the line says it, and the summary says it of its own run."""
    is_own = entry["run_id"] == summary.get("run_id")
    return is_base_rate(entry["forecast"]) or (is_own and not serves(summary))


def _row(entry: Summary, blind: bool) -> list[str]:
    """A forecast by the base rate alone names nobody, so it has no loss."""
    forecast, outcome = entry["forecast"], entry["outcome"]
    leavers = outcome["forecast_leavers"] if outcome else forecast["leavers"]
    loss = outcome["forecast_loss"] if outcome else forecast["loss"]
    return [
        f"{_when(entry)}<small>{escape(entry['run_id'])}</small>",
        _cell(figure(leavers), " ".join(filter(None, (spread(leavers), BASE_RATE * blind)))),
        _cell(count(outcome["leavers"])) if outcome else MISSING,
        _cell(MISSING, BASE_RATE) if blind else _cell(figure(loss), _by_chance(loss)),
        _cell(_lost(outcome, loss["unit"])) if outcome else MISSING,
        _state(entry),
    ]


def _when(entry: Summary) -> str:
    if not entry["due"]:
        return _cell("no time")
    ahead = f"for the days up to {last_day(entry['due'])}"
    return _cell(last_day(entry["forecast"]["cutoff"]), ahead)


def _by_chance(loss: Summary) -> str:
    interval = spread(loss)
    return f"{interval} {BY_CHANCE}" if interval else ""


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
