"""Recency-weighted EASE: a linear item-to-item model in closed form.

H. Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019, equation 8: with the
Gram matrix G = X'X and P = (G + l2 I)^-1, the weights are B = I - P / diag(P), which is
-P_ij / P_jj off the diagonal and 0 on it.  Here X holds recency weights in place of ones.
A score is a sum over the customer's own history, so a changed or new customer needs no training
(fold-in) and every list explains itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.sparse import csc_array, csr_array

from cip.errors import ModelError
from cip.models.recommend.artefacts import npy, page, read_npy, read_page, table_of
from cip.models.recommend.interactions import (
    History,
    IdTable,
    Interactions,
    alone,
    recency_matrix,
)
from cip.types import FloatArray, IntArray

Weights = NDArray[np.float32]

_PAGE: Final = "ease.json"
_KEPT: Final = "ease_kept.npy"
_WEIGHTS: Final = "ease_weights.npy"
_FITS: Final = "ease_fits.npy"
_BLOCK: Final = 1_000  # items whose Gram columns are computed at a time
_KNOTS: Final = 101
_JUDGES: Final = 10_000  # customers whose own items say what a good score is
_CELLS: Final = 4_000_000


@dataclass(frozen=True, eq=False)
class Ease:
    """Fitted weights between the `kept` items.

    `kept`: (k,) ascending codes in `items`; `weights`: (k, k) float32, `weights[i, j]` is what
    having taken i adds to the score of j.  `fits`: quantiles 0 to 1 of the scores of items that
    customers really took, each predicted from the rest of their history.
    """

    items: IdTable
    kept: IntArray
    weights: Weights
    fits: FloatArray
    half_life_days: float
    l2: float

    @cached_property
    def position(self) -> IntArray:
        """(items,) place of each item in `kept`, -1 where it has none."""
        place = np.full(len(self.items), -1, dtype=np.int64)
        place[self.kept] = np.arange(len(self.kept))
        return place

    def inputs(self, interactions: Interactions) -> csr_array:
        """(customers, k) float32 recency weights, for customers seen in training or not."""
        self.items.require_same(interactions.items, "items")
        return _columns(recency_matrix(interactions, self.half_life_days), self.position, self.kept)

    def scores(self, inputs: csr_array) -> Weights:
        """(n, k) of (n, k) inputs; a row's score does not depend on the rows beside it."""
        scores: Weights = inputs @ self.weights
        return scores

    def fit_of(self, score: FloatArray, strongest: FloatArray) -> FloatArray:
        """0 to 1: the share of items really taken whose score was no higher.

        Scores count as if the history's `strongest` input were 1, so that a history fits no worse
        for being old; both arrays broadcast.
        """
        relative = score / np.where(strongest > 0, strongest, 1.0)
        fit: FloatArray = np.interp(relative, self.fits, np.linspace(0.0, 1.0, _KNOTS))
        return fit

    def contributions(self, history: History, item: int) -> tuple[IntArray, FloatArray]:
        """The history's items that the model knows, and what each adds to the score of `item`.

        `item` is a code; the sum is the score, to float32 rounding.  ModelError where the model
        does not know the item.
        """
        if self.position[item] < 0:
            raise ModelError(
                "M-205",
                f"The model has no weights for the item {self.items.ids[item]}.",
                f"It knows {len(self.kept):,} of {len(self.items):,} items: ask for one of them.",
            )
        inputs = self.inputs(alone(history, self.items))
        added = inputs.data.astype(np.float64) * self.weights[inputs.indices, self.position[item]]
        return self.kept[inputs.indices], added

    def artefacts(self) -> dict[str, bytes]:
        """Everything `from_artefacts` needs, by file name."""
        head = {
            "half_life_days": self.half_life_days,
            "l2": self.l2,
            "items": self.items.ids.tolist(),
        }
        return {
            _PAGE: page(head),
            _KEPT: npy(self.kept),
            _WEIGHTS: npy(self.weights),
            _FITS: npy(self.fits),
        }

    @classmethod
    def from_artefacts(cls, files: Mapping[str, bytes]) -> Ease:
        """The model that `artefacts` wrote; ModelError where a file is damaged."""
        head = read_page(files, _PAGE, "half_life_days", "l2", "items")
        kept = read_npy(files, _KEPT, (None,))
        weights = read_npy(files, _WEIGHTS, (len(kept), len(kept)))
        fits = read_npy(files, _FITS, (_KNOTS,))
        return cls(table_of(head["items"]), kept, weights, fits, head["half_life_days"], head["l2"])


def fit_ease(
    interactions: Interactions,
    *,
    half_life_days: float = 60.0,
    l2: float = 100.0,
    max_items: int = 20_000,
) -> Ease:
    """The weights that best rebuild each customer's recency-weighted history from itself.

    Beyond `max_items` the items with the largest recency-weighted count are kept; the others come
    in through the popularity fallback only, and a far larger catalogue wants a factor model.
    Needs about 12 bytes a pair of kept items while it solves (20,000 items: 5 GB), and 4 after.
    ModelError where an interaction is at or after the cutoff, or a setting is not above 0.
    """
    if not (l2 > 0 and max_items > 0):
        raise ModelError(
            "M-204",
            f"l2 is {l2} and max_items {max_items}; both must be above 0.",
            "Usual values: l2 from 30 to 1000, max_items up to 20000.",
        )
    X = recency_matrix(interactions, half_life_days)
    kept = _strongest(X.sum(axis=0, dtype=np.float64), max_items)
    position = np.full(len(interactions.items), -1, dtype=np.int64)
    position[kept] = np.arange(len(kept))
    inputs = _columns(X, position, kept)
    weights = _weights(_gram(inputs), l2)
    fits = _fits(inputs, weights)
    return Ease(interactions.items, kept, weights, fits, float(half_life_days), float(l2))


def strongest_inputs(inputs: csr_array) -> FloatArray:
    """(n,) the largest input of each row, 0 for a row without."""
    largest = np.zeros(inputs.shape[0])
    row = np.repeat(np.arange(inputs.shape[0]), np.diff(inputs.indptr))
    np.maximum.at(largest, row, inputs.data)
    return largest


def _strongest(strength: FloatArray, most: int) -> IntArray:
    order = np.argsort(-strength, kind="stable")[:most]
    return np.sort(order[strength[order] > 0]).astype(np.int64)


def _columns(X: csr_array, position: IntArray, kept: IntArray) -> csr_array:
    """The kept columns of X, in their order."""
    place = position[X.indices]
    known = place >= 0
    start = np.concatenate(([0], np.cumsum(known)))[X.indptr]
    shape = (X.shape[0], len(kept))
    return csr_array((X.data[known], place[known], start), shape=shape)


def _gram(inputs: csr_array) -> FloatArray:
    """(k, k) of inputs' inputs, a block of columns at a time."""
    k = inputs.shape[1]
    X = csc_array(inputs, dtype=np.float64)
    gram = np.zeros((k, k))
    for start in range(0, k, _BLOCK):
        gram[:, start : start + _BLOCK] = (X.T @ X[:, start : start + _BLOCK]).toarray()
    return gram


def _weights(gram: FloatArray, l2: float) -> Weights:
    """(k, k) float32 weights; the Gram matrix is used up."""
    if not len(gram):
        return np.zeros((0, 0), dtype=np.float32)
    gram[np.diag_indices_from(gram)] += l2
    factor, failed = lapack.dpotrf(gram.T, lower=1, clean=0, overwrite_a=1)
    if failed:
        raise ModelError(
            "M-206",
            f"The item matrix is not positive definite at l2 = {l2:g}.",
            "Raise l2, or look for weights that are too large.",
        )
    inverse, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
    weights = np.empty(gram.shape, dtype=np.float32)
    scale = -1.0 / np.diag(inverse)
    for start in range(0, len(gram), _BLOCK):  # only the lower triangle of the inverse is there
        rows = slice(start, start + _BLOCK)
        corner = np.tril(inverse[rows, rows])
        weights[rows, :start] = inverse[rows, :start] * scale[:start]
        weights[:start, rows] = inverse[rows, :start].T * scale[rows]
        weights[rows, rows] = (corner + np.tril(corner, -1).T) * scale[rows]
    np.fill_diagonal(weights, 0.0)
    return weights


def _fits(inputs: csr_array, weights: Weights) -> FloatArray:
    """(101,) quantiles of the scores of items taken, the strongest input counting 1."""
    customers, k = inputs.shape
    asked = np.unique(np.linspace(0, max(customers - 1, 0), _JUDGES).round().astype(np.int64))
    seen = [np.zeros(0)]
    step = max(1, _CELLS // max(k, 1))
    for start in range(0, len(asked) if k else 0, step):
        X = inputs[asked[start : start + step]]
        row = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
        scores = (X @ weights)[row, X.indices]
        seen.append(scores / np.maximum(strongest_inputs(X)[row], np.finfo(np.float32).tiny))
    taken = np.concatenate(seen)
    return np.quantile(taken, np.linspace(0.0, 1.0, _KNOTS)) if len(taken) else np.zeros(_KNOTS)
