"""What moves the risk in a segment against everybody else, and a sample to draw it from.

A customer's points add up to p - p0, so the difference of two groups' mean risks is the sum, fact
by fact, of the differences of their mean points: nothing is left over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cip.models.explain import by_fact, feature_points
from cip.types import FeatureInfo, FloatArray, IntArray

_BLOCK = 8192


@dataclass(frozen=True, slots=True)
class SegmentDrivers:
    """Mean points of probability by fact, (k, facts): in each segment and in all the others.

    `size`: (k, facts) mean absolute points.  `p` and `p_rest`: (k,) mean probability.
    """

    facts: tuple[str, ...]
    inside: FloatArray
    rest: FloatArray
    size: FloatArray
    p: FloatArray
    p_rest: FloatArray


def segment_drivers(
    infos: Sequence[FeatureInfo],
    contributions: FloatArray,
    *,
    base: float | FloatArray,
    p: FloatArray,
    segment: IntArray,
    k: int,
) -> SegmentDrivers:
    """Of (n, len(infos)) contributions from `base`, (n,) p and (n,) segments from 0; -1 is none."""
    facts, _ = by_fact(infos, contributions[:0])
    sums, sizes = np.zeros((k + 1, len(facts))), np.zeros((k + 1, len(facts)))
    for start in range(0, len(contributions), _BLOCK):
        rows = slice(start, start + _BLOCK)
        begin = base if isinstance(base, float) else base[rows]
        _, points = by_fact(infos, feature_points(begin, contributions[rows]))
        np.add.at(sums, segment[rows], points)
        np.add.at(sizes, segment[rows], np.abs(points))
    counts = np.bincount(segment + 1, minlength=k + 1)[1:].astype(np.float64)
    risk = np.array([p[segment == number].sum() for number in range(k)])
    others = np.maximum(counts.sum() - counts, 1)
    mine = np.maximum(counts, 1)
    return SegmentDrivers(
        facts=facts,
        inside=sums[:k] / mine[:, None],
        rest=(sums[:k].sum(axis=0) - sums[:k]) / others[:, None],
        size=sizes[:k] / mine[:, None],
        p=risk / mine,
        p_rest=(risk.sum() - risk) / others,
    )


def sample_rows(n: int, most: int, *, seed: int) -> IntArray:
    """At most `most` of n rows, drawn without replacement, in their order."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))
