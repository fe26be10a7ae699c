"""Whether the segments are more than one cluster cut into pieces.

What k segments explain (one minus the inertia over the inertia of one cluster) is set against 99
data sets without structure of either kind, clustered in the same way:

- *shuffled*: every column permuted on its own.  Nothing hangs together any more; the columns keep
  their values.  A permutation test, exact where no customer was used to choose k.  Groups
  that only one column shows are that column's own shape, and do not count.
- *one cloud*: uniform along each principal component, with the same variances: customers differ
  together, but without gaps (Tibshirani, Walther and Hastie 2001, section 3, reference b).

To lie above all 99 has a chance of 1 % where there is no structure of that kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from cip.models.segments.choose import cluster
from cip.types import Estimate, FloatArray, Verdict

DRAWS: Final = 99
ENOUGH: Final = 19
LEVEL: Final = 0.98  # from the least to the greatest of 99 lie 98 % of further draws
FEWEST: Final = 20
FIRM: Final = 0.8
WORTHWHILE: Final = 1.15
_STARTS: Final = 2


def signal_verdict(rows: FloatArray, k: int, stability: float, rng: np.random.Generator) -> Verdict:
    """Do k segments describe (n, d) scaled `rows` better than one cluster?  Nominal error 1 %.

    `useful`: they explain more than all 99 shuffled data sets and all 99 clouds; it matters (the
    ratio of what is explained to what is not, the pseudo-F of Calinski and Harabasz 1974, is 1.15
    times that of the average cloud); and they are found again on resamples (`stability`, an
    adjusted Rand index, is at least .8).  `weak`: more than the shuffled ones, but not all of that.
    `no signal` otherwise, and below 20 different rows.
    """
    different = len(np.unique(rows, axis=0))
    if different < max(FEWEST, k + 1):
        return Verdict("signal", "no signal", _too_few(different, k))
    share = _explained(rows, k, rng)
    shuffled = _drawn(share, lambda: _explained(rng.permuted(rows, axis=0), k, rng))
    cloud = _drawn(share, lambda: _explained(_one_cloud(rows, rng), k, rng))
    evidence = {
        "explained_share": Estimate(share, share, share, LEVEL, "share"),
        "shuffled_share": shuffled,
        "one_cloud_share": cloud,
    }
    if share <= shuffled.high:
        return Verdict("signal", "no signal", _nothing(k, share, shuffled), evidence)
    if share <= cloud.high or not _clearly_more(share, cloud.value):
        return Verdict("signal", "weak", _continuous(k, share, shuffled, cloud), evidence)
    if stability < FIRM:
        return Verdict("signal", "weak", _loose(k, stability), evidence)
    return Verdict("signal", "useful", _groups(k, share, shuffled, cloud), evidence)


def _explained(rows: FloatArray, k: int, rng: np.random.Generator) -> float:
    together = float(((rows - rows.mean(axis=0)) ** 2).sum())
    return 1.0 - float(cluster(rows.astype(np.float32), k, rng, _STARTS).inertia_) / together


def _clearly_more(share: float, cloud: float) -> bool:
    return share * (1.0 - cloud) >= WORTHWHILE * cloud * (1.0 - share)


def _one_cloud(rows: FloatArray, rng: np.random.Generator) -> FloatArray:
    variances, axes = np.linalg.eigh(np.atleast_2d(np.cov(rows, rowvar=False)))
    half_widths = np.sqrt(3 * np.maximum(variances, 0.0))
    cloud: FloatArray = rng.uniform(-1, 1, rows.shape) * half_widths @ axes.T
    return cloud


def _drawn(share: float, draw: Callable[[], float]) -> Estimate:
    """The mean, the least and the greatest of `DRAWS` draws.

    Once one of them reaches `share` the answer is no, whatever follows (Besag and Clifford 1991):
    then `ENOUGH` will do.
    """
    shares: list[float] = []
    while len(shares) < (DRAWS if max(shares, default=0.0) < share else ENOUGH):
        shares.append(draw())
    return Estimate(float(np.mean(shares)), min(shares), max(shares), LEVEL, "share")


def _too_few(different: int, k: int) -> str:
    return (
        f"Nothing can be shown: only {different:,} different customers were looked at, and "
        f"{k} segments need at least {max(FEWEST, k + 1)}."
    )


def _nothing(k: int, share: float, shuffled: Estimate) -> str:
    return (
        f"No groups are shown: {k} segments explain {_percent(share)} of how customers differ, and "
        f"with every column shuffled on its own it is up to {_percent(shuffled.high)}. "
        "The segments are arbitrary cuts; do not act on them."
    )


def _continuous(k: int, share: float, shuffled: Estimate, cloud: Estimate) -> str:
    return (
        f"Customers differ by degrees, not in kind: {k} segments explain {_percent(share)} of how "
        f"they differ (with every column shuffled on its own at most {_percent(shuffled.high)}), "
        f"but one even cloud without gaps already gives {_percent(cloud.value)} (at most "
        f"{_percent(cloud.high)}). "
        "The segments are handy cuts through a continuum; customers near a border are alike."
    )


def _loose(k: int, stability: float) -> str:
    return (
        f"Customers are not one even cloud, but these {k} segments are not firm: made again on a "
        f"resample they agree only {stability:.2f} (1 is the same, 0 is chance, {FIRM} would do). "
        "Use them to describe, and do not build on one customer's segment."
    )


def _groups(k: int, share: float, shuffled: Estimate, cloud: Estimate) -> str:
    return (
        f"The groups are real: {k} segments explain {_percent(share)} of how customers differ, "
        f"with every column shuffled on its own at most {_percent(shuffled.high)}, in one even "
        f"cloud without gaps at most {_percent(cloud.high)} (99 draws each, nominal error 1 %)."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
