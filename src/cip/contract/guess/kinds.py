"""What a table is: which shape its columns make most likely."""

from __future__ import annotations

from statistics import median
from typing import Final

from cip.contract.guess import names as n
from cip.contract.guess.label import label_of
from cip.contract.guess.names import says
from cip.contract.guess.shapes import SHAPES, Guess, Shape
from cip.contract.guess.slots import Candidate, Slots
from cip.contract.guess.values import read_time

_ONE_EACH: Final = 0.98
_LEAST: Final = 0.3
_SHORT_DAYS: Final = 2.0
_LINES_EACH: Final = 0.9

Scored = tuple[Shape, float, str]


def shape_of(slots: Slots, answer: str | None = None) -> Guess:
    """The likeliest shape of the table, or the one that a person said."""
    place = f"{slots.table.name}.is"
    choices = tuple(SHAPES)
    if answer is not None and answer in SHAPES:
        return Guess(place, answer, 1.0, "", choices)
    shape, confidence, doubt = _scored(slots)
    return Guess(place, shape, confidence, doubt, choices)


def _scored(slots: Slots) -> Scored:
    table = slots.table
    if table.sampled == 0:
        return "nothing", 0.9, "it has no rows"
    customer = slots.best("customer_id")
    if customer is None or customer.confidence < _LEAST:
        return _without_customer(slots)
    if slots.uniqueness("item_id") >= _ONE_EACH and says(table.name, n.ITEM):
        return "items", 0.85, ""
    if slots.uniqueness("customer_id") >= _ONE_EACH and not _is_log(slots):
        return _one_each(slots)
    return _several_each(slots, customer)


def _without_customer(slots: Slots) -> Scored:
    table = slots.table
    if slots.best("item_id") and slots.uniqueness("item_id") >= 0.95:
        named = says(table.name, n.ITEM) or slots.best("title")
        return "items", 0.9 if named else 0.6, "" if named else "no column is a title"
    if label_of(table) is not None:
        return "nothing", 0.6, "it says who left, but no column names the customer"
    times = slots.best("occurred_at")
    doubt = "it has times but no column that says which customer" if times else "no customer in it"
    return "nothing", 0.6 if times else 0.8, doubt


def _is_log(slots: Slots) -> bool:
    """One row a customer by chance: a short list of dated payments."""
    if says(slots.table.name, n.CUSTOMER) or label_of(slots.table):
        return False
    strong = [slots.best(slot) for slot in ("transaction_id", "occurred_at", "amount")]
    return all(found is not None and found.confidence >= 0.7 for found in strong)


def _one_each(slots: Slots) -> Scored:
    start, end = slots.best("started_at"), slots.best("ended_at")
    pays = slots.best("plan") or slots.best("price")
    if (
        start
        and end
        and start.column != end.column
        and _are_readable(slots, "started_at", "ended_at")
    ):
        return "members", 0.8, ""
    if start and pays and start.confidence > 0.6 and _are_readable(slots, "started_at"):
        return "members", 0.75, "no column says when a subscription ended"
    return "customers", 0.9, ""


def _several_each(slots: Slots, customer: Candidate) -> Scored:
    time = slots.best("occurred_at")
    sells = slots.best("amount") or (slots.best("price") and slots.best("quantity"))
    paid = slots.best("transaction_id") and sells
    if slots.best("arm") and time and says(slots.table.name, n.OFFER):
        return "offers", 0.75, ""
    if not paid and _are_spells(slots):
        return "spells", 0.85, ""
    if time is None:
        return _without_time(slots, customer)
    if not _are_readable(slots, "occurred_at"):
        return "nothing", 0.5, f"{time.column}: {time.doubt}"
    return _payments(slots) if sells and not _is_stream(slots) else _events(time)


def _is_stream(slots: Slots) -> bool:
    """Whether a price stands beside acts of several kinds: views, carts, purchases."""
    kind, amount = slots.best("kind"), slots.best("amount")
    is_price = amount is None or amount.confidence < 0.6
    return kind is not None and is_price and slots.best("transaction_id") is None


def _events(time: Candidate) -> Scored:
    doubt = "" if time.confidence >= 0.5 else time.doubt
    return "events", min(0.9, time.confidence + 0.1), doubt


def _without_time(slots: Slots, customer: Candidate) -> Scored:
    if label_of(slots.table) is None:
        return "nothing", 0.6, "no column says when something happened"
    each = slots.table.sampled / max(1, slots.table.column(customer.column).distinct)
    return "customers", 0.55, f"{each:.2f} rows a customer and no time: the most frequent counts"


def _payments(slots: Slots) -> Scored:
    payment, item = slots.best("transaction_id"), slots.best("item_id")
    if payment is None:
        doubt = "no column names a payment: what a customer paid at one time is one payment"
        return "lines" if item else "payments", 0.7, doubt
    several = slots.uniqueness("transaction_id") < _LINES_EACH
    return ("lines" if several else "payments"), 0.9, ""


def _are_readable(slots: Slots, *wanted: str) -> bool:
    profiles = [slots.profile(slot) for slot in wanted]
    return all(column is not None and column.readable for column in profiles)


def _are_spells(slots: Slots) -> bool:
    """A beginning and an end, days apart; sessions of an hour are events."""
    start, end = slots.profile("started_at"), slots.profile("ended_at")
    if start is None or start.looks != "time" or not start.readable:
        return False
    if end is None:
        return bool(slots.best("plan") and slots.best("price") and not slots.best("amount"))
    if end.name == start.name or not end.readable or slots.best("item_id"):
        return False
    cells = zip(slots.table.cells[start.name], slots.table.cells[end.name], strict=True)
    read = (
        (read_time(one, start.time_format), read_time(other, end.time_format))
        for one, other in cells
        if one and other
    )
    days = [(last - first).total_seconds() / 86_400 for first, last in read if first and last]
    return not days or median(days) >= _SHORT_DAYS
