"""Resampling by customer: rows of one customer are drawn, or held out, together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.types import BoolArray, FloatArray, IntArray

_CELLS: Final = 250_000  # cells of one block of weights: 2 MB, which stay in the cache


def customer_codes(customer_id: NDArray[Any]) -> IntArray:
    """(n,) a number from 0 for each customer."""
    return np.unique(customer_id, return_inverse=True)[1].astype(np.int64)


def bootstrap_weights(customer_id: NDArray[Any], *, seed: int, draws: int) -> Iterator[FloatArray]:
    """Blocks (d, n) of how often each row is drawn; `draws` rows over all blocks.

    As many customers as there are, drawn with replacement; all rows of a customer get the
    customer's count (cluster bootstrap: Davison and Hinkley 1997, section 3.8).
    """
    codes = customer_codes(customer_id)
    customers = int(codes.max()) + 1
    rng = np.random.default_rng(seed)
    size = max(1, _CELLS // len(codes))
    for start in range(0, draws, size):
        d = min(size, draws - start)
        drawn = rng.integers(0, customers, (d, customers)) + customers * np.arange(d)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=d * customers).reshape(d, customers)
        yield counts[:, codes].astype(np.float64)


def customer_folds(
    customer_id: NDArray[Any], folds: int, *, seed: int, strata: BoolArray | None = None
) -> IntArray:
    """(n,) the fold, from 0, each row is held out in; a customer is in one fold only.

    With `strata`, (n,), customers who have a true row are spread evenly over the folds, and so
    are the others.
    """
    codes = customer_codes(customer_id)
    customers = int(codes.max()) + 1
    rng = np.random.default_rng(seed)
    if strata is None:
        return rng.permutation(np.arange(customers) % folds)[codes]
    place = np.empty(customers, dtype=np.int64)
    is_true = np.bincount(codes[strata], minlength=customers) > 0
    place[np.lexsort((rng.random(customers), is_true))] = np.arange(customers)
    return (place % folds)[codes]
