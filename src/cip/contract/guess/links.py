"""Which tables speak of the same customers and items: how many values they have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cip.contract.guess.shapes import TableProfile

_ENOUGH: Final = 0.5


@dataclass(frozen=True, slots=True)
class Link:
    """`share` of the distinct values of `here` that stand in `there`, a column of unlike rows.

    `doubt` says when the ids are the same only once leading zeros or capitals are set aside.
    """

    here: str
    there: str
    share: float
    doubt: str = ""


def overlap(one: tuple[TableProfile, str], other: tuple[TableProfile, str]) -> Link:
    """How much of the one column stands in the other; scaled up where the other is a sample."""
    (table, column), (target, key) = one, other
    values = {cell for cell in table.cells[column] if cell is not None}
    listed = {cell for cell in target.cells[key] if cell is not None}
    here, there = f"{table.name}.{column}", f"{target.name}.{key}"
    if not target.is_whole and target.rows <= target.sampled:
        return Link(here, there, 1.0)  # nobody knows how much of it was seen
    seen = (target.sampled / target.rows if target.rows else 1.0) * max(1, len(values))
    share = min(1.0, len(values & listed) / seen)
    alike = {_bare(value) for value in listed}
    bare = min(1.0, sum(_bare(value) in alike for value in values) / seen)
    if bare > share + 0.2 and bare >= _ENOUGH:
        doubt = f"ids of {here} are those of {there} only without leading zeros and capitals"
        return Link(here, there, bare, doubt)
    return Link(here, there, share)


def points_into(
    table: TableProfile, column: str, targets: Sequence[tuple[TableProfile, str]]
) -> Link | None:
    """The best link of the column into one of the keys, if most of its values stand there."""
    links = [overlap((table, column), target) for target in targets if target[0] is not table]
    best = max(links, key=lambda link: link.share, default=None)
    return best if best is not None and best.share >= _ENOUGH else None


def _bare(value: str) -> str:
    return value.lower().removesuffix(".0").lstrip("0") or "0"
