"""From the shape of a source to the canonical tables that it gives."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cip.contract.guess import names as n
from cip.contract.guess.acts import kind_is, kind_of
from cip.contract.guess.amounts import amount_of, made_up
from cip.contract.guess.attributes import Attributes, attribute_name, attributes
from cip.contract.guess.choose import Chooser
from cip.contract.guess.label import Answer
from cip.contract.guess.names import says
from cip.contract.guess.policies import Policies, columns_in, policies
from cip.contract.guess.shapes import ColumnGuess, Guess, Shape, TableGuess, TableProfile
from cip.contract.tables import TableName

_EQUAL: Final = "rows that repeat another word for word are the same fact twice"
_WEAK: Final = 0.5


@dataclass(frozen=True, slots=True)
class Context:
    """What a builder knows of the other tables: whether customers have a table of their own.

    `reserved`: names that no attribute of customers may have.
    """

    has_customers: bool
    has_items: bool
    in_time: bool
    label: Answer | None
    reserved: Collection[str] = ()


def build(shape: Shape, chooser: Chooser, context: Context) -> list[TableGuess]:
    """The canonical tables of one source; none when a required column is missing."""
    return [made for make in _BUILDERS.get(shape, ()) for made in make(chooser, context)]


def _transactions(chooser: Chooser, _: Context) -> Iterator[TableGuess]:
    base = _base(chooser, "occurred_at")
    if base is None:
        return
    customer, time = base
    payment = chooser.column("transaction_id", taken=_used(base))
    amount = amount_of(chooser, payment)
    if amount is None:
        return
    joined = payment is None
    if payment is None:
        payment = made_up(chooser, customer, time)
    table = chooser.slots.table
    unique = not joined and _is_unique(table, payment)
    extra = _some(chooser, "currency", "known_at")
    columns = (customer, payment, time, amount, *extra)
    found = policies(table, columns)
    if unique and (table.repeats or not table.is_whole):
        found["duplicates"] = ("drop", _EQUAL)
    if any(column.name == "currency" for column in extra):
        found["currency"] = ("drop", "money in a currency without a rate is counted and left out")
    note = "rows that share a payment are added up" if not unique else "one row a payment"
    yield TableGuess(
        "transactions", table.name, columns, add_up=not unique, policy=found, note=note
    )


def _purchases(chooser: Chooser, _: Context) -> Iterator[TableGuess]:
    """What was bought, line by line; nothing where no column names an item."""
    base = _base(chooser, "occurred_at")
    item = chooser.column("item_id", least=_WEAK)
    if base is None or item is None:
        return
    amount = amount_of(chooser, chooser.column("transaction_id"))
    value = [ColumnGuess("value", amount.origin, amount.guess)] if amount else []
    quantity = chooser.column("quantity")
    columns = (
        *base,
        kind_is(chooser, "purchase"),
        item,
        *value,
        *([quantity] if quantity else []),
    )
    found = policies(chooser.slots.table, columns, optional=("item_id",))
    yield TableGuess("interactions", chooser.slots.table.name, columns, policy=found)


def _interactions(chooser: Chooser, _: Context) -> Iterator[TableGuess]:
    base = _base(chooser, "occurred_at")
    if base is None:
        return
    kind = kind_of(chooser)
    used = [*_used(base), *columns_in(kind.origin)]
    item = chooser.column("item_id", least=_WEAK, taken=used)
    value = chooser.column("value", taken=used) if "values" not in _table(kind.origin) else None
    more = [column for column in (item, value, *_some(chooser, "known_at")) if column]
    columns = (*base, kind, *more)
    found = policies(chooser.slots.table, columns, optional=("item_id",))
    if _repeats(chooser):
        found["duplicates"] = ("drop", _EQUAL)
    yield TableGuess("interactions", chooser.slots.table.name, columns, policy=found)


def _subscriptions(chooser: Chooser, _: Context) -> Iterator[TableGuess]:
    base = _base(chooser, "started_at")
    if base is None:
        return
    table = chooser.slots.table
    used = _used(base)
    price = chooser.column("price", taken=used) or chooser.column(
        "price", slot="amount", taken=used
    )
    end = chooser.column("ended_at", taken=used)
    plan = chooser.column("plan", taken=[*used, *(columns_in(end.origin) if end else ())])
    money = _some(chooser, "currency") if price else []
    columns = (*base, *(c for c in (end, plan, price) if c), *money, *_some(chooser, "known_at"))
    found = policies(table, columns)
    if table.repeats:
        found["duplicates"] = ("drop", _EQUAL)
    if _share_a_key(table, base):
        found["bad_values"] = ("drop", "several rows have one customer and one beginning")
    yield TableGuess("subscriptions", table.name, columns, policy=found)


def _customers(chooser: Chooser, context: Context) -> Iterator[TableGuess]:
    customer = chooser.column("customer_id")
    if customer is None:
        return
    table, label = chooser.slots.table, context.label
    name = _name(chooser)
    used = [*columns_in(customer.origin), *(columns_in(name.origin) if name else ())]
    if context.in_time:
        used += [chooser.guess(slot).value for slot in ("started_at", "ended_at", "plan", "price")]
    seen = attributes(
        table, "customers", used, label=label, in_time=context.in_time, reserved=context.reserved
    )
    found = dict(seen.columns)
    if label is not None:
        found[attribute_name(label.column)] = label.column
    yield _attribute_table("customers", chooser, [customer, *([name] if name else [])], seen, found)


def _customers_of_rows(chooser: Chooser, context: Context) -> Iterator[TableGuess]:
    """Customers read from rows of payments, where no table is theirs: what does not change."""
    customer = chooser.column("customer_id")
    if context.has_customers or customer is None:
        return
    slots = ("item_id", "title", "category", "quantity", "amount", "price", "kind", "currency")
    used = [chooser.guess(slot).value for slot in (*slots, "transaction_id", "occurred_at")]
    used += columns_in(customer.origin)
    key = columns_in(customer.origin)[0]
    table = chooser.slots.table
    seen = attributes(
        table, "customers", used, label=context.label, key=key, reserved=context.reserved
    )
    if seen.columns:
        made = _attribute_table("customers", chooser, [customer], seen, seen.columns)
        yield TableGuess(**{**_fields(made), "left_out": {}})


def _items_of_rows(chooser: Chooser, context: Context) -> Iterator[TableGuess]:
    item = chooser.column("item_id", least=_WEAK)
    title = chooser.column("title")
    if context.has_items or item is None or title is None:
        return
    category = chooser.column("category", taken=columns_in(title.origin))
    columns = [item, title, *([category] if category else [])]
    yield _attribute_table("items", chooser, columns, Attributes(), {})


def _items(chooser: Chooser, _: Context) -> Iterator[TableGuess]:
    item = chooser.column("item_id")
    if item is None:
        return
    title = chooser.column("title", taken=columns_in(item.origin))
    used = [*columns_in(item.origin), *(columns_in(title.origin) if title else ())]
    category = chooser.column("category", taken=used)
    columns = [column for column in (item, title, category) if column]
    used = [each for column in columns for each in columns_in(column.origin)]
    seen = attributes(chooser.slots.table, "items", used)
    yield _attribute_table("items", chooser, columns, seen, seen.columns)


def _treatments(chooser: Chooser, _: Context) -> Iterator[TableGuess]:
    base = _base(chooser, "occurred_at")
    arm = chooser.column("arm")
    if base is None or arm is None:
        return
    table, columns = chooser.slots.table, (*base, arm)
    found = policies(table, columns)
    if table.repeats:
        found["duplicates"] = ("drop", _EQUAL)
    yield TableGuess("treatments", table.name, columns, policy=found)


_BUILDERS: Final[Mapping[Shape, tuple[Callable[[Chooser, Context], Iterator[TableGuess]], ...]]] = {
    "lines": (_transactions, _purchases, _customers_of_rows, _items_of_rows),
    "payments": (_transactions, _purchases, _customers_of_rows, _items_of_rows),
    "events": (_interactions, _items_of_rows),
    "spells": (_subscriptions,),
    "members": (_customers, _subscriptions),
    "customers": (_customers,),
    "items": (_items,),
    "offers": (_treatments,),
}


def _base(chooser: Chooser, when: str) -> tuple[ColumnGuess, ColumnGuess] | None:
    customer = chooser.column("customer_id")
    if customer is None:
        return None
    time = chooser.column(when, taken=columns_in(customer.origin))
    return (customer, time) if time else None


def _used(columns: tuple[ColumnGuess, ...]) -> list[str]:
    return [each for column in columns for each in columns_in(column.origin)]


def _some(chooser: Chooser, *slots: str) -> list[ColumnGuess]:
    return [column for slot in slots if (column := chooser.column(slot)) is not None]


def _table(origin: Any) -> Mapping[str, Any]:
    return origin if isinstance(origin, dict) else {}


def _fields(table: TableGuess) -> dict[str, Any]:
    return {name: getattr(table, name) for name in TableGuess.__dataclass_fields__}


def _is_unique(table: TableProfile, column: ColumnGuess) -> bool:
    (name,) = columns_in(column.origin)
    return table.uniqueness(table.column(name)) >= 1.0


def _share_a_key(table: TableProfile, columns: tuple[ColumnGuess, ...]) -> bool:
    cells = [table.cells[name] for name in _used(columns)]
    keys = list(zip(*cells, strict=True))
    return len(keys) - table.repeats > len(set(keys))


def _repeats(chooser: Chooser) -> bool:
    """Whether equal rows are one fact: the rows have ids, or few repeat in a log with times."""
    table = chooser.slots.table
    numbered = chooser.slots.best("row_id") is not None
    return numbered and (table.repeats > 0 or not table.is_whole)


_FIRST: Final = n.bag("firstname vorname nombre prenom")
_LAST: Final = n.bag("lastname surname nachname apellido")
_GIVEN: Final = n.bag("first given")
_FAMILY: Final = n.bag("last family")


def _name(chooser: Chooser) -> ColumnGuess | None:
    """One name column, or first and last joined."""
    table = chooser.slots.table
    first = [
        c.name for c in table.columns if says(c.name, n.bag("firstname vorname nombre prenom"))
    ]
    last = [
        c.name for c in table.columns if says(c.name, n.bag("lastname surname nachname apellido"))
    ]
    pairs = [c.name for c in table.columns if says(c.name, n.NAME)]
    first = first or [c for c in pairs if says(c, n.bag("first given"))]
    last = last or [c for c in pairs if says(c, n.bag("last family"))]
    if first and last and first[0] != last[0] and not chooser.is_answered("name"):
        guess = Guess(chooser.place("name"), f"{first[0]} + {last[0]}", 0.9)
        return ColumnGuess("name", {"join": [first[0], last[0]]}, guess)
    return chooser.column("name")


def _attribute_table(
    name: TableName,
    chooser: Chooser,
    columns: list[ColumnGuess],
    seen: Attributes,
    found: Mapping[str, Any],
) -> TableGuess:
    table = chooser.slots.table
    policy: Policies = policies(table, columns)
    if name == "items" and "bad_values" not in policy and _lacks(table, columns[0]):
        policy["bad_values"] = ("drop", "rows without an item")
    if table.repeats and chooser.slots.uniqueness(columns[0].name) >= 0.95:
        policy["duplicates"] = ("drop", _EQUAL)
    return TableGuess(
        name, table.name, tuple(columns), dict(found), seen.numbers, seen.left_out, policy=policy
    )


def _lacks(table: TableProfile, column: ColumnGuess) -> bool:
    return any(table.column(c).filled < table.sampled for c in columns_in(column.origin))
