"""What is popular now: the rival that every personal list must beat, and the fallback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from cip.models.recommend.artefacts import npy, page, read_npy, read_page, table_of
from cip.models.recommend.interactions import IdTable, Interactions, require_before_cutoff
from cip.types import FloatArray, IntArray

_PAGE: Final = "popularity.json"
_SHARE: Final = "popularity_share.npy"
_ORDER: Final = "popularity_order.npy"


@dataclass(frozen=True, eq=False)
class Popularity:
    """`share`: (items,) part of the window's customers who took the item.

    `order`: items ever taken, the most popular first: by share, then by customers ever, then by
    their place in the table.
    """

    items: IdTable
    window_days: float
    share: FloatArray
    order: IntArray

    def artefacts(self) -> dict[str, bytes]:
        """Everything `from_artefacts` needs, by file name."""
        head = {"window_days": self.window_days, "items": self.items.ids.tolist()}
        return {_PAGE: page(head), _SHARE: npy(self.share), _ORDER: npy(self.order)}

    @classmethod
    def from_artefacts(cls, files: Mapping[str, bytes]) -> Popularity:
        """The popularity that `artefacts` wrote; ModelError where a file is damaged."""
        head = read_page(files, _PAGE, "window_days", "items")
        items = table_of(head["items"])
        share = read_npy(files, _SHARE, (len(items),))
        return cls(items, head["window_days"], share, read_npy(files, _ORDER, (None,)))


def fit_popularity(interactions: Interactions, window_days: float) -> Popularity:
    """Popularity among customers in `[cutoff - window_days, cutoff)`.

    A customer counts once for an item, however often they took it; interactions of weight 0 do
    not count.  ModelError where an interaction is at or after the cutoff.
    """
    require_before_cutoff(interactions)
    told = interactions.take(interactions.weight > 0)
    recent = told.take(told.days_ago <= window_days)
    ever, now = _customers(told), _customers(recent)
    share = now / max(int(np.count_nonzero(np.bincount(recent.customer))), 1)
    order = np.lexsort((np.arange(len(ever)), -ever, -share))
    return Popularity(
        interactions.items, float(window_days), share, order[ever[order] > 0].astype(np.int64)
    )


def _customers(interactions: Interactions) -> IntArray:
    """(items,) customers who took each item."""
    item = interactions.pairs % interactions.stride
    return np.bincount(item, minlength=len(interactions.items)).astype(np.int64)
