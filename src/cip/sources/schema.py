"""How the columns of a source changed since its last load, as findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cip.types import Finding

_FAMILIES: Final = (
    ("int", "number"),
    ("uint", "number"),
    ("float", "number"),
    ("halffloat", "number"),
    ("double", "number"),
    ("decimal", "number"),
    ("string", "text"),
    ("large_string", "text"),
    ("string_view", "text"),
    ("dictionary", "text"),
    ("timestamp", "time"),
    ("date", "time"),
)


def schema_changes(
    before: Mapping[str, str], now: Mapping[str, str], source: str
) -> tuple[Finding, ...]:
    """What is gone, new or of another type, in this order; nothing when nothing was stored before.

    `before` and `now`: column to type, as `Staged.schema` gives them; the order of the columns
    does not matter.  Types of one family (all numbers, all texts, all times) count as equal:
    a number that grows wider means what it meant; so does an empty column ("null") with any.
    A column that is gone is a warning here; where
    the mapping needs it, the contract makes it an error.
    """
    if not before:
        return ()
    gone = [_gone(name, kind, source) for name, kind in before.items() if name not in now]
    new = [_new(name, kind, source) for name, kind in now.items() if name not in before]
    changed = [
        _changed(name, before[name], kind, source)
        for name, kind in now.items()
        if name in before and _differ(before[name], kind)
    ]
    return (*gone, *new, *changed)


def _differ(before: str, now: str) -> bool:
    return "null" not in {before, now} and _family(before) != _family(now)


def _family(kind: str) -> str:
    return next((family for start, family in _FAMILIES if kind.startswith(start)), kind)


def _gone(name: str, kind: str, source: str) -> Finding:
    return Finding(
        "C-052", "warning", source, name, 0, 0,
        f"column {name!r} ({kind}) was there at the last load and is gone.",
        "was it renamed? Then mend the mapping; rows loaded before keep their values",
    )  # fmt: skip


def _new(name: str, kind: str, source: str) -> Finding:
    return Finding(
        "C-053", "info", source, name, 0, 0,
        f"column {name!r} ({kind}) is new since the last load.",
        "map it, or list it as an attribute, if it says something about customers",
    )  # fmt: skip


def _changed(name: str, before: str, now: str, source: str) -> Finding:
    return Finding(
        "C-054", "warning", source, name, 0, 0,
        f"column {name!r} was {before} at the last load and is {now} now.",
        "look whether the values still mean the same, above all for ids and times",
    )  # fmt: skip
