"""What a search for settings found, as figures, in words and as lines of cip.toml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cip.flows.search import Searched
from cip.models.churn.candidates import candidate_named
from cip.models.churn.search import Found
from cip.models.churn.settings import Factors, Settings
from cip.wording import count, signed


def search_figures(
    searched: Searched, budget: int, folds: Sequence[Searched] = ()
) -> dict[str, Any] | None:
    """JSON-ready; None where no search was asked for.

    `budget`: seconds for all searches; `folds`: those of each fold, where it had its own.
    """
    if not budget:
        return None
    return {
        "budget_seconds": budget,
        "seconds": round(sum(one.spent for one in (searched, *folds)), 1),
        "found": [one.as_dict() for one in searched.found],
        "folds": [[one.as_dict() for one in fold.found] for fold in folds],
        "sentence": " ".join([sentence(searched), *_of_folds(folds)]),
        "toml": as_toml({one.name: one.best for one in searched.found if one.departs}),
    }


def settings_figures(settings: Settings) -> dict[str, dict[str, float]]:
    """The multiples that candidates were fitted with, JSON-ready; none for one at its defaults."""
    return {name: dict(factors) for name, factors in settings.items() if factors}


def sentence(searched: Searched) -> str:
    """What was tried, what came of it, and with what interval."""
    if searched.reason:
        return f"No settings were searched: {searched.reason}."
    tried = sum(one.tried for one in searched.found)
    each = ", ".join(f"{_label(one)} {one.tried}" for one in searched.found)
    if not tried:
        return f"No settings were searched: {searched.budget:.0f} s are too few for a single one."
    told = (
        f"Searched for {searched.spent:.0f} of {searched.budget:.0f} s and tried {count(tried)} "
        f"settings ({each}), {searched.how}."
    )
    if all(one.tried < 2 for one in searched.found):
        told += " That is the defaults alone: give it more seconds."
    elif not any(one.departs for one in searched.found):
        told += " None is shown to be better than the size-aware defaults, which stay."
    return " ".join([told, *_gains(searched.found), *_level(searched.found)])


def _of_folds(folds: Sequence[Searched]) -> list[str]:
    """What became of it where each fold searched anew, as its figures need."""
    if not folds:
        return []
    departed = sum(any(one.departs for one in fold.found) for fold in folds)
    said = (
        f"That is of the model that serves; each of the {len(folds)} folds searched anew on its "
        f"own training rows, and {departed} of them left a default."
    )
    return [said]


def _gains(found: Sequence[Found]) -> list[str]:
    """One sentence a candidate of which more than the default was tried."""
    return [_gain(one) for one in found if not one.gain.reason]


def _gain(one: Found) -> str:
    if not one.best:
        return f"{_capital(_label(one))}: the default was the best of them."
    interval = f"{signed(one.gain.low, 4)} to {signed(one.gain.high, 4)}"
    saves = f"saves {one.gain.value:.4f} nats of log loss ({interval})"
    if one.departs:
        return f"{_capital(_label(one))} departs from its default: {multiples(one.best)} {saves}."
    return (
        f"{_capital(_label(one))}: the best, {multiples(one.best)}, {saves}, which may be chance."
    )


def _level(found: Sequence[Found]) -> list[str]:
    if not any(one.best for one in found):
        return []
    return ["The intervals hold with 95 % confidence for all that were tried at once."]


def multiples(factors: Factors) -> str:
    """`2 × leaves, 0.5 × trees`; the default by that word."""
    return ", ".join(f"{by:g} × {name}" for name, by in factors.items()) or "the default"


def as_toml(settings: Mapping[str, Factors]) -> str:
    """Lines for cip.toml that give a run the same settings; empty where all are at their defaults.

    Multiples are written so that they are read as the very same numbers.
    """
    tables = (
        "\n".join([f"[churn.settings.{name}]", *(f"{key} = {by!r}" for key, by in factors.items())])
        for name, factors in settings.items()
        if factors
    )
    return "\n\n".join(tables)


def _label(one: Found) -> str:
    return candidate_named(one.name).label


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
