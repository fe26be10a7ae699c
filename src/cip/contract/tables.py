"""The canonical tables, as data: which columns they have, of what type, and which are required."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from cip import columns as c

ColumnType = Literal["text", "time", "number"]
TableName = Literal[
    "customers", "items", "interactions", "subscriptions", "transactions", "treatments"
]


@dataclass(frozen=True, slots=True)
class Column:
    """One canonical column: `required` columns must be mapped and hold a value in every row."""

    name: str
    type: ColumnType
    description: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class CanonicalTable:
    """One canonical table.

    `key` names the columns that identify a row; an empty key means that equal rows are distinct
    facts (two lines of one invoice).  `time` is the column that says when the row happened; a
    table without it holds attributes.
    """

    name: TableName
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    time: str | None

    def column(self, name: str) -> Column | None:
        """The column of this name, or None: then the user may map it as an attribute."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that a mapping must give."""
        return tuple(column.name for column in self.columns if column.required)


_CUSTOMER = Column(c.CUSTOMER_ID, "text", "who pays", required=True)
_OCCURRED = Column(c.OCCURRED_AT, "time", "when it happened, UTC", required=True)
_KNOWN = Column(c.KNOWN_AT, "time", "when the business could first know it, UTC")
_CURRENCY = Column(
    c.CURRENCY, "text", "in which currency the money of the row is; read to convert it, not kept"
)

WRITTEN: Final = frozenset(
    {c.SOURCE_ROW, c.ROW_KEY, c.BUCKET, c.KNOWN_AT, c.CUTOFF, c.REVISION, c.ORIGINAL_ID}
)
"""What the product writes itself, beside the columns of a table: no attribute has such a name."""

MONEY: Final[dict[str, str]] = {
    "subscriptions": c.PRICE,
    "transactions": c.AMOUNT,
    "treatments": c.COST,
}
"""The column of each table that holds money, in the workspace's currency once it is read."""

TABLES: Final[dict[TableName, CanonicalTable]] = {
    table.name: table
    for table in (
        CanonicalTable(
            "customers",
            "One row a customer, with attributes that do not change.",
            (_CUSTOMER, Column(c.NAME, "text", "what people call the customer")),
            (c.CUSTOMER_ID,),
            None,
        ),
        CanonicalTable(
            "items",
            "One row an item: what is consumed.",
            (
                Column(c.ITEM_ID, "text", "the item", required=True),
                Column(c.TITLE, "text", "what people call the item"),
                Column(c.CATEGORY, "text", "the kind of item"),
            ),
            (c.ITEM_ID,),
            None,
        ),
        CanonicalTable(
            "interactions",
            "A customer did something, perhaps with an item.",
            (
                _CUSTOMER,
                _OCCURRED,
                Column(
                    c.KIND, "text", "what was done: purchase, play, rate, search", required=True
                ),
                Column(c.ITEM_ID, "text", "with which item"),
                Column(c.VALUE, "number", "how much: money, stars, minutes"),
                Column(c.QUANTITY, "number", "how many"),
                Column(
                    c.SENTIMENT, "number", "how glad the customer's words are: 0 angry, 1 delighted"
                ),
                Column(c.DEVICE, "text", "on what: phone, television, till, website"),
                _KNOWN,
            ),
            (),
            c.OCCURRED_AT,
        ),
        CanonicalTable(
            "subscriptions",
            "A paid spell of one customer.",
            (
                _CUSTOMER,
                Column(c.STARTED_AT, "time", "the spell begins, inclusive", required=True),
                Column(c.ENDED_AT, "time", "the spell ends, exclusive; empty while it runs"),
                Column(c.PLAN, "text", "the plan"),
                Column(c.PRICE, "number", "price of a month, in the workspace's currency"),
                _CURRENCY,
                _KNOWN,
            ),
            (c.CUSTOMER_ID, c.STARTED_AT),
            c.STARTED_AT,
        ),
        CanonicalTable(
            "transactions",
            "One payment (positive) or refund (negative).",
            (
                _CUSTOMER,
                _OCCURRED,
                Column(c.AMOUNT, "number", "money, in the workspace's currency", required=True),
                _CURRENCY,
                Column(c.TRANSACTION_ID, "text", "the payment or invoice", required=True),
                _KNOWN,
            ),
            (c.TRANSACTION_ID, c.CUSTOMER_ID),
            c.OCCURRED_AT,
        ),
        CanonicalTable(
            "treatments",
            "What was offered to a customer.",
            (
                _CUSTOMER,
                _OCCURRED,
                Column(c.ARM, "text", "which offer, or control", required=True),
                Column(c.COST, "number", "what the offer cost"),
                _CURRENCY,
                _KNOWN,
            ),
            (c.CUSTOMER_ID, c.OCCURRED_AT, c.ARM),
            c.OCCURRED_AT,
        ),
    )
}


def is_own(name: TableName, column: str) -> bool:
    """Whether the table has such a column by itself, so that no attribute may be called so.

    Capitals do not count: an engine takes names that differ in nothing else for one.
    """
    own = WRITTEN | {each.name for each in TABLES[name].columns}
    return column.lower() in own
