"""The checks of money and of how numbers are written, as data; the codes stand in `checks`."""

from __future__ import annotations

from cip import columns as c
from cip.contract.mapping import Policy
from cip.contract.tables import TableName
from cip.engine.marks import LET_DROP, RATE, note, raw
from cip.engine.numerals import FOREIGN, GROUPED
from cip.engine.rule import Rule


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


def negative(column: str, policy: Policy) -> Rule:
    """Prices and costs below zero."""
    return Rule(
        "C-127",
        column,
        lambda rows: rows[column] < 0,
        "below zero, which is no price",
        f"refunds belong into transactions; or {LET_DROP}",
        action=policy.bad_values,
        shown=raw(column),
    )


def free(policy: Policy) -> Rule:
    """Prices of zero, which are free or unpaid."""
    return Rule(
        "C-139",
        c.PRICE,
        lambda rows: rows[c.PRICE] == 0,
        "of price zero: are they free or unpaid?",
        "policy.zero_amounts says whether they stay",
        action=policy.zero_amounts,
        shown=raw(c.PRICE),
        expected=True,
    )


def foreign(policy: Policy) -> Rule:
    """Money in a currency that nobody converts."""
    return Rule(
        "C-119",
        c.CURRENCY,
        lambda rows: rows[RATE].isnull(),
        "in a currency that is not the workspace's and has no rate",
        'state what a unit is worth, e.g. rates = { USD = 0.92 }, or let policy.currency = "drop" '
        "leave them out",
        action=policy.currency,
        shown=raw(c.CURRENCY),
    )


def marked_otherwise(column: str, currency: str | None, policy: Policy) -> Rule:
    """Numbers that bear the mark of a currency that is not the workspace's."""
    return Rule(
        "C-119",
        column,
        lambda rows: rows[note(FOREIGN, column)],
        f"with the mark of a currency that is not the workspace's ({currency or 'none is stated'})",
        "write the amount without its mark, map its currency as columns.currency and state what a "
        'unit is worth in rates; or let policy.currency = "drop" leave them out',
        action=policy.currency,
        shown=raw(column),
    )


def grouped(column: str) -> Rule:
    """Numbers whose only separator is read as one of thousands."""
    return Rule(
        "C-122",
        column,
        lambda rows: rows[note(GROUPED, column)],
        "with one kind of separator, and it stands where thousands are cut",
        'if it is the sign before the decimals, set decimal = "," (or ".")',
        action="keep",
        shown=raw(column),
        done="read as thousands",
    )
