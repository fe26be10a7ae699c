"""Reasons that read the same, said once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cip.models.explain import OTHERS
from cip.types import Reason


def said_once(listed: Iterable[Reason]) -> list[Reason]:
    """The reasons, those of one sentence as one with their points added, largest first.

    Two facts may both be unknown for one cause.  All other facts stay last, and the points add up
    to what they did.
    """
    found: dict[str, Reason] = {}
    for reason in listed:
        same = found.get(reason.sentence)
        added = reason if same is None else replace(same, points=same.points + reason.points)
        found[reason.sentence] = added
    return sorted(found.values(), key=lambda r: (r.fact == OTHERS, -abs(r.points)))


def named(listed: Iterable[Reason], top: int) -> list[Reason]:
    """The `top` largest of them that are facts of their own."""
    return [reason for reason in said_once(listed) if reason.fact != OTHERS][:top]
