"""What the sample asks of a table's policies, each with what was seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from cip.contract.guess.shapes import ColumnGuess, TableProfile

_REQUIRED: Final = (
    "item_id",
    "occurred_at",
    "amount",
    "transaction_id",
    "kind",
    "started_at",
    "arm",
)
_TYPED: Final = ("occurred_at", "amount", "started_at", "ended_at", "price", "value", "quantity")

Policies = dict[str, tuple[str, str]]


def columns_in(origin: Any) -> tuple[str, ...]:
    """The source's columns that an origin as written in `cip.toml` reads."""
    if isinstance(origin, str):
        return (origin,)
    if "column" in origin:
        return (origin["column"],)
    return tuple(origin.get("product", origin.get("join", ())))


def policies(
    table: TableProfile, columns: Sequence[ColumnGuess], *, optional: Sequence[str] = ()
) -> Policies:
    """Guests, refunds, amounts of zero, empty and unreadable cells: policies where seen."""
    by_name = {column.name: columns_in(column.origin) for column in columns}
    found: Policies = {}
    guests = _empty(table, by_name.get("customer_id", ()))
    if guests:
        found["guests"] = ("drop", f"{_of(guests, table)} name no customer")
    found |= dict(_money(table, by_name.get("amount", ())))
    needed = [c for name in _REQUIRED if name not in optional for c in by_name.get(name, ())]
    empty = _empty(table, needed)
    typed = [c for name in _TYPED for c in by_name.get(name, ())]
    unread = max((table.column(c).unread for c in typed), default=0)
    if empty or unread:
        what = "lack a required value" if empty else "hold a value that is not of its type"
        found["bad_values"] = ("drop", f"{_of(max(empty, unread), table)} {what}")
    return found


def _money(table: TableProfile, columns: Sequence[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    profiles = [table.column(column) for column in columns]
    negative = max((profile.negatives for profile in profiles), default=0)
    if negative:
        yield "refunds", ("keep", f"{_of(negative, table)} are below zero: refunds")
    zero = max((profile.zeros for profile in profiles), default=0)
    if zero:
        yield "zero_amounts", ("drop", f"{_of(zero, table)} are of amount zero: no purchase")


def _empty(table: TableProfile, columns: Sequence[str]) -> int:
    return max((table.sampled - table.column(column).filled for column in columns), default=0)


def _of(rows: int, table: TableProfile) -> str:
    return f"{rows:,} of {table.sampled:,} rows seen"
