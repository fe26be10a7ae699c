"""Who would count as leavers under other horizons and definitions: a table, and its sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cip.wording import count, percent

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Definition:
    """One definition of leaving: its name, and its rows by how far ahead one looks."""

    name: str
    is_primary: bool
    rows: Sequence[Row]


def definitions(summary: Mapping[str, Any]) -> list[Definition]:
    """The definitions with what could be counted, the one that serves first; none in old runs.

    Two of one kind, such as silence of two sorts, share a name: a horizon that comes again is the
    next one's.
    """
    counted = [row for row in summary.get("sensitivity") or [] if row["churn_rate"] is not None]
    met: Counter[tuple[str, bool, int | None]] = Counter()
    found: dict[tuple[bool, str, int], list[Row]] = {}
    for row in counted:
        name, is_primary = row.get("label", "leaving"), bool(row.get("is_primary", True))
        turn = met[name, is_primary, row["horizon_days"]]
        met[name, is_primary, row["horizon_days"]] += 1
        found.setdefault((not is_primary, name, turn), []).append(row)
    first = sorted(found, key=lambda key: key[0])
    return [Definition(key[1], not key[0], found[key]) for key in first]


def lines(summary: Mapping[str, Any]) -> list[str]:
    """A line a definition: the share that would count as leavers under each horizon."""
    chosen = summary["calendar"].get("horizon_days")
    return [_line(one, chosen) for one in definitions(summary)]


def _line(one: Definition, chosen: int | None) -> str:
    shares = ", ".join(_share(row, one, chosen) for row in one.rows)
    looked_at = " to ".join(count(n) for n in sorted({row["customers"] for row in one.rows}))
    if all(row["horizon_days"] is None for row in one.rows):
        return f"Leavers by the column {one.name}: {shares} of {looked_at} customers."
    return (
        f"Who would count as a leaver by {one.name.replace('_', ' ')}, by days ahead: {shares}; "
        f"{looked_at} customers looked at."
    )


def _share(row: Row, one: Definition, chosen: int | None) -> str:
    days, share = row["horizon_days"], percent(row["churn_rate"])
    if days is None:
        return share
    is_this = one.is_primary and days == chosen
    return f"{days} days {share}{' (this run)' * is_this}"
