"""What was paid, and which payment it was."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

from cip.contract.guess.choose import Chooser
from cip.contract.guess.policies import columns_in
from cip.contract.guess.shapes import ColumnGuess, Guess, TableProfile

_SAME_AMOUNT: Final = 0.9


def amount_of(chooser: Chooser, payment: ColumnGuess | None) -> ColumnGuess | None:
    """The amount, or quantity times price where that is what a line costs."""
    slots, place = chooser.slots, chooser.place("amount")
    amount = chooser.guess("amount")
    price, quantity = slots.best("price"), slots.best("quantity")
    if chooser.is_answered("amount") or price is None or quantity is None:
        return chooser.column("amount")
    total = (
        payment is not None and amount.value and _is_repeated(slots.table, payment, amount.value)
    )
    is_price = amount.value in {"", price.column}
    value = f"{quantity.column} × {price.column}"
    wanted = chooser.answers.get(place) == value
    if not wanted and not total and not is_price and amount.confidence >= 0.7:
        return chooser.column("amount")
    doubt = f"{amount.value!r} repeats on every line of a payment" if total else ""
    mark = slots.table.column(price.column).decimal
    origin: dict[str, Any] = {"product": [quantity.column, price.column]}
    if mark != ".":
        origin["decimal"] = mark
    choices = (value, *amount.choices)
    return ColumnGuess(
        "amount", origin, Guess(place, value, 1.0 if wanted else 0.85, doubt, choices)
    )


def _is_repeated(table: TableProfile, payment: ColumnGuess, amount: str) -> bool:
    """Whether the lines of one payment all show one amount: the payment's, not the line's."""
    (key,) = columns_in(payment.origin)
    seen: dict[str, list[str]] = defaultdict(list)
    for name, value in zip(table.cells[key], table.cells[amount], strict=True):
        if name is not None and value is not None:
            seen[name].append(value)
    several = [values for values in seen.values() if len(values) > 1]
    if len(several) < 5:
        return False
    return sum(len(set(values)) == 1 for values in several) / len(several) >= _SAME_AMOUNT


def made_up(chooser: Chooser, customer: ColumnGuess, time: ColumnGuess) -> ColumnGuess:
    """A payment's name made of the customer and the time."""
    names = [*columns_in(customer.origin), *columns_in(time.origin)]
    doubt = "no column names a payment: what a customer paid at one time is one payment"
    place = chooser.place("transaction_id")
    choices = tuple(column.name for column in chooser.slots.table.columns)
    guess = Guess(place, " + ".join(names), 0.75, doubt, choices)
    return ColumnGuess("transaction_id", {"join": names}, guess)
