"""The checks of the user's rows, as data: one small rule each.

The codes: C-102 unreadable value, C-103 time in the future, C-104 time in the far past, C-105
required value empty, C-106 no customer, C-107 excluded value, C-108 refund, C-109 zero amount,
C-110 not a finite number, C-111 equal source rows, C-112 same key twice, C-117 after the stated end
of the data, C-118 beyond its limits, C-119 currency without a rate, C-121 word for nothing, C-122
separators of thousands, C-123 hour that stands twice, C-124 hour that never was, C-125 end before
start, C-126 end in a far future, C-127 negative price, C-139 price of zero.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import Final

import ibis
from ibis.expr.types import BooleanValue, Table

from cip import columns as c
from cip.contract.mapping import Policy, TableMapping
from cip.contract.tables import TABLES, ColumnType, TableName
from cip.engine.checks_money import foreign, free, grouped, marked_otherwise, negative
from cip.engine.checks_times import after, hour_rules, spell_rules, time_rules
from cip.engine.hints import number_hint, time_hint
from cip.engine.marks import (
    KEY_REPETITION,
    LET_DROP,
    REPETITION,
    note,
    nothing,
    raw,
    unreadable,
)
from cip.engine.numerals import FOREIGN, GROUPED
from cip.engine.rule import Rule
from cip.engine.times import TWICE

_HOW_TO_WRITE: Final[dict[ColumnType, str]] = {
    "number": "write numbers as 1234.5, without a currency",
    "time": "write times as 2011-12-09 12:50:00, in UTC or with an offset",
}


def row_rules(
    name: TableName,
    mapping: TableMapping,
    kinds: dict[str, ColumnType],
    *,
    now: datetime,
    as_of: date | None,
    marks: Collection[str] = (),
    currency: str | None = None,
    zone: str = "UTC",
) -> tuple[Rule, ...]:
    """The rules for single rows, in the order in which they claim a row.

    `kinds` are the types of the mapped columns and attributes; a time later than `now` and a day
    is in the future; `as_of` is the last day of `zone` that is believed.  `marks` are the helper
    columns that are there for some columns only; `currency` is the workspace's.
    """
    table, policy = TABLES[name], mapping.policy
    typed = [(column, kind) for column, kind in kinds.items() if kind != "text"]
    times = [column for column in (table.time, c.KNOWN_AT) if column in kinds]
    worded = [n for n, kind in kinds.items() if kind != "text" or n.endswith("_id")]
    drops_equal = policy.duplicates == "drop"
    return (
        *(_excluded(column, values, kinds) for column, values in mapping.exclude.items()),
        *(_empty(column, policy) for column in table.required),
        *(
            marked_otherwise(column, currency, policy)
            for column, _ in typed
            if note(FOREIGN, column) in marks
        ),
        *(_unreadable(column, kind, policy) for column, kind in typed),
        *(_not_finite(column, policy) for column, kind in typed if kind == "number"),
        *([foreign(policy)] if c.CURRENCY in kinds else []),
        # attributes are one row a key anyway: equal rows are told only where they are to go
        *([_equal_rows(table.required[0], policy)] if table.time or drops_equal else []),
        *([after(table.time, as_of, zone)] if table.time and as_of else []),
        *(rule for column in times if column for rule in time_rules(column, policy, now)),
        *(spell_rules(policy) if c.ENDED_AT in kinds else ()),
        *(negative(column, policy) for column in (c.PRICE, c.COST) if column in kinds),
        *([free(policy)] if c.PRICE in kinds else []),
        *(_word_for_nothing(column) for column in worded),
        *(grouped(column) for column in kinds if note(GROUPED, column) in marks),
        *(
            rule
            for column in kinds
            if note(TWICE, column) in marks
            for rule in hour_rules(column, policy.time_zone)
        ),
        *(rule for column, limits in mapping.limits.items() for rule in _beyond(column, *limits)),
    )


def key_rules(name: TableName, policy: Policy) -> tuple[Rule, ...]:
    """The rule for rows that share their table's key and are not added up."""
    key = TABLES[name].key
    return (
        Rule(
            "C-112",
            key[0],
            lambda rows: rows[KEY_REPETITION] > 0,
            f"whose {' and '.join(key)} stood in an earlier row",
            "are they lines of one payment? Set add_up = true; or let policy.bad_values drop them",
            action=policy.bad_values,
            shown=key[0],
        ),
    )


def _excluded(column: str, values: tuple[str, ...], kinds: dict[str, ColumnType]) -> Rule:
    compared = column if kinds[column] == "text" else raw(column)
    return Rule(
        "C-107",
        column,
        lambda rows: rows[compared].isin(values),
        "with a value that the mapping excludes",
        "exclude names these values",
        action="drop",
        shown=raw(column),
        expected=True,
    )


def _empty(column: str, policy: Policy) -> Rule:
    if column == c.CUSTOMER_ID:
        return Rule(
            "C-106",
            column,
            lambda rows: rows[column].isnull(),
            "without a customer, who are guests",
            'policy.guests = "drop" leaves them out',
            action=policy.guests,
            shown=raw(column),
            expected=True,
        )
    return Rule(
        "C-105",
        column,
        lambda rows: rows[raw(column)].isnull() | rows[nothing(column)],
        "without a value, and the column is required",
        f"fill it, map another column, or {LET_DROP}",
        action=policy.bad_values,
        shown=raw(column),
    )


def _unreadable(column: str, kind: ColumnType, policy: Policy) -> Rule:
    return Rule(
        "C-102",
        column,
        lambda rows: rows[unreadable(column)],
        f"whose value is not a {kind}",
        f"{_HOW_TO_WRITE[kind]}; or {LET_DROP}",
        action=policy.bad_values,
        shown=raw(column),
        hint=time_hint if kind == "time" else number_hint,
    )


def _not_finite(column: str, policy: Policy) -> Rule:
    # An engine orders NaN after infinity, so one comparison finds both; Spark's own test of
    # infinity, as Ibis writes it, finds none.
    largest = ibis.literal(sys.float_info.max, "float64")
    return Rule(
        "C-110",
        column,
        lambda rows: rows[column].abs() > largest,
        "whose value is not a finite number",
        f"mend them, or {LET_DROP}",
        action=policy.bad_values,
        shown=raw(column),
    )


def _word_for_nothing(column: str) -> Rule:
    return Rule(
        "C-121",
        column,
        lambda rows: rows[nothing(column)],
        "with a word for nothing, such as null or N/A",
        "leave such cells empty",
        action="keep",
        shown=raw(column),
        expected=True,
        done="they count as empty",
    )


def _beyond(column: str, lowest: float, highest: float) -> tuple[Rule, ...]:
    """Below and above are told apart, and what is below zero from what is merely too small."""
    low, high, zero = (ibis.literal(value, "float64") for value in (lowest, highest, 0.0))
    above = _implausible(column, f"above {highest:g}", lambda rows: rows[column] > high)
    if lowest <= 0:
        return _implausible(column, f"below {lowest:g}", lambda rows: rows[column] < low), above
    return (
        _implausible(column, "below 0", lambda rows: rows[column] < zero),
        _implausible(
            column,
            f"from 0 to below {lowest:g}",
            lambda rows: (rows[column] >= zero) & (rows[column] < low),
        ),
        above,
    )


def _implausible(column: str, said: str, concerns: Callable[[Table], BooleanValue]) -> Rule:
    return Rule(
        "C-118",
        column,
        concerns,
        f"{said}, which is not plausible",
        "mend them in the source, or state wider limits in the mapping if they are true",
        action="empty",
        shown=raw(column),
    )


def _equal_rows(column: str, policy: Policy) -> Rule:
    return Rule(
        "C-111",
        column,
        lambda rows: rows[REPETITION] > 0,
        "that repeat an earlier row of the source word for word",
        "policy.duplicates says whether they stay; two equal lines of an invoice are two lines",
        action=policy.duplicates,
        shown=raw(column),
        expected=True,
    )
