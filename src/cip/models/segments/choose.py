"""How many segments: how well each number of them parts the customers, and how firmly."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score, pairwise_distances, silhouette_score

from cip.types import FloatArray, IntArray

RESAMPLES: Final = 10
SMALLEST_SHARE: Final = 0.02
FOUND_AGAIN: Final = 0.9
LESS_APART: Final = 0.15
_STARTS: Final = 5
_STARTS_AGAIN: Final = 3


@dataclass(frozen=True, slots=True)
class SegmentCount:
    """What k segments are worth, on the customers that k was studied on.

    `silhouette`: mean, from -1 to 1; how much nearer customers are to their own segment than to
    the next.  `stability`: mean adjusted Rand index between these segments and those found again
    on resamples, 1 is the same and 0 is chance; `noise` its standard deviation over the resamples.
    `inertia`: sum of squared distances to the centres.  `smallest_share`: of the customers.
    """

    k: int
    silhouette: float
    stability: float
    noise: float
    inertia: float
    smallest_share: float


def nearest(rows: FloatArray, centres: FloatArray) -> IntArray:
    """(n,): position of the nearest of (k, d) `centres` to each of (n, d) `rows`."""
    distance = (centres**2).sum(axis=1) - 2 * rows @ centres.T
    return np.asarray(distance.argmin(axis=1), dtype=np.int64)


def cluster(
    rows: FloatArray | NDArray[np.float32], k: int, rng: np.random.Generator, starts: int
) -> KMeans:
    """K-Means with the least inertia of so many k-means++ starts, as exact as `rows` are."""
    seed = int(rng.integers(2**31))
    with warnings.catch_warnings():
        # a resample may hold fewer than k different rows: some centres are then the same
        warnings.simplefilter("ignore", ConvergenceWarning)
        return KMeans(k, n_init=starts, random_state=seed).fit(rows)


def study(
    rows: FloatArray, counts: Sequence[int], rng: np.random.Generator
) -> list[tuple[SegmentCount, FloatArray]]:
    """For each k of `counts` what it is worth on (n, d) `rows`, and its (k, d) centres."""
    distances = pairwise_distances(rows)
    np.fill_diagonal(distances, 0.0)  # rounding leaves 1e-8 there, and silhouette wants none
    return [_studied(rows, distances, k, rng) for k in counts]


def _studied(
    rows: FloatArray, distances: FloatArray, k: int, rng: np.random.Generator
) -> tuple[SegmentCount, FloatArray]:
    fitted = cluster(rows, k, rng, _STARTS)
    silhouette = float(silhouette_score(distances, fitted.labels_, metric="precomputed"))
    agreement = np.array([_found_again(rows, fitted.labels_, k, rng) for _ in range(RESAMPLES)])
    sizes = np.bincount(fitted.labels_, minlength=k)
    worth = SegmentCount(
        k=k,
        silhouette=silhouette,
        stability=float(agreement.mean()),
        noise=float(agreement.std(ddof=1)),
        inertia=float(fitted.inertia_),
        smallest_share=float(sizes.min() / len(rows)),
    )
    return worth, fitted.cluster_centers_


def _found_again(rows: FloatArray, labels: IntArray, k: int, rng: np.random.Generator) -> float:
    # which customers go together is asked, not where: half the digits cost a fifth less
    drawn = rows[rng.integers(0, len(rows), len(rows))].astype(np.float32)
    again = nearest(rows, cluster(drawn, k, rng, _STARTS_AGAIN).cluster_centers_)
    return float(adjusted_rand_score(labels, again))


def chosen(table: Sequence[SegmentCount]) -> SegmentCount:
    """The largest k that is found again and parts customers nearly as well as the best such k.

    Found again: stability of at least .9 (after prediction strength: Tibshirani and Walther 2005).
    Nearly as well: its silhouette is at most 15 % below the best of those found again.  Where no k
    is found again, the smallest whose stability is within the noise of the most stable one.  A k
    whose smallest segment holds under 2 % of the customers is passed over, unless all are.
    """
    large = [row for row in table if row.smallest_share >= SMALLEST_SHARE] or list(table)
    again = [row for row in large if row.stability >= FOUND_AGAIN]
    if again:
        best = max(row.silhouette for row in again)
        apart = [row for row in again if row.silhouette >= best - LESS_APART * abs(best)]
        return max(apart, key=lambda row: row.k)
    firmest = max(large, key=lambda row: row.stability)
    near = [row for row in large if row.stability >= firmest.stability - firmest.noise]
    return min(near, key=lambda row: row.k)


def why(table: Sequence[SegmentCount], k: int) -> str:
    """Why there are k segments, in words."""
    row = next(row for row in table if row.k == k)
    figures = f"found again on resamples {row.stability:.2f}, separation {row.silhouette:.2f}"
    if len(table) == 1:
        return f"{k} segments, no other number was asked for: {figures}."
    studied = f"from {table[0].k} to {table[-1].k}"
    if row.stability >= FOUND_AGAIN:
        return f"{k} segments, the most that are found again and stand apart, {studied}: {figures}."
    return (
        f"{k} segments: no number {studied} is found again reliably (at least {FOUND_AGAIN}), and "
        f"no other is clearly firmer: {figures}."
    )
