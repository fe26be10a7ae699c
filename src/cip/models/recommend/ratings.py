"""Predicted ratings: a baseline of biases in numpy, and matrix factorisation by Surprise.

Both give the same `RatingModel`, whose arrays are all that is kept: predicting needs numpy alone,
only `fit_svd` needs the extra `ratings`.  A predicted rating says how much customers would like an
item once they took it; it never ranks a list by default (see `NEVER_RANKS`).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.errors import ModelError
from cip.models.recommend.artefacts import npy, page, read_npy, read_page, table_of
from cip.models.recommend.interactions import IdTable
from cip.types import FloatArray, IntArray, ObjectArray

NEVER_RANKS: Final = (
    "The predicted rating is shown for information and does not order the list: it says how much a "
    "customer would like an item, not whether they would choose it. Measured on MovieLens 100K, "
    "lists ordered by it were worse than the list of what is popular (NDCG@10 0.05 against 0.14)."
)

_PAGE: Final = "ratings.json"
_ARRAYS: Final = ("customer_bias", "item_bias", "customer_factors", "item_factors")


@dataclass(frozen=True, slots=True)
class Ratings:
    """n ratings; `customer`, `item`: (n,) codes in `customers`, `items`; `rating`: (n,)."""

    customers: IdTable
    items: IdTable
    customer: IntArray
    item: IntArray
    rating: FloatArray

    def __len__(self) -> int:
        return len(self.rating)


@dataclass(frozen=True, eq=False)
class RatingModel:
    """mean + customer bias + item bias + customer factors · item factors, cut to `scale`.

    Biases (customers,) and (items,), factors (customers, f) and (items, f); a customer or item
    without ratings has zeros.  The baseline has f = 0.
    """

    customers: IdTable
    items: IdTable
    scale: tuple[float, float]
    mean: float
    customer_bias: FloatArray
    item_bias: FloatArray
    customer_factors: FloatArray
    item_factors: FloatArray

    def predict(self, customer: IntArray, item: IntArray) -> FloatArray:
        """(n,) predicted ratings of pairs of codes; -1 is a customer or an item not known."""
        known, listed = customer >= 0, item >= 0
        predicted = self.mean + np.where(known, self._of(self.customer_bias, customer), 0.0)
        predicted += np.where(listed, self._of(self.item_bias, item), 0.0)
        taste = self._of(self.customer_factors, customer) * self._of(self.item_factors, item)
        predicted += np.where(known & listed, taste.sum(axis=1), 0.0)
        return np.clip(predicted, *self.scale)

    def artefacts(self) -> dict[str, bytes]:
        """Everything `from_artefacts` needs, by file name."""
        head = {
            "scale": self.scale,
            "mean": self.mean,
            "customers": self.customers.ids.tolist(),
            "items": self.items.ids.tolist(),
        }
        return {_PAGE: page(head)} | {_file(name): npy(getattr(self, name)) for name in _ARRAYS}

    @classmethod
    def from_artefacts(cls, files: Mapping[str, bytes]) -> RatingModel:
        """The model that `artefacts` wrote; ModelError where a file is damaged."""
        head = read_page(files, _PAGE, "scale", "mean", "customers", "items")
        customers, items = table_of(head["customers"]), table_of(head["items"])
        factors = read_npy(files, _file("customer_factors"), (len(customers), None))
        return cls(
            customers,
            items,
            (head["scale"][0], head["scale"][1]),
            head["mean"],
            read_npy(files, _file("customer_bias"), (len(customers),)),
            read_npy(files, _file("item_bias"), (len(items),)),
            factors,
            read_npy(files, _file("item_factors"), (len(items), factors.shape[1])),
        )

    @staticmethod
    def _of(values: FloatArray, code: IntArray) -> FloatArray:
        """The values at the codes; where a code is -1, zeros."""
        if not len(values):
            return np.zeros((len(code), *values.shape[1:]))
        return values[np.maximum(code, 0)]


def ratings_of(
    customer_id: Sequence[str] | ObjectArray,
    item_id: Sequence[str] | ObjectArray,
    rating: Sequence[float] | FloatArray,
    customers: IdTable,
    items: IdTable,
) -> Ratings:
    """Ratings from ids; ModelError where an id is not in its table or a rating is not a number."""
    given = np.asarray(rating, dtype=np.float64)
    customer, item = customers.codes(customer_id), items.codes(item_id)
    unusable = (customer < 0) | (item < 0) | ~np.isfinite(given)
    if unusable.any():
        raise ModelError(
            "M-211",
            f"{np.count_nonzero(unusable):,} of {len(given):,} ratings have an unknown customer or "
            f"item, or are not a number (first: row {int(np.argmax(unusable))}).",
            "Leave them out, or give tables that hold every customer and item.",
        )
    return Ratings(customers, items, customer, item, given)


def fit_bias(
    ratings: Ratings,
    *,
    scale: tuple[float, float] = (1.0, 5.0),
    rounds: int = 10,
    l2_customer: float = 15.0,
    l2_item: float = 10.0,
) -> RatingModel:
    """Mean + customer bias + item bias, by alternating ridge (Koren 2010, section 2.1).

    Items first, then customers, `rounds` times; both start from 0.  ModelError where there is no
    rating.
    """
    _require_ratings(ratings)
    mean = float(ratings.rating.mean())
    by_customer = np.zeros(len(ratings.customers))
    by_item = np.zeros(len(ratings.items))
    left = ratings.rating - mean
    for _ in range(rounds):
        by_item = _shrunk(left - by_customer[ratings.customer], ratings.item, by_item, l2_item)
        by_customer = _shrunk(
            left - by_item[ratings.item], ratings.customer, by_customer, l2_customer
        )
    none = np.zeros((len(by_customer), 0)), np.zeros((len(by_item), 0))
    return RatingModel(ratings.customers, ratings.items, scale, mean, by_customer, by_item, *none)


def fit_svd(
    ratings: Ratings,
    *,
    scale: tuple[float, float] = (1.0, 5.0),
    factors: int = 100,
    epochs: int = 60,
    l2: float = 0.1,
    seed: int = 0,
) -> RatingModel:
    """Biases and factors by Surprise's SVD (Koren, Bell and Volinsky 2009); same seed, same model.

    The defaults have the least error we measured on MovieLens 100K.  ModelError where the extra is
    not installed, there is no rating, or the fit runs away.
    """
    _require_ratings(ratings)
    surprise = _surprise()
    rows = zip(
        ratings.customer.tolist(), ratings.item.tolist(), ratings.rating.tolist(), strict=True
    )
    reader = surprise.Reader(rating_scale=scale)
    train = surprise.Dataset(reader).construct_trainset([(*row, None) for row in rows])
    fitted = surprise.SVD(n_factors=factors, n_epochs=epochs, reg_all=l2, random_state=seed)
    fitted.fit(train)
    customer = np.array([train.to_raw_uid(u) for u in range(train.n_users)])
    item = np.array([train.to_raw_iid(i) for i in range(train.n_items)])
    customers, items = len(ratings.customers), len(ratings.items)
    model = RatingModel(
        ratings.customers,
        ratings.items,
        scale,
        float(train.global_mean),
        _spread(fitted.bu, customer, customers),
        _spread(fitted.bi, item, items),
        _spread(fitted.pu, customer, customers),
        _spread(fitted.qi, item, items),
    )
    _require_finite(model)
    return model


def _shrunk(left: FloatArray, code: IntArray, like: FloatArray, l2: float) -> FloatArray:
    """Mean of what is left in each group, drawn towards 0 as by `l2` further zeros."""
    total = np.bincount(code, left, minlength=len(like))
    shrunk: FloatArray = total / (l2 + np.bincount(code, minlength=len(like)))
    return shrunk


def _spread(values: NDArray[Any], code: IntArray, rows: int) -> FloatArray:
    """The values at their codes, zeros elsewhere."""
    spread = np.zeros((rows, *values.shape[1:]))
    spread[code] = values
    return spread


def _surprise() -> Any:
    try:
        return importlib.import_module("surprise")
    except ImportError as error:
        raise ModelError(
            "M-212",
            f"Matrix factorisation needs scikit-surprise, which cannot be imported: {error}.",
            "Install the extra `ratings`, or use the baseline of biases, which needs nothing.",
        ) from error


def _require_ratings(ratings: Ratings) -> None:
    if not len(ratings):
        raise ModelError(
            "M-213",
            "There are no ratings to learn from.",
            "Map a rating column, or leave predicted ratings out.",
        )


def _require_finite(model: RatingModel) -> None:
    if not all(np.isfinite(getattr(model, name)).all() for name in _ARRAYS):
        raise ModelError(
            "M-214",
            "The factors ran away to infinity.",
            "Raise l2, or check the ratings against their scale.",
        )


def _file(name: str) -> str:
    return f"ratings_{name}.npy"
