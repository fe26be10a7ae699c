"""The checks of the user's rows, as data: one small rule each.

The codes: C-102 unreadable value, C-103 time in the future, C-104 time in the far past, C-105
required value empty, C-106 no customer, C-107 excluded value, C-108 refund, C-109 zero amount,
C-110 not a finite number, C-111 equal source rows, C-112 same key twice, C-117 after the stated end
of the data, C-118 beyond its limits.
"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import ibis

from cip import columns as c
from cip.contract.mapping import Policy, TableMapping
from cip.contract.tables import TABLES, ColumnType, TableName
from cip.engine.rule import Rule

OLDEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
NEWEST_AHEAD: Final = timedelta(days=1)

REPETITION: Final = "_repetition"  # 0 for the first of equal source rows, then 1, 2 ...
KEY_REPETITION: Final = "_key_repetition"  # the same among rows that share the table's key

_LET_DROP: Final = 'let policy.bad_values = "drop" leave them out'
_HOW_TO_WRITE: Final[dict[ColumnType, str]] = {
    "number": "write numbers as 1234.5, without thousands separator or currency",
    "time": "write times as 2011-12-09 12:50:00, in UTC or with an offset",
}


def raw(column: str) -> str:
    """Helper column: what stood in the source, as text."""
    return f"_raw_{column}"


def unreadable(column: str) -> str:
    """Helper column: the source has a value that is not of the column's type."""
    return f"_unreadable_{column}"


def row_rules(
    name: TableName,
    mapping: TableMapping,
    kinds: dict[str, ColumnType],
    now: datetime,
    as_of: date | None,
) -> tuple[Rule, ...]:
    """The rules for single rows, in the order in which they claim a row.

    `kinds` are the types of the mapped columns and attributes; a time later than `now` and a day
    is in the future; `as_of` is the last day that is believed.
    """
    table, policy = TABLES[name], mapping.policy
    typed = [(column, kind) for column, kind in kinds.items() if kind != "text"]
    times = [column for column in (table.time, c.KNOWN_AT) if column in kinds]
    drops_equal = policy.duplicates == "drop"
    return (
        *(_excluded(column, values, kinds) for column, values in mapping.exclude.items()),
        *(_empty(column, policy) for column in table.required),
        *(_unreadable(column, kind, policy) for column, kind in typed),
        *(_not_finite(column, policy) for column, kind in typed if kind == "number"),
        # attributes are one row a key anyway: equal rows are told only where they are to go
        *([_equal_rows(table.required[0], policy)] if table.time or drops_equal else []),
        *([_after(table.time, as_of)] if table.time and as_of else []),
        *(rule for column in times if column for rule in _times(column, policy, now)),
        *(_beyond(column, *limits) for column, limits in mapping.limits.items()),
    )


def amount_rules(name: TableName, policy: Policy) -> tuple[Rule, ...]:
    """The rules for whole payments, after lines are added up."""
    if name != "transactions":
        return ()
    return (
        Rule(
            "C-108",
            c.AMOUNT,
            lambda rows: rows[c.AMOUNT] < 0,
            "below zero, which are refunds",
            "policy.refunds says whether they stay",
            action=policy.refunds,
            shown=c.AMOUNT,
            expected=True,
        ),
        Rule(
            "C-109",
            c.AMOUNT,
            lambda rows: rows[c.AMOUNT] == 0,
            "of amount zero, which are no purchases",
            "policy.zero_amounts says whether they stay",
            action=policy.zero_amounts,
            shown=c.AMOUNT,
            expected=True,
        ),
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
        lambda rows: rows[raw(column)].isnull(),
        "without a value, and the column is required",
        f"fill it, map another column, or {_LET_DROP}",
        action=policy.bad_values,
        shown=raw(column),
    )


def _unreadable(column: str, kind: ColumnType, policy: Policy) -> Rule:
    return Rule(
        "C-102",
        column,
        lambda rows: rows[unreadable(column)],
        f"whose value is not a {kind}",
        f"{_HOW_TO_WRITE[kind]}; or {_LET_DROP}",
        action=policy.bad_values,
        shown=raw(column),
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
        f"mend them, or {_LET_DROP}",
        action=policy.bad_values,
        shown=raw(column),
    )


def _times(column: str, policy: Policy, now: datetime) -> tuple[Rule, Rule]:
    newest = now + NEWEST_AHEAD
    return (
        Rule(
            "C-103",
            column,
            lambda rows: rows[column] > ibis.literal(newest),
            f"after {newest:%Y-%m-%d}, in the future",
            f"is day and month swapped, or milliseconds read as seconds? Or {_LET_DROP}",
            action=policy.bad_values,
            shown=raw(column),
        ),
        Rule(
            "C-104",
            column,
            lambda rows: rows[column] < ibis.literal(OLDEST),
            f"before {OLDEST:%Y}, too long ago to be true",
            f"is 0 or 1900-01-01 written where the time is unknown? Or {_LET_DROP}",
            action=policy.bad_values,
            shown=raw(column),
        ),
    )


def _after(column: str, as_of: date) -> Rule:
    end = datetime.combine(as_of, time(), UTC) + timedelta(days=1)
    return Rule(
        "C-117",
        column,
        lambda rows: rows[column] >= ibis.literal(end),
        f"after the stated end of the data, {as_of:%Y-%m-%d}",
        "snapshot.as_of states that end; state a later day if these rows are true",
        action="drop",
        shown=raw(column),
    )


def _beyond(column: str, lowest: float, highest: float) -> Rule:
    low, high = ibis.literal(lowest, "float64"), ibis.literal(highest, "float64")
    return Rule(
        "C-118",
        column,
        lambda rows: (rows[column] < low) | (rows[column] > high),
        f"below {lowest:g} or above {highest:g}, which is not plausible",
        "limits states these bounds",
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
