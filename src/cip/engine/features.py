"""The catalogue of features, and which of them some data can give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ibis.expr.types import Table

from cip import columns as c
from cip.engine.events import Events
from cip.engine.feature import Feature
from cip.engine.features_interactions import INTERACTIONS
from cip.engine.features_payments import PAYMENTS
from cip.engine.near import missing_column
from cip.errors import ContractError
from cip.types import FeatureInfo

CATALOGUE: Final[tuple[Feature, ...]] = (*PAYMENTS, *INTERACTIONS)


def available(events: Events) -> tuple[Feature, ...]:
    """The features of the catalogue whose tables and columns are there, in its order."""
    if events.interactions is None:
        return PAYMENTS
    columns = set(events.interactions.columns)
    if events.items is not None:
        columns |= {c.CATEGORY} & set(events.items.columns)
    return tuple(feature for feature in CATALOGUE if feature.needs <= columns)


def attribute_infos(customers: Table | None, names: Sequence[str]) -> tuple[FeatureInfo, ...]:
    """A feature for each of these static attributes: a number as it is, text as a category.

    Times are left out: as they stand they only number the customers.

    Raises: ContractError C-204 when an attribute has the name of a feature of the catalogue, and
    C-101 when the customers do not have it.
    """
    infos = (_attribute_info(customers, name) for name in names)
    return tuple(info for info in infos if info is not None)


def _attribute_info(customers: Table | None, name: str) -> FeatureInfo | None:
    if any(feature.info.name == name for feature in CATALOGUE):
        raise ContractError(
            "C-204",
            f"tables.customers.attributes: {name!r} is the name of a feature of the catalogue.",
            "give the attribute another name",
        )
    if customers is None or name not in customers.columns:
        raise missing_column("the snapshot", name, () if customers is None else customers.columns)
    dtype = customers[name].type()
    if dtype.is_timestamp():
        return None
    said = name.replace("_", " ")
    return FeatureInfo(
        name,
        "number" if dtype.is_numeric() else "category",
        "",
        f"Static attribute of the customer: {said}.",
        f"{said.capitalize()} is {{v}} (typical {{usual}})",
        said,
    )
