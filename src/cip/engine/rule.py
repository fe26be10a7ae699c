"""How a check of rows runs: all rules are counted in one pass, each row by one rule at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Final, Literal

import ibis
from ibis.expr.types import BooleanValue, Table

from cip import columns as c
from cip.contract.tables import TableName
from cip.engine.marks import LET_DROP
from cip.engine.policies import PolicyLine
from cip.types import Finding, Severity

Action = Literal["drop", "empty", "keep", "refuse"]

_SEVERITY: Final[dict[Action, Severity]] = {
    "drop": "warning",
    "empty": "warning",
    "keep": "info",
    "refuse": "error",
}
_STAYS: Final[tuple[Action, ...]] = ("empty", "keep")
_REMOVED_BY: Final = "_removed_by"
_SHOWN_ROWS: Final = 5
_SHOWN_LETTERS: Final = 80
_NEAR: Final = 5_000  # rows
_DONE: Final[dict[Action, str]] = {
    "drop": "dropped",
    "empty": "the value counts as unknown",
    "keep": "kept",
    "refuse": "refused",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One check: which rows it concerns, and what is done with them.

    `what` completes the sentence "<table>.<column> has 3 of 900 rows ...".  `shown` is the column
    whose value in the first such row is the example.  The action "empty" keeps the row and makes
    the value of `column` null.  `hint` makes a better remedy of the example, where it can.
    """

    code: str
    column: str
    concerns: Callable[[Table], BooleanValue]
    what: str
    remedy: str
    _: KW_ONLY
    action: Action
    shown: str
    expected: bool = False  # a choice the user made in the mapping: information, not a warning
    warns: bool = False  # kept, but worth a warning
    done: str = ""  # what is said to be done with the rows; without it, the action's own word
    hint: Callable[[str], str | None] | None = None

    @property
    def is_foreseen(self) -> bool:
        """What a policy foresees: its rows are counted, and only the first one is shown."""
        return self.expected and self.action != "refuse"

    @property
    def severity(self) -> Severity:
        """An error only where the policy refuses."""
        severity = "warning" if self.warns else _SEVERITY[self.action]
        return "info" if self.expected and severity == "warning" else severity


@dataclass(frozen=True, slots=True)
class Checked:
    """Rows that passed, and what was seen on the way.

    While a finding is an error the rows are not fit to load: the flow raises.  `tallies` are counts
    of rows that are nobody's finding, by name; `policies` say what was done by which policy.
    """

    rows: Table
    findings: list[Finding]
    tallies: Mapping[str, int] = field(default_factory=dict)
    policies: tuple[PolicyLine, ...] = ()


def run_rules(
    rows: Table,
    rules: Sequence[Rule],
    table: TableName,
    tallies: Sequence[str] = (),
) -> Checked:
    """The rows that no dropping or refusing rule concerns, and a finding a rule that saw rows.

    A row is counted by the first rule that removes it, and by no other: what a rule keeps is
    still there at the end.  A finding says among how many rows its rule looked: those that no
    rule before it dropped.  `tallies` are columns of claims, counted among all `rows`.
    """
    if not rules and not tallies:
        return Checked(rows, [])
    flagged = rows.mutate(_first_removing(rows, rules).name(_REMOVED_BY))
    told = {name: flagged[name].ifelse(1, 0).sum().fill_null(0) for name in tallies}
    seen = flagged.aggregate(total=flagged.count(), **_counts(flagged, rules), **told)
    counts = seen.to_pyarrow().to_pylist()[0]
    findings = [
        _finding(rules, table, counts, i, _first_rows(flagged, rules, i, counts))
        for i in range(len(rules))
        if counts[f"rows_{i}"]
    ]
    kept = flagged.filter(flagged[_REMOVED_BY] == len(rules)).drop(_REMOVED_BY)
    counted = {"rows": counts["total"], **{name: counts[name] for name in tallies}}
    return Checked(_emptied(kept, rules), findings, counted)


def _first_rows(
    flagged: Table, rules: Sequence[Rule], place: int, counts: Mapping[str, Any]
) -> Sequence[Mapping[str, Any]]:
    """The first few rows that the rule concerns; none for what a policy foresees.

    Where rows are read as text, looking at all of them again is most of a check's cost: those
    near the first one come before, and where they are enough nothing else is read.
    """
    if rules[place].is_foreseen:
        return ()
    near = flagged.filter(flagged[c.SOURCE_ROW] < counts[f"first_{place}"] + _NEAR)
    found = _concerned(near, rules, place)
    enough = min(_SHOWN_ROWS, counts[f"rows_{place}"])
    return found if len(found) >= enough else _concerned(flagged, rules, place)


def _concerned(part: Table, rules: Sequence[Rule], place: int) -> list[dict[str, Any]]:
    shown = part[rules[place].shown].cast("string").left(_SHOWN_LETTERS + 1)
    hit = part.filter(_hit(part, rules, place)).select(c.SOURCE_ROW, shown.name("shown"))
    rows: list[dict[str, Any]] = (
        hit.order_by(c.SOURCE_ROW).limit(_SHOWN_ROWS).to_pyarrow().to_pylist()
    )
    return rows


def _emptied(rows: Table, rules: Sequence[Rule]) -> Table:
    made: dict[str, ibis.Value] = {}
    for rule in rules:
        if rule.action == "empty":
            value = made.get(rule.column, rows[rule.column])
            made[rule.column] = rule.concerns(rows).ifelse(None, value)
    return rows.mutate(**made) if made else rows


def _first_removing(rows: Table, rules: Sequence[Rule]) -> ibis.expr.types.IntegerValue:
    removing = [
        (rule.concerns(rows).fill_null(False), i)  # noqa: FBT003 (Ibis takes it by place)
        for i, rule in enumerate(rules)
        if rule.action not in _STAYS
    ]
    none = ibis.literal(len(rules))
    return ibis.cases(*removing, else_=none) if removing else none


def _counts(flagged: Table, rules: Sequence[Rule]) -> dict[str, ibis.expr.types.Scalar]:
    counts = {}
    for i, rule in enumerate(rules):
        hit = _hit(flagged, rules, i)
        counts[f"rows_{i}"] = hit.ifelse(1, 0).sum().fill_null(0)
        counts[f"first_{i}"] = flagged[c.SOURCE_ROW].min(where=hit)
        if rule.is_foreseen:  # of others the first rows are read anyway
            shown = flagged[rule.shown].cast("string").left(_SHOWN_LETTERS + 1)
            counts[f"example_{i}"] = shown.argmin(flagged[c.SOURCE_ROW], where=hit)
    return counts


def _hit(flagged: Table, rules: Sequence[Rule], place: int) -> BooleanValue:
    rule, removed_by = rules[place], flagged[_REMOVED_BY]
    if rule.action in _STAYS:
        return rule.concerns(flagged) & (removed_by == len(rules))
    return removed_by == place


def shortened(text: str | None) -> str | None:
    """At most 80 letters of it, and a sign that there are more."""
    if text is None or len(text) <= _SHOWN_LETTERS:
        return text
    return text[:_SHOWN_LETTERS] + "…"


def _left_before(rules: Sequence[Rule], place: int, counts: Mapping[str, Any]) -> int:
    """How many rows the rule could concern: those that no rule before it dropped.

    What stays is looked at among the rows that no rule drops at all.
    """
    before = rules if rules[place].action in _STAYS else rules[:place]
    dropped = (counts[f"rows_{i}"] for i, rule in enumerate(before) if rule.action == "drop")
    return int(counts["total"] - sum(dropped))


def _finding(
    rules: Sequence[Rule],
    table: TableName,
    counts: Mapping[str, Any],
    place: int,
    seen: Sequence[Mapping[str, Any]],
) -> Finding:
    rule, total = rules[place], _left_before(rules, place, counts)
    rows, first = counts[f"rows_{place}"], counts[f"first_{place}"]
    example = shortened(seen[0]["shown"] if seen else counts.get(f"example_{place}"))
    out = counts["total"] - total
    better = rule.hint(example) if rule.hint and example else None
    remedy = f"{better}; or {LET_DROP}" if better else rule.remedy
    values = dict.fromkeys(shortened(row["shown"]) for row in seen)
    where = f"first: row {first:,}" + (f", {example!r}" if example is not None else "")
    gone = f" Rows left out before: {out:,}." if out else ""
    return Finding(
        code=rule.code,
        severity=rule.severity,
        table=table,
        column=rule.column,
        rows=rows,
        total_rows=total,
        message=(
            f"{table}.{rule.column} has {rows:,} of {total:,} rows {rule.what} ({where}): "
            f"{rule.done or _DONE[rule.action]}.{gone}"
        ),
        remedy=remedy,
        first_row=first,
        example=example,
        left_out=0 if rule.action in _STAYS else rows,
        rows_seen=tuple(row[c.SOURCE_ROW] for row in seen),
        values_seen=tuple(value for value in values if value is not None),
    )
