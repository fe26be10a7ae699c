"""Which policy decided what, and about how many rows: said in every run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Final

from cip import columns as c
from cip.contract.mapping import TableMapping
from cip.contract.tables import MONEY, TABLES, TableName
from cip.engine.times import NAIVE, OFFSET
from cip.types import Finding

BAD_VALUES: Final = frozenset(
    {"C-102", "C-103", "C-104", "C-105", "C-110", "C-112", "C-125", "C-127"}
)
"""The findings that `policy.bad_values` decides about."""

_CODES: Final[Mapping[str, frozenset[str]]] = {
    "guests": frozenset({"C-106"}),
    "duplicates": frozenset({"C-111"}),
    "refunds": frozenset({"C-108"}),
    "zero_amounts": frozenset({"C-109", "C-139"}),
    "bad_values": BAD_VALUES,
}
_AFTER: Final = frozenset({"C-117"})
_FOREIGN: Final = frozenset({"C-119"})
_IMPLAUSIBLE: Final = frozenset({"C-118"})
_WHAT: Final[Mapping[str, str]] = {
    "guests": "rows without a customer (guests)",
    "duplicates": "rows that repeat another word for word",
    "refunds": "refunds",
    "zero_amounts": "rows of amount zero",
    "bad_values": "rows with a value that cannot be right",
}
_DONE: Final[Mapping[str, str]] = {"keep": "kept", "drop": "dropped", "refuse": "refused"}


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """What one policy of one table did: `rows` of `total` rows of `source` met it.

    `what` names such rows in the plural, `done` what became of them.
    """

    table: str
    source: str
    policy: str
    choice: str
    what: str
    done: str
    rows: int
    total: int

    @property
    def sentence(self) -> str:
        """For people: "transactions (bills): refunds are kept (12 of 900 rows)."."""
        met = f"{self.rows:,} of {self.total:,} rows" if self.total else "from now on"
        count = f" ({met})" if self.rows or not self.total else " (none here)"
        return f"{self.table} ({self.source}): {self.what} are {self.done}{count}."

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, with the sentence."""
        return {**asdict(self), "sentence": self.sentence}


def added_up(lines: Iterable[PolicyLine]) -> tuple[PolicyLine, ...]:
    """One line a table, source, policy and choice: the counts of several files are added."""
    sums: dict[tuple[str, ...], PolicyLine] = {}
    for line in lines:
        key = (line.table, line.source, line.policy, line.choice)
        before = sums.get(key)
        more = (line.rows, line.total) if before else (0, 0)
        known = before or line
        sums[key] = replace(known, rows=known.rows + more[0], total=known.total + more[1])
    return tuple(sums.values())


def in_currency(code: str) -> str:
    """Under which name the rows of a currency are counted."""
    return f"_in_{code}"


def policy_lines(
    name: TableName,
    mapping: TableMapping,
    findings: Sequence[Finding],
    tallies: Mapping[str, int],
    *,
    as_of: date | None,
    currency: str | None,
) -> tuple[PolicyLine, ...]:
    """Every policy that speaks to this table, with the rows that it met."""
    total = tallies.get("rows", 0)
    said = [_decided(policy, mapping, findings, total) for policy in _speaking(name, mapping)]
    said += [_beyond(column, ends, findings, total) for column, ends in mapping.limits.items()]
    if TABLES[name].time is not None:
        said += [_zone(mapping, tallies, total), _late(mapping, total)]
        said += [_as_of(findings, as_of, total)] if as_of is not None else []
    if MONEY.get(name) in mapping.columns:
        said += _money(mapping, findings, tallies, currency)
    return tuple(PolicyLine(name, mapping.source, *each) for each in said)


_Said = tuple[str, str, str, str, int, int]


def _decided(policy: str, mapping: TableMapping, findings: Sequence[Finding], total: int) -> _Said:
    choice = str(getattr(mapping.policy, policy))
    rows, of = _met(findings, _CODES[policy], total)
    return policy, choice, _WHAT[policy], _DONE[choice], rows, of


def _beyond(
    column: str, ends: tuple[float, float], findings: Sequence[Finding], total: int
) -> _Said:
    limits = "{:g} to {:g}".format(*ends)
    theirs = [finding for finding in findings if finding.column == column]
    what, done = f"values of {column} outside {limits}", "taken as unknown, their rows kept"
    return "limits", f"{column} {limits}", what, done, *_met(theirs, _IMPLAUSIBLE, total)


def _met(findings: Sequence[Finding], codes: frozenset[str], total: int) -> tuple[int, int]:
    met = [finding for finding in findings if finding.code in codes]
    return sum(f.rows for f in met), max((f.total_rows for f in met), default=total)


def _speaking(name: TableName, mapping: TableMapping) -> list[str]:
    table = TABLES[name]
    wanted = {
        "guests": c.CUSTOMER_ID in table.required,
        "duplicates": table.time is not None or mapping.policy.duplicates == "drop",
        "refunds": name == "transactions",
        "zero_amounts": name == "transactions" or c.PRICE in mapping.columns,
        "bad_values": True,
    }
    return [policy for policy, speaks in wanted.items() if speaks]


def _zone(mapping: TableMapping, tallies: Mapping[str, int], total: int) -> _Said:
    zone = mapping.policy.time_zone
    naive, stated = (
        max((n for key, n in tallies.items() if key.startswith(f"_{mark}_")), default=0)
        for mark in (NAIVE, OFFSET)
    )
    kept = f"; {stated:,} others keep the offset they state" if stated else ""
    return "time_zone", zone, "times without an offset", f"read as {zone}{kept}", naive, total


def _late(mapping: TableMapping, total: int) -> _Said:
    if c.KNOWN_AT in mapping.columns:
        said = "known from the time that the source states"
        return "late_rows", c.KNOWN_AT, "rows that a later load brings", said, 0, 0
    said = (
        "known when they happened if the first load brings them, even where they were booked or "
        "mended later, and else from their load on"
    )
    return "late_rows", "load time", "rows without a known_at", said, total, total


def _as_of(findings: Sequence[Finding], as_of: date, total: int) -> _Said:
    day = f"{as_of:%Y-%m-%d}"
    return "as_of", day, f"rows after {day}", "dropped", *_met(findings, _AFTER, total)


def _money(
    mapping: TableMapping,
    findings: Sequence[Finding],
    tallies: Mapping[str, int],
    currency: str | None,
) -> list[_Said]:
    own = currency or "one currency"
    total = tallies.get("rows", 0)
    choice, (rows, of) = mapping.policy.currency, _met(findings, _FOREIGN, total)
    what = "rows in a currency without a rate"
    refused = ("currency", choice, what, _DONE[choice], rows, of)
    if c.CURRENCY not in mapping.columns:
        taken = (
            "currency",
            "not stated",
            "rows with money",
            f"taken as {own}",
            total - rows,
            total,
        )
        return [taken, refused] if rows else [taken]
    lines = [
        (
            "currency",
            code or "not stated",
            f"rows in {code}" if code else "rows that state no currency",
            "taken as they stand" if rate == 1 else f"converted at {rate:g} {own}",
            tallies.get(in_currency(code), 0),
            total,
        )
        for code, rate in rates_of(mapping, currency).items()
    ]
    return [*lines, refused]


def rates_of(mapping: TableMapping, currency: str | None) -> dict[str, float]:
    """What one unit of each known currency is worth; the workspace's own is worth 1."""
    own = {} if currency is None else {currency: 1.0}
    return {**own, **{code.strip().upper(): rate for code, rate in mapping.rates.items()}}
