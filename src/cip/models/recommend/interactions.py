"""Who took what and when, as arrays: the one input of every list."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from cip.errors import ModelError
from cip.types import BoolArray, FloatArray, IntArray, ObjectArray


@dataclass(frozen=True, eq=False)
class IdTable:
    """Ids of customers or items, each once; arrays elsewhere hold positions in it (codes).

    `ids`: (m,) object array of str.
    """

    ids: ObjectArray

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def position(self) -> dict[str, int]:
        """Where each id stands."""
        return {id_: code for code, id_ in enumerate(self.ids.tolist())}

    @cached_property
    def fingerprint(self) -> str:
        """Equal for tables with the same ids in the same order."""
        sized = (f"{len(id_)}:{id_}" for id_ in self.ids.tolist())
        return hashlib.sha256("".join(sized).encode()).hexdigest()

    def codes(self, ids: Sequence[str] | ObjectArray) -> IntArray:
        """(n,) the position of each id, -1 where it is not in the table."""
        return np.array([self.position.get(id_, -1) for id_ in ids], dtype=np.int64)

    def require_same(self, other: IdTable, what: str) -> None:
        """Nothing, or a ModelError where the tables differ."""
        if self is not other and self.fingerprint != other.fingerprint:
            raise ModelError(
                "M-203",
                f"Two tables of {what} differ: {len(self):,} ids and {len(other):,} ids.",
                f"Code both sides with one table of {what}: the one the model was fitted with.",
            )


@dataclass(frozen=True)
class Interactions:
    """n interactions; `customer`, `item`: (n,) codes in `customers`, `items`.

    `days_ago`: (n,) days before the cutoff; above 0 is before it, 0 is the cutoff instant itself,
    below 0 is after.  `weight`: (n,) how much each tells, at least 0; an item whose weight is 0
    is known to be taken but says nothing of taste.  ModelError where an array breaks this.
    """

    customers: IdTable
    items: IdTable
    customer: IntArray
    item: IntArray
    days_ago: FloatArray
    weight: FloatArray

    def __post_init__(self) -> None:
        lengths = {len(a) for a in (self.customer, self.item, self.days_ago, self.weight)}
        if len(lengths) != 1:
            raise _unusable(f"The columns are of different lengths: {sorted(lengths)}.")
        _check_codes(self.customer, self.customers, "customer")
        _check_codes(self.item, self.items, "item")
        _check_values(~np.isfinite(self.days_ago), "days_ago is not a number")
        _check_values(~(np.isfinite(self.weight) & (self.weight >= 0)), "weight is below 0 or NaN")

    def __len__(self) -> int:
        return len(self.customer)

    @property
    def stride(self) -> int:
        """A pair's number is customer * stride + item."""
        return max(len(self.items), 1)

    @cached_property
    def pairs(self) -> IntArray:
        """Each (customer, item) once, by its number, ascending."""
        # not np.unique: its hash table misses the cache, ten times the cost of sorting
        pairs = np.sort(self.customer * self.stride + self.item)
        return pairs[_is_last(pairs)]

    def take(self, rows: IntArray | BoolArray) -> Interactions:
        """The same tables, and the rows given by position or by mask."""
        return Interactions(
            self.customers,
            self.items,
            self.customer[rows],
            self.item[rows],
            self.days_ago[rows],
            self.weight[rows],
        )


@dataclass(frozen=True, slots=True)
class History:
    """What one customer took so far: (n,) item codes, days ago (above 0) and weights."""

    item: IntArray
    days_ago: FloatArray
    weight: FloatArray

    def __len__(self) -> int:
        return len(self.item)


def interactions_of(
    customer_id: Sequence[str] | ObjectArray,
    item_id: Sequence[str] | ObjectArray,
    days_ago: Sequence[float] | FloatArray,
    weight: Sequence[float] | FloatArray | None = None,
    *,
    customers: IdTable | None = None,
    items: IdTable | None = None,
) -> Interactions:
    """Interactions from ids; without weights each counts 1.

    A table not given is made of the ids seen, sorted.  ModelError where an id is not in a table
    that was given.
    """
    who, customer = _coded(customer_id, customers)
    what, item = _coded(item_id, items)
    days = np.asarray(days_ago, dtype=np.float64)
    told = np.ones(len(days)) if weight is None else np.asarray(weight, dtype=np.float64)
    return Interactions(who, what, customer, item, days, told)


def history_of(
    items: IdTable,
    item_id: Sequence[str] | ObjectArray,
    days_ago: Sequence[float] | FloatArray,
    weight: Sequence[float] | FloatArray | None = None,
) -> History:
    """One customer's history from ids; items newer than the table are left out."""
    days = np.asarray(days_ago, dtype=np.float64)
    told = np.ones(len(days)) if weight is None else np.asarray(weight, dtype=np.float64)
    code = items.codes(item_id)
    known = code >= 0
    return History(code[known], days[known], told[known])


def history_and_future(
    interactions: Interactions, cutoff_days_ago: float, horizon_days: float
) -> tuple[Interactions, Interactions]:
    """What was known before an earlier cutoff, and what was taken in `[cutoff, cutoff + horizon)`.

    `days_ago` of both counts from that cutoff; the cutoff instant belongs to the future.
    """
    days = interactions.days_ago - cutoff_days_ago
    moved = replace(interactions, days_ago=days)
    return moved.take(days > 0), moved.take((days <= 0) & (days > -horizon_days))


def alone(history: History, items: IdTable) -> Interactions:
    """The history as interactions of the only customer there is."""
    nobody = IdTable(np.array([""], dtype=object))
    customer = np.zeros(len(history), dtype=np.int64)
    return Interactions(nobody, items, customer, history.item, history.days_ago, history.weight)


def require_before_cutoff(interactions: Interactions) -> None:
    """Nothing, or a ModelError where an interaction is at or after the cutoff."""
    late = int(np.count_nonzero(interactions.days_ago <= 0))
    if late:
        raise ModelError(
            "M-202",
            f"{late:,} of {len(interactions):,} interactions are at or after the cutoff.",
            "A history ends strictly before the cutoff: leave them out, or move the cutoff.",
        )


def recency_matrix(interactions: Interactions, half_life_days: float) -> csr_array:
    """(customers, items) float32 of `weight * 0.5 ** (days_ago / half_life_days)`.

    Of repeated interactions the strongest counts, so that a hundred episodes are one taste.
    What was taken is stored even where its strength is 0.  ModelError where one is not in the past.
    """
    if not half_life_days > 0:
        raise _unusable(f"The half-life is {half_life_days} days.")
    require_before_cutoff(interactions)
    strength = interactions.weight * np.exp2(-interactions.days_ago / half_life_days)
    shape = (len(interactions.customers), len(interactions.items))
    pair = interactions.customer * interactions.stride + interactions.item
    if not (np.diff(pair) > 0).all():
        order = np.lexsort((strength, pair))
        rows = order[_is_last(pair[order])]
        pair, strength = pair[rows], strength[rows]
    start = np.searchsorted(pair, np.arange(shape[0] + 1) * interactions.stride)
    return csr_array((strength.astype(np.float32), pair % interactions.stride, start), shape=shape)


def _is_last(rising: IntArray) -> BoolArray:
    """Where a value of the sorted array stands for the last time."""
    return np.append(rising[1:] != rising[:-1], True)[: len(rising)]


def _coded(ids: Sequence[str] | ObjectArray, table: IdTable | None) -> tuple[IdTable, IntArray]:
    if table is None:
        unique, code = np.unique(np.array(ids, dtype=object), return_inverse=True)
        return IdTable(unique), code.astype(np.int64)
    code = table.codes(ids)
    absent = np.flatnonzero(code < 0)
    if len(absent):
        raise _unusable(
            f"{len(absent):,} of {len(code):,} ids are not in the table (first: {ids[absent[0]]})."
        )
    return table, code


def _check_codes(code: IntArray, table: IdTable, what: str) -> None:
    _check_values((code < 0) | (code >= len(table)), f"{what} is outside its table of {len(table)}")


def _check_values(wrong: NDArray[Any], what: str) -> None:
    if wrong.any():
        seen = f"{np.count_nonzero(wrong):,} of {len(wrong):,} rows"
        raise _unusable(f"In {seen} {what} (first: row {int(np.argmax(wrong))}).")


def _unusable(message: str) -> ModelError:
    return ModelError("M-201", message, "Give (n,) arrays coded with the id tables beside them.")
