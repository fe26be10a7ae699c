"""What the ledger says, in words with numbers: the same sentences for every face."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cip.wording import amount, count, last_day


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
        by = " by the base rate alone" if is_base_rate(forecast) else ""
        return f"{_head(entry)}: {_expected(forecast['leavers'])} to leave{by}{_waits(entry)}"
    inside = "inside" if outcome["leavers_inside"] else "OUTSIDE"
    gone = outcome["not_found"]
    return (
        f"{_head(entry)}: {_expected(outcome['forecast_leavers'])} to leave, "
        f"{count(outcome['leavers'])} left: {inside} the interval.{_money(entry)}"
        + (f" {count(gone)} customers are no longer in the data." if gone else "")
    )


def is_base_rate(forecast: Mapping[str, Any]) -> bool:
    """Whether no model served, so that everybody had the base rate; lines of old do not say."""
    return bool(forecast.get("base_rate", False))


def _head(entry: Mapping[str, Any]) -> str:
    forecast = entry["forecast"]
    if not forecast["cutoff"]:
        return f"Run {entry['run_id']}"
    made, to = last_day(forecast["cutoff"]), last_day(entry["due"])
    return f"Made at the end of {made}, for the days up to {to} (run {entry['run_id']})"


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
    return f"; known when the data hold all of {last_day(entry['due'])}."


def _money(entry: Mapping[str, Any]) -> str:
    outcome = entry["outcome"]
    loss = outcome["forecast_loss"]
    if outcome["loss"] is None or is_base_rate(entry["forecast"]):
        return ""

    def of(name: str) -> str:
        return amount(loss[name], loss["unit"])

    inside = "inside" if outcome["loss_inside"] else "OUTSIDE"
    return (
        f" Expected loss {of('value')} ({of('low')} to {of('high')} by the chance of leaving "
        f"alone), lost {amount(outcome['loss'], loss['unit'])}: {inside}."
    )
