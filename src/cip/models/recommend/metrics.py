"""The catalogue of figures about lists: their words, and how one customer's list fares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from cip.models.recommend.lists import NONE
from cip.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class ListMetric:
    """A figure about lists, in words."""

    name: str
    label: str
    unit: str
    description: str


LIST_METRICS: Final = (
    ListMetric(
        name="recall",
        label="Recall",
        unit="share",
        description="Of the new items a customer went on to take (at most as many as the list is "
        "long), the share that was on the list.",
    ),
    ListMetric(
        name="ndcg",
        label="NDCG",
        unit="",
        description="As recall, but an item counts more the higher it stood: 1 is a list with all "
        "of them on top.",
    ),
    ListMetric(
        name="hit_rate",
        label="Hit rate",
        unit="share",
        description="Share of customers who went on to take at least one item of their list.",
    ),
    ListMetric(
        name="novelty",
        label="Novelty",
        unit="bits",
        description="How little known the listed items are, on average: 1 bit is an item that half "
        "of the customers took, each further bit half as many.",
    ),
    ListMetric(
        name="coverage",
        label="Coverage",
        unit="share",
        description="Share of all items ever taken that stood on at least one list.",
    ),
)

LIST_METRIC: Final = {metric.name: metric for metric in LIST_METRICS}

PER_CUSTOMER: Final = ("recall", "ndcg", "hit_rate", "novelty")
"""Figures that are means over customers; coverage is one of all lists together."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How the lists of m customers fared; `item`: (m, k) codes, the figures (m,).

    Novelty is NaN for an empty list.
    """

    item: IntArray
    recall: FloatArray
    ndcg: FloatArray
    hit_rate: FloatArray
    novelty: FloatArray

    def take(self, rows: BoolArray) -> Judged:
        """The customers under the mask."""
        return Judged(
            self.item[rows],
            self.recall[rows],
            self.ndcg[rows],
            self.hit_rate[rows],
            self.novelty[rows],
        )

    @property
    def columns(self) -> FloatArray:
        """(m, 4) recall, ndcg, hit_rate, novelty."""
        return np.stack([self.recall, self.ndcg, self.hit_rate, self.novelty], axis=1)


def judge(item: IntArray, wanted: BoolArray, relevant: IntArray, bits: FloatArray) -> Judged:
    """The figures of m lists.

    `item`: (m, k) codes, -1 past the end; `wanted`: (m, k) True where the customer took it;
    `relevant`: (m,) how many items the customer took, at least 1; `bits`: (items,) novelty.
    Recall is hits / min(k, relevant); NDCG's gain is 1 / log2(place + 1), places from 1.
    """
    k = item.shape[1]
    most = np.minimum(relevant, k)
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(discount)[most - 1]
    listed = item != NONE
    told = np.where(listed, bits[item], 0.0) if len(bits) else np.zeros(item.shape)
    length = listed.sum(axis=1)
    novelty = np.divide(told.sum(axis=1), length, out=np.full(len(item), np.nan), where=length > 0)
    hits = wanted.sum(axis=1)
    return Judged(item, hits / most, wanted @ discount / ideal, (hits > 0).astype(float), novelty)
