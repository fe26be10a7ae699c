"""Are the lists any good? Judged on what customers took next, against what was popular anyway.

Forward in time: lists are made from the history before a cutoff and held against what was taken in
`[cutoff, cutoff + horizon)`.  All items compete (Krichene and Rendle, KDD 2020, on why sampled
metrics mislead).  Intervals resample customers, and the same resamples judge both lists, so gains
are paired.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import csr_array

from cip.models.recommend.ease import Ease
from cip.models.recommend.interactions import Interactions, require_before_cutoff
from cip.models.recommend.lists import NONE, ListRules, recommend_many
from cip.models.recommend.metrics import LIST_METRIC, PER_CUSTOMER, Judged, judge
from cip.models.recommend.popularity import Popularity
from cip.models.recommend.verdict import JUDGING_LEVEL, list_verdict
from cip.models.resample import bootstrap_weights
from cip.types import Estimate, FloatArray, IntArray, Verdict

HISTORY_LENGTHS: Final = ((0, 0), (1, 2), (3, 5), (6, 10), (11, 20), (21, None))
NOBODY: Final = "none of these customers took a new item in the horizon"
NO_LIST: Final = "no list holds an item"
_GAINS: Final = ("ndcg", "recall")


@dataclass(frozen=True, slots=True)
class ColdStartRow:
    """The figures of customers with a history of `fewest` to `most` items (None: no end).

    Coverage is not among them.
    """

    fewest: int
    most: int | None
    customers: int
    model: Mapping[str, Estimate]
    popularity: Mapping[str, Estimate]

    @property
    def label(self) -> str:
        """`0`, `1-2`, `21+`."""
        if self.most is None:
            return f"{self.fewest}+"
        return str(self.fewest) if self.most == self.fewest else f"{self.fewest}-{self.most}"


@dataclass(frozen=True, slots=True)
class ListEvaluation:
    """Figures of personal and of popular lists of `k`, by the names of `LIST_METRICS`.

    `customers`: judged, that is, took an item in the horizon that could have been listed;
    `with_history`: those of them who were known before the cutoff.
    """

    k: int
    customers: int
    with_history: int
    model: Mapping[str, Estimate]
    popularity: Mapping[str, Estimate]
    cold_start: tuple[ColdStartRow, ...]
    verdict: Verdict


def evaluate_lists(
    model: Ease,
    fallback: Popularity,
    history: Interactions,
    future: Interactions,
    k: int = 10,
    *,
    exclude_seen: bool = True,
    seed: int,
    draws: int,
    level: float = 0.95,
) -> ListEvaluation:
    """Lists from `history` against what the same customers took in `future`.

    The two come from `history_and_future`; model and fallback are fitted on the history alone.
    With `exclude_seen`, only items not taken before count.  An item first seen in the future
    counts too: no list can hold it.  The verdict's nominal error is 1 %.
    """
    require_before_cutoff(history)
    history.customers.require_same(future.customers, "customers")
    history.items.require_same(future.items, "items")
    wanted = _absent(future.pairs, history.pairs) if exclude_seen else future.pairs
    customers = np.unique(wanted // history.stride)
    rules = ListRules(k, exclude_seen)
    personal, popular = (
        _judge(_listed(one, fallback, history, rules, customers), customers, wanted, history)
        for one in (model, None)
    )
    length = _history_lengths(history)[customers]
    compare = _Comparison(seed, draws, level)
    own, rival, gains = compare.figures(personal, popular)
    own["coverage"] = compare.coverage(personal.item, len(fallback.order))
    rival["coverage"] = compare.coverage(popular.item, len(fallback.order))
    with_history = int(np.count_nonzero(length))
    return ListEvaluation(
        k,
        len(customers),
        with_history,
        own,
        rival,
        tuple(compare.cold_start(personal, popular, length)),
        list_verdict(k, with_history, own, rival, gains),
    )


@dataclass(frozen=True, slots=True)
class _Comparison:
    seed: int
    draws: int
    level: float

    def figures(
        self, personal: Judged, popular: Judged
    ) -> tuple[dict[str, Estimate], dict[str, Estimate], dict[str, Estimate]]:
        """The figures of both that are means over customers, and the gains of the verdict."""
        own, rival = personal.columns, popular.columns
        value, drawn = self._means(np.concatenate([own, rival, own - rival], axis=1))

        def told(start: int, level: float) -> dict[str, Estimate]:
            return {
                name: _estimate(name, value[c], drawn[:, c], level)
                for c, name in enumerate(PER_CUSTOMER, start)
            }

        first, second = 0, len(PER_CUSTOMER)
        gains = told(2 * second, JUDGING_LEVEL)
        kept = {name: gains[name] for name in _GAINS}
        return told(first, self.level), told(second, self.level), kept

    def cold_start(
        self, personal: Judged, popular: Judged, length: IntArray
    ) -> Iterable[ColdStartRow]:
        """One row for each length of history."""
        for fewest, most in HISTORY_LENGTHS:
            rows = (length >= fewest) & (length <= (np.inf if most is None else most))
            own, rival, _ = self.figures(personal.take(rows), popular.take(rows))
            yield ColdStartRow(fewest, most, int(np.count_nonzero(rows)), own, rival)

    def coverage(self, item: IntArray, items: int) -> Estimate:
        """Share of the `items` that stand on a list; `item`: (m, k) codes."""
        if not (len(item) and items):
            return _unknown("coverage", self.level, NO_LIST if len(item) else NOBODY)
        codes, place = np.unique(item, return_inverse=True)
        shape = (len(item), len(codes))
        starts = np.arange(len(item) + 1) * item.shape[1]
        listed = csr_array((np.ones(item.size, np.float32), place.ravel(), starts), shape=shape)
        listed = listed[:, codes != NONE].T.tocsr()

        def share(weights: FloatArray) -> FloatArray:
            shown = listed @ weights.T.astype(np.float32)
            part: FloatArray = np.count_nonzero(shown, axis=0) / items
            return part

        value = float(share(np.ones((1, len(item))))[0])
        drawn = np.concatenate([share(w) for w in self._weights(len(item))])
        # a resample holds fewer different customers, so fewer items: move the interval back by it
        moved = np.clip(drawn - (drawn.mean() - value), 0.0, 1.0)
        return _estimate("coverage", value, moved, self.level)

    def _means(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(c,) means over customers and (draws, c) those of resamples; NaN is a customer left out.

        No draws where there are no customers.
        """
        if not len(values):
            return np.full(values.shape[1], np.nan), np.zeros((0, values.shape[1]))
        known = np.isfinite(values).astype(np.float64)
        filled = np.nan_to_num(values)
        with np.errstate(divide="ignore", invalid="ignore"):
            value: FloatArray = filled.sum(axis=0) / known.sum(axis=0)
            drawn = [(w @ filled) / (w @ known) for w in self._weights(len(values))]
        return value, np.concatenate(drawn)

    def _weights(self, customers: int) -> Iterator[FloatArray]:
        return bootstrap_weights(np.arange(customers), seed=self.seed, draws=self.draws)


def _estimate(name: str, value: float, drawn: FloatArray, level: float) -> Estimate:
    if not len(drawn):
        return _unknown(name, level, NOBODY)
    defined = drawn[np.isfinite(drawn)]
    if not (np.isfinite(value) and len(defined)):
        return _unknown(name, level, NO_LIST)
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(value), float(low), float(high), level, LIST_METRIC[name].unit)


def _unknown(name: str, level: float, reason: str) -> Estimate:
    return Estimate(np.nan, np.nan, np.nan, level, LIST_METRIC[name].unit, reason)


def _listed(
    model: Ease | None,
    fallback: Popularity,
    history: Interactions,
    rules: ListRules,
    customers: IntArray,
) -> IntArray:
    blocks = recommend_many(model, fallback, history, rules, customers)
    items = [lists.item for lists in blocks]
    return np.concatenate(items) if items else np.full((0, rules.k), NONE)


def _judge(item: IntArray, customers: IntArray, wanted: IntArray, history: Interactions) -> Judged:
    stride = history.stride
    mine = np.where(item == NONE, -1, customers[:, None] * stride + item)
    taken = np.searchsorted(customers, wanted // stride)
    relevant = np.bincount(taken, minlength=len(customers))
    return judge(item, np.isin(mine, wanted), relevant, _bits(history))


def _bits(history: Interactions) -> FloatArray:
    """(items,) minus log2 of the share of customers who took the item, as if one more had."""
    pairs = history.pairs
    took = np.bincount(pairs % history.stride, minlength=len(history.items))
    customers = int(np.count_nonzero(np.bincount(pairs // history.stride)))
    bits: FloatArray = -np.log2((took + 1) / (customers + 1))
    return bits


def _absent(pairs: IntArray, known: IntArray) -> IntArray:
    """Those of the rising pairs that are not among the rising known ones."""
    place = np.searchsorted(known, pairs)
    fresh: IntArray = pairs[np.append(known, -1)[place] != pairs]
    return fresh


def _history_lengths(history: Interactions) -> IntArray:
    """(customers,) different items in each history."""
    owner = history.pairs // history.stride
    return np.bincount(owner, minlength=len(history.customers)).astype(np.int64)
