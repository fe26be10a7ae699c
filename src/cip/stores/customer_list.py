"""Pages, totals and exports of the customer list: DuckDB over `customers.parquet`.

Filters and orders are names from a fixed list, built as expressions: there is no SQL text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from duckdb import (
    ColumnExpression,
    ConstantExpression,
    DuckDBPyRelation,
    Expression,
    FunctionExpression,
    StarExpression,
)

from cip import columns as c
from cip.errors import NotFoundError
from cip.stores.customers import HAS_LEFT, SEGMENT
from cip.stores.folder_reader import open_folder


def _is(name: str) -> Callable[[Any], Expression]:
    return lambda value: ColumnExpression(name) == ConstantExpression(value)


def _from(name: str) -> Callable[[Any], Expression]:
    return lambda value: ColumnExpression(name) >= ConstantExpression(value)


def _above(name: str) -> Callable[[Any], Expression]:
    return lambda value: ColumnExpression(name) > ConstantExpression(value)


def _greatest(name: str) -> tuple[Expression, ...]:
    return ColumnExpression(name).desc().nulls_last(), ColumnExpression(c.RANK)


FILTERS: Final[Mapping[str, Callable[[Any], Expression]]] = {
    c.CHURN_BAND: _is(c.CHURN_BAND),
    c.CLV_BAND: _is(c.CLV_BAND),
    c.PRIORITY_SEGMENT: _is(c.PRIORITY_SEGMENT),
    SEGMENT: _is(SEGMENT),
    HAS_LEFT: _is(HAS_LEFT),
    "p_churn_above": _above(c.P_CHURN),
    "p_churn_from": _from(c.P_CHURN),
}
ORDERS: Final[Mapping[str, tuple[Expression, ...]]] = {
    c.EXPECTED_VALUE_LOSS: (ColumnExpression(c.RANK),),
    c.P_CHURN: _greatest(c.P_CHURN),
    c.CLV: _greatest(c.CLV),
    "last_purchase_days": _greatest("last_purchase_days"),
    c.CUSTOMER_ID: (ColumnExpression(c.CUSTOMER_ID),),
}
_CELL_SUMS: Final = (
    ("count", c.RANK, "customers"),
    ("avg", c.P_CHURN, c.P_CHURN),
    ("sum", c.CLV, c.CLV),
    ("count", c.CLV, "valued"),
    ("sum", c.EXPECTED_VALUE_LOSS, c.EXPECTED_VALUE_LOSS),
)
_BATCH: Final = 10_000
_Known = TypeVar("_Known")


@dataclass(frozen=True, slots=True)
class Totals:
    """How many customers a filter leaves, and what is at stake with them."""

    customers: int
    expected_value_loss: float


class CustomerList:
    """A published `customers.parquet`, for many threads: each question has its own cursor."""

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        self._db = open_folder(self._path.parent)
        self.columns = self._all().columns

    def totals(self, where: Mapping[str, Any]) -> Totals:
        """Count and sum of the customers that pass every filter of `where`."""
        count = FunctionExpression("count", ColumnExpression(c.RANK))
        loss = FunctionExpression("sum", ColumnExpression(c.EXPECTED_VALUE_LOSS))
        ((customers, at_stake),) = self._passing(where).aggregate([count, loss]).fetchall()
        return Totals(int(customers), float(at_stake or 0.0))

    def cells(self) -> list[dict[str, Any]]:
        """Sums by segment, CLV band and churn band; [] where the run has no segments.

        `customers`; `p_churn`, the mean; `clv` and `expected_value_loss`, the sums, None where no
        value is known; `valued`, how many have a value.  Cells without customers are left out, and
        so are customers without a segment.
        """
        if SEGMENT not in self.columns:
            return []
        keys = [ColumnExpression(name) for name in (SEGMENT, c.CLV_BAND, c.CHURN_BAND)]
        sums = [
            FunctionExpression(how, ColumnExpression(name)).alias(called)
            for how, name, called in _CELL_SUMS
        ]
        known = self._all().filter(ColumnExpression(SEGMENT).isnotnull())
        found = known.aggregate([*keys, *sums]).sort(*keys)
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]

    def page(
        self, where: Mapping[str, Any], order: str, *, limit: int, offset: int = 0
    ) -> list[dict[str, Any]]:
        """At most `limit` customers that pass every filter, after the first `offset`, in order.

        Where the run knows who has left, they come after all others whatever the order.
        Every column but the reasons, which are for one customer at a time.
        Raises: NotFoundError P-120 for a filter or an order that is not on the list.
        """
        found = self._ordered(where, order).limit(limit, offset)
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]

    def every(self, where: Mapping[str, Any], order: str) -> Iterator[dict[str, Any]]:
        """All customers that pass every filter, in order, read in batches."""
        for batch in self._ordered(where, order).to_arrow_reader(_BATCH):
            yield from batch.to_pylist()

    def close(self) -> None:
        """Close the database; nothing can be asked afterwards."""
        self._db.close()

    def _ordered(self, where: Mapping[str, Any], order: str) -> DuckDBPyRelation:
        gone = [ColumnExpression(HAS_LEFT)] if HAS_LEFT in self.columns else []
        return self._passing(where).sort(*gone, *_known(order, ORDERS, "order"))

    def _passing(self, where: Mapping[str, Any]) -> DuckDBPyRelation:
        found = self._all()
        for name, value in where.items():
            passes = _known(name, FILTERS, "filter")(value)
            if name != HAS_LEFT or HAS_LEFT in self.columns:  # else nobody is known to have left
                found = found.filter(passes)
        return found

    def _all(self) -> DuckDBPyRelation:
        table = self._db.cursor().read_parquet(str(self._path))
        return table.select(StarExpression(exclude=["reasons"]))


def _known(name: str, known: Mapping[str, _Known], what: str) -> _Known:
    if name not in known:
        choices = ", ".join(known)
        raise NotFoundError(
            "P-120", f"there is no {what} {name!r} on the customer list.", f"one of {choices}"
        )
    return known[name]
