"""How a check of rows runs: all rules are counted in one pass, each row by one rule at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Final, Literal

import ibis
from ibis.expr.types import BooleanValue, Table

from cip import columns as c
from cip.contract.tables import TableName
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
_COUNTED: Final = ("rows", "first", "example")
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
    the value of `column` null.
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

    @property
    def severity(self) -> Severity:
        """An error only where the policy refuses."""
        severity = _SEVERITY[self.action]
        return "info" if self.expected and severity == "warning" else severity


@dataclass(frozen=True, slots=True)
class Checked:
    """Rows that passed, and what was seen on the way.

    While a finding is an error the rows are not fit to load: the flow raises.
    """

    rows: Table
    findings: list[Finding]


def run_rules(rows: Table, rules: Sequence[Rule], table: TableName) -> Checked:
    """The rows that no dropping or refusing rule concerns, and a finding a rule that saw rows.

    A row is counted by the first rule that removes it, and by no other: what a rule keeps is
    still there at the end.
    """
    if not rules:
        return Checked(rows, [])
    flagged = rows.mutate(_first_removing(rows, rules).name(_REMOVED_BY))
    seen = flagged.aggregate(total=flagged.count(), **_counts(flagged, rules))
    counts = seen.to_pyarrow().to_pylist()[0]
    findings = [
        _finding(rule, table, counts, i) for i, rule in enumerate(rules) if counts[f"rows_{i}"]
    ]
    kept = flagged.filter(flagged[_REMOVED_BY] == len(rules)).drop(_REMOVED_BY)
    return Checked(_emptied(kept, rules), findings)


def _emptied(rows: Table, rules: Sequence[Rule]) -> Table:
    emptying = [rule for rule in rules if rule.action == "empty"]
    made = {r.column: r.concerns(rows).ifelse(None, rows[r.column]) for r in emptying}
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
        removed_by = flagged[_REMOVED_BY]
        stays = rule.concerns(flagged) & (removed_by == len(rules))
        hit = stays if rule.action in _STAYS else removed_by == i
        counts[f"rows_{i}"] = hit.ifelse(1, 0).sum().fill_null(0)
        counts[f"first_{i}"] = flagged[c.SOURCE_ROW].min(where=hit)
        shown = flagged[rule.shown].cast("string")
        counts[f"example_{i}"] = shown.argmin(flagged[c.SOURCE_ROW], where=hit)
    return counts


def _finding(rule: Rule, table: TableName, counts: Mapping[str, Any], place: int) -> Finding:
    rows, first, example = (counts[f"{counted}_{place}"] for counted in _COUNTED)
    total = counts["total"]
    where = f"first: row {first:,}" + (f", {example!r}" if example is not None else "")
    return Finding(
        code=rule.code,
        severity=rule.severity,
        table=table,
        column=rule.column,
        rows=rows,
        total_rows=total,
        message=(
            f"{table}.{rule.column} has {rows:,} of {total:,} rows {rule.what} ({where}): "
            f"{_DONE[rule.action]}."
        ),
        remedy=rule.remedy,
        first_row=first,
        example=example,
    )
