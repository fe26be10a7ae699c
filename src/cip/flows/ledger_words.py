"""What the ledger says, in words with numbers: the same sentences for every face."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cip.wording import amount, count


def matured_lines(summary: Mapping[str, Any]) -> list[str]:
    """A sentence a forecast that this run could judge, for its headlines."""
    return [
        said_of(entry)
        for entry in summary.get("ledger", ())
        if entry["outcome"] and entry["outcome"]["judged_by"] == summary["run_id"]
    ]


def said_of(entry: Mapping[str, Any]) -> str:
    """An entry in words: predicted against realised, customers and money."""
    forecast, outcome = entry["forecast"], entry["outcome"]
    if outcome is None:
        return f"{_head(entry)}: {_expected(forecast['leavers'])} to leave{_waits(entry)}"
    inside = "inside" if outcome["leavers_inside"] else "OUTSIDE"
    gone = outcome["not_found"]
    return (
        f"{_head(entry)}: {_expected(outcome['forecast_leavers'])} to leave, "
        f"{count(outcome['leavers'])} left: {inside} the interval.{_money(outcome)}"
        + (f" {count(gone)} customers are no longer in the data." if gone else "")
    )


def _head(entry: Mapping[str, Any]) -> str:
    forecast = entry["forecast"]
    if not forecast["cutoff"]:
        return f"Run {entry['run_id']}"
    return f"From {forecast['cutoff'][:10]} to {entry['due']} (run {entry['run_id']})"


def _expected(leavers: Mapping[str, Any]) -> str:
    if leavers["value"] is None:
        return f"nobody was forecast ({leavers['reason']})"
    return (
        f"{count(leavers['value'])} ({count(leavers['low'])} to {count(leavers['high'])}) expected"
    )


def _waits(entry: Mapping[str, Any]) -> str:
    if entry["reason"]:
        return f"; due, but not judged: {entry['reason']}"
    if entry["due"] is None:
        return "; a table without time never says what became of it."
    return f"; known when the data reach {entry['due']}."


def _money(outcome: Mapping[str, Any]) -> str:
    loss = outcome["forecast_loss"]
    if outcome["loss"] is None:
        return ""

    def of(name: str) -> str:
        return amount(loss[name], loss["unit"])

    inside = "inside" if outcome["loss_inside"] else "OUTSIDE"
    return (
        f" Expected loss {of('value')} ({of('low')} to {of('high')}), "
        f"lost {amount(outcome['loss'], loss['unit'])}: {inside}."
    )
