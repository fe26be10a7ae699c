"""Ranked lists: personal where a history says something, popular where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from cip.errors import ModelError
from cip.models.recommend.ease import Ease, strongest_inputs
from cip.models.recommend.interactions import (
    History,
    IdTable,
    Interactions,
    alone,
    recency_matrix,
)
from cip.models.recommend.popularity import Popularity
from cip.types import BoolArray, FloatArray, IntArray

Source = Literal["taste", "popular"]

NONE: Final = -1
_CELLS: Final = 4_000_000  # customers times items of one block: 16 MB of scores


@dataclass(frozen=True, slots=True)
class ListRules:
    """What may stand on a list.

    `k`: its length; `exclude_seen`: leave out what the customer took before; `hidden`: ids of
    items never shown; `allowed`: (items,) True for items that may be, None for all.
    """

    k: int = 10
    exclude_seen: bool = True
    hidden: tuple[str, ...] = ()
    allowed: BoolArray | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One line of one list.

    `source` taste: `score` is the model's, `because` the item of the history that adds most to it,
    `fit` the share of items really taken that scored no higher.  `source` popular: score and fit
    are the share of recent customers who took the item, and `because` is None.
    """

    item_id: str
    score: float
    fit: float
    because: str | None
    source: Source


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists of m customers, best first, codes in the model's item table; further arrays (m, k).

    `customer`: (m,) codes; `item` is -1 past the end of a list, `because` -1 where no history
    speaks; `popular` marks items from the fallback; `score` and `fit` are NaN past the end.
    """

    customer: IntArray
    item: IntArray
    score: FloatArray
    fit: FloatArray
    because: IntArray
    popular: BoolArray


def recommend(
    model: Ease | None, fallback: Popularity, history: History, rules: ListRules = ListRules()
) -> list[Recommendation]:
    """One customer's list, from the history as it is now; the same to the last bit as in a batch.

    At most `rules.k` lines, the best first, equal scores in the order of the item table.  Items
    with a score above 0 come by taste, the rest of the list by popularity; without a history (or
    without a model) all of it is popular.
    """
    one = next(recommend_many(model, fallback, alone(history, fallback.items), rules))
    ids = fallback.items.ids
    return [
        Recommendation(
            ids[one.item[0, n]],
            float(one.score[0, n]),
            float(one.fit[0, n]),
            None if one.because[0, n] == NONE else ids[one.because[0, n]],
            "popular" if one.popular[0, n] else "taste",
        )
        for n in range(one.item.shape[1])
        if one.item[0, n] != NONE
    ]


def recommend_many(
    model: Ease | None,
    fallback: Popularity,
    interactions: Interactions,
    rules: ListRules = ListRules(),
    customers: IntArray | None = None,
) -> Iterator[Lists]:
    """Lists of the customers with these codes (all, where None), block by block.

    As `recommend`; the memory of a block does not grow with the number of customers.  ModelError
    where model, fallback and interactions have different item tables, or a rule cannot be.
    """
    for other in (interactions.items, *([model.items] if model else [])):
        fallback.items.require_same(other, "items")
    blocked = _blocked(fallback.items, rules)
    taken = recency_matrix(interactions, np.inf)
    inputs = model.inputs(interactions) if model else csr_array((taken.shape[0], 0))
    asked = np.arange(taken.shape[0]) if customers is None else customers
    size = max(1, _CELLS // max(len(fallback.items), 1))
    blocks = (asked[start : start + size] for start in range(0, len(asked), size))
    return (
        _filled(
            _empty(rows, rules.k),
            model,
            fallback,
            inputs[rows],
            _forbidden(taken[rows], blocked, exclude_seen=rules.exclude_seen),
        )
        for rows in blocks
    )


def _blocked(items: IdTable, rules: ListRules) -> BoolArray:
    """(items,) True for what no list may hold."""
    if rules.k < 1:
        raise _wrong_rule(f"A list of {rules.k} items was asked for.")
    if rules.allowed is not None and len(rules.allowed) != len(items):
        raise _wrong_rule(f"`allowed` has {len(rules.allowed)} entries for {len(items)} items.")
    blocked = np.zeros(len(items), dtype=np.bool_) if rules.allowed is None else ~rules.allowed
    hidden = items.codes(rules.hidden)
    blocked[hidden[hidden >= 0]] = True
    return blocked


def _forbidden(taken: csr_array, blocked: BoolArray, *, exclude_seen: bool) -> BoolArray:
    """(rows, items) True for what must not be on the row's list."""
    forbidden = np.tile(blocked, (taken.shape[0], 1))
    if exclude_seen:
        forbidden[_rows(taken), taken.indices] = True
    return forbidden


def _filled(
    lists: Lists,
    model: Ease | None,
    fallback: Popularity,
    inputs: csr_array,
    forbidden: BoolArray,
) -> Lists:
    if model is not None and inputs.nnz:
        _write_taste(lists, model, inputs, forbidden)
    _write_popular(lists, fallback, forbidden)
    return lists


def _empty(customer: IntArray, k: int) -> Lists:
    shape = (len(customer), k)
    return Lists(
        customer,
        np.full(shape, NONE),
        np.full(shape, np.nan),
        np.full(shape, np.nan),
        np.full(shape, NONE),
        np.zeros(shape, dtype=np.bool_),
    )


def _write_taste(lists: Lists, model: Ease, inputs: csr_array, forbidden: BoolArray) -> None:
    scores = model.scores(inputs)
    scores[forbidden[:, model.kept] | (scores <= 0)] = -np.inf
    strongest = strongest_inputs(inputs)
    k = lists.item.shape[1]
    least = _kth_largest(scores, k)
    for row in np.flatnonzero(scores.max(axis=1) > 0):
        top = _top(scores[row], least[row], k)
        listed = slice(0, len(top))
        lists.item[row, listed] = model.kept[top]
        lists.score[row, listed] = scores[row, top]
        lists.fit[row, listed] = model.fit_of(lists.score[row, listed], strongest[row])
        mine = slice(inputs.indptr[row], inputs.indptr[row + 1])
        added = inputs.data[mine, None] * model.weights[np.ix_(inputs.indices[mine], top)]
        lists.because[row, listed] = model.kept[inputs.indices[mine][added.argmax(axis=0)]]


def _write_popular(lists: Lists, fallback: Popularity, forbidden: BoolArray) -> None:
    k = lists.item.shape[1]
    for row in np.flatnonzero(lists.item[:, -1] == NONE):
        start = int(np.count_nonzero(lists.item[row] != NONE))
        shut = forbidden[row].copy()
        shut[lists.item[row, :start]] = True
        popular = fallback.order[~shut[fallback.order]][: k - start]
        listed = slice(start, start + len(popular))
        lists.item[row, listed] = popular
        lists.score[row, listed] = lists.fit[row, listed] = fallback.share[popular]
        lists.popular[row, listed] = True


def _kth_largest(scores: NDArray[np.float32], k: int) -> NDArray[np.float32]:
    """(n,) the k-th largest of each row; -inf where the row is shorter."""
    columns = scores.shape[1]
    if columns < k:
        return np.full(len(scores), -np.inf, dtype=np.float32)
    return np.partition(scores, columns - k, axis=1)[:, columns - k]


def _top(scores: NDArray[np.float32], least: np.float32, k: int) -> IntArray:
    """Places of the k largest finite scores, equal ones in the order of the table."""
    places = np.flatnonzero((scores >= least) & (scores > 0))
    return places[np.argsort(-scores[places], kind="stable")[:k]]


def _rows(X: csr_array) -> IntArray:
    return np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))


def _wrong_rule(message: str) -> ModelError:
    return ModelError("M-207", message, "Ask for at least 1 item; `allowed` is one flag an item.")
