"""What is said wherever data are shown that a program invented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_INVENTED: Final = (
    "A program invented these customers (synthetic data); no figure here is about real people."
)
_OWN_WORLD: Final = (
    "A program drew these customers from a known process, so that the truth is known; no figure "
    "here is about real people."
)


def note(described: Mapping[str, Any]) -> str:
    """The sentence; empty where the data are real.

    `described`: the workspace, as a run's summary or the settings describe it.  Runs made before
    `truth_known` could be said claim no truth.
    """
    if not described.get("simulated"):
        return ""
    return _OWN_WORLD if described.get("truth_known") else _INVENTED


def lines(described: Mapping[str, Any]) -> list[str]:
    """The same for people who read a terminal; no line where the data are real."""
    said = note(described)
    return [f"Simulated. {said}"] if said else []
