"""The catalogue of features, and which of them some data can give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ibis.expr.types import Table

from cip import columns as c
from cip.engine.events import Events
from cip.engine.feature import Feature, spoken, with_facts_apart
from cip.engine.features_interactions import INTERACTIONS
from cip.engine.features_kinds import OF_KINDS, kind_needed, table_needed
from cip.engine.features_opinions import OPINIONS
from cip.engine.features_payments import PAYMENTS
from cip.engine.features_subscriptions import SUBSCRIPTIONS
from cip.engine.item_words import BOUGHT, of_items_bought
from cip.engine.near import missing_column
from cip.engine.subscriber_words import of_a_subscriber
from cip.errors import ContractError
from cip.types import FeatureInfo

CATALOGUE: Final[tuple[Feature, ...]] = (
    *PAYMENTS,
    *INTERACTIONS,
    *OF_KINDS,
    *OPINIONS,
    *SUBSCRIPTIONS,
)


def available(events: Events) -> tuple[Feature, ...]:
    """The features of the catalogue whose tables, columns and kinds are there, in its order.

    Where there are subscriptions, what customers buy is said to be what they pay; where all
    interactions are purchases, activity is said to be items taken.
    """
    there = {kind_needed(kind) for kind in events.kinds}
    if events.transactions is not None:
        there.add(table_needed("transactions"))
    for table in (events.interactions, events.subscriptions):
        there |= set(table.columns) if table is not None else set()
    if events.items is not None:
        there |= {c.CATEGORY} & set(events.items.columns)
    groups = (
        (events.transactions, PAYMENTS),
        (events.interactions, (*INTERACTIONS, *OF_KINDS, *OPINIONS)),
        (events.subscriptions, SUBSCRIPTIONS),
    )
    given = (feature for table, group in groups if table is not None for feature in group)
    found: Iterable[Feature] = (feature for feature in given if feature.needs <= there)
    if events.kinds == BOUGHT and c.ITEM_ID in there:
        found = map(of_items_bought, found)
    return tuple(found if events.subscriptions is None else map(of_a_subscriber, found))


def customers_with(customers: Table | None, name: str | None, reader: str) -> Table:
    """The customers; ContractError C-101 when they lack the column `name` that `reader` reads."""
    if customers is None or name not in customers.columns:
        raise missing_column(reader, str(name), () if customers is None else customers.columns)
    return customers


def attribute_infos(customers: Table | None, names: Sequence[str]) -> tuple[FeatureInfo, ...]:
    """A feature for each of these static attributes: a number as it is, text as a category.

    Times are left out: as they stand they only number the customers.

    Raises: ContractError C-204 when an attribute has the name of a feature of the catalogue, and
    C-101 when the customers do not have it.
    """
    infos = (_attribute_info(customers, name) for name in names)
    facts = {f.info.fact for feature in CATALOGUE for f in (feature, of_a_subscriber(feature))}
    return with_facts_apart((info for info in infos if info is not None), facts)


def _attribute_info(customers: Table | None, name: str) -> FeatureInfo | None:
    if any(feature.info.name == name.lower() for feature in CATALOGUE):
        raise ContractError(
            "C-204",
            f"tables.customers.attributes: {name!r} is the name of a feature of the catalogue.",
            "give the attribute another name",
        )
    dtype = customers_with(customers, name, "the snapshot")[name].type()
    if dtype.is_timestamp():
        return None
    said = spoken(name.replace("_", " "))
    return FeatureInfo(
        name,
        "number" if dtype.is_numeric() else "category",
        "",
        f"Static attribute of the customer: {said}.",
        f"{said.capitalize()} is {{v}} (typical {{usual}})",
        said,
    )
