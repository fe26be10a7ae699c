"""What a run knows and proposes about one customer: every feature in words, and what to show."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from cip.access.roles import require
from cip.flows.results import Results
from cip.types import Principal


@dataclass(frozen=True, slots=True)
class Fact:
    """One feature of one customer; `usual` is the median of all, or the most frequent value."""

    name: str
    description: str
    unit: str
    value: float | str | None
    usual: float | str | None


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One item on a customer's list: `place` from 1, `fit` from 0 to 1.

    `because` is the title of the item that speaks for it most.  `is_fallback`: it is proposed for
    being popular, since too little is known of the customer.
    """

    place: int
    item_id: str
    title: str
    category: str | None
    fit: float | None
    because: str | None
    is_fallback: bool
    predicted_rating: float | None


def customer_facts(results: Results, customer_id: str, *, actor: Principal) -> tuple[Fact, ...]:
    """Every feature of the customer, in the order of the catalogue; () where none is published."""
    require(actor, "read")
    rows = results.tables.rows("features", customer_id)
    if not rows:
        return ()
    usual = results.tables.typical("features")
    return tuple(
        Fact(info["name"], info["description"], info["unit"], value, usual[info["name"]])
        for info in results.summary["churn"].get("features", ())
        for value in (_plain(rows[0].get(info["name"])),)
        if info["name"] in usual
    )


def features_of(results: Results, customer_id: str, *, actor: Principal) -> dict[str, Any]:
    """The customer's features by name, as they are published; {} where there are none."""
    require(actor, "read")
    rows = results.tables.rows("features", customer_id)
    return {name: _plain(value) for name, value in rows[0].items()} if rows else {}


def recommendations(
    results: Results, customer_id: str, *, actor: Principal
) -> tuple[Recommendation, ...]:
    """The customer's list, the best first; () where the run made none."""
    require(actor, "read")
    names = [field.name for field in fields(Recommendation)]
    rows = results.tables.rows("recommendations", customer_id)
    listed = [Recommendation(**{name: _plain(row.get(name)) for name in names}) for row in rows]
    return tuple(sorted(listed, key=lambda one: one.place))


def _plain(value: Any) -> Any:
    """NaN as None."""
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124 - NaN
