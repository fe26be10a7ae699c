"""Whether models that only compare lean on the same facts as the one that serves.

Sizes are mean absolute points of probability over the same few customers, so that a forest, which
averages probabilities, stands beside models of log-odds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import rankdata

from cip.models.evaluate import percentiles
from cip.models.explain import by_fact
from cip.types import Estimate, FeatureInfo, FloatArray

FEWEST_FACTS: Final = 3
_POINTS: Final = "points of probability"


@dataclass(frozen=True, slots=True)
class Leaning:
    """How far each fact moves one model, (facts,) mean absolute points with 95 % intervals.

    `agreement`: rank correlation (Spearman) of its sizes with those of the model that serves, over
    facts; of that model itself, and of fewer than three facts, there is none.
    """

    name: str
    sizes: tuple[Estimate, ...]
    agreement: Estimate


@dataclass(frozen=True, slots=True)
class Leanings:
    """The facts, those that move the serving model most first, and how each model leans on them.

    The serving model stands first; all are of the same customers.
    """

    facts: tuple[str, ...]
    models: tuple[Leaning, ...]
    customers: int


def leanings(
    points: Mapping[str, FloatArray],
    infos: Mapping[str, Sequence[FeatureInfo]],
    *,
    seed: int,
    draws: int,
    level: float = 0.95,
) -> Leanings:
    """Of (n, features) points by model, the serving one first; `infos` in the features' order.

    Intervals are percentile intervals of customers drawn again, the same for all models.  A fact
    that a model does not read has size 0.
    """
    facts, sizes = _sizes(points, infos)
    served = next(iter(sizes))
    order = np.argsort(-sizes[served].mean(axis=0), kind="stable")
    n = len(sizes[served])
    rng = np.random.default_rng(seed)
    shares = rng.multinomial(n, np.full(n, 1 / n), draws) / n
    means = {name: size[:, order].mean(axis=0) for name, size in sizes.items()}
    drawn = {name: shares @ size[:, order] for name, size in sizes.items()}

    def agreement(name: str) -> Estimate:
        if name == served:
            return _none("it is the model that serves")
        if len(facts) < FEWEST_FACTS:
            return _none(f"there are fewer than {FEWEST_FACTS} facts to put in order")
        seen = _alike(means[name][None, :], means[served][None, :])[0]
        low, high = percentiles(_alike(drawn[name], drawn[served]), level)
        return Estimate(float(seen), float(low), float(high), level, "rank correlation")

    listed = tuple(
        Leaning(name, _estimates(means[name], drawn[name], level), agreement(name))
        for name in sizes
    )
    return Leanings(tuple(facts[i] for i in order), listed, n)


def _sizes(
    points: Mapping[str, FloatArray], infos: Mapping[str, Sequence[FeatureInfo]]
) -> tuple[list[str], dict[str, FloatArray]]:
    """All facts that any of them reads, and by model (n, facts) absolute points."""
    found = {name: by_fact(infos[name], values) for name, values in points.items()}
    facts = list(dict.fromkeys(fact for names, _ in found.values() for fact in names))
    sizes = {}
    for name, (names, values) in found.items():
        sizes[name] = np.zeros((len(values), len(facts)))
        sizes[name][:, [facts.index(fact) for fact in names]] = np.abs(values)
    return facts, sizes


def _estimates(means: FloatArray, drawn: FloatArray, level: float) -> tuple[Estimate, ...]:
    ends = percentiles(drawn, level)
    rows = zip(means.tolist(), *ends.tolist(), strict=True)
    return tuple(Estimate(mean, low, high, level, _POINTS) for mean, low, high in rows)


def _alike(one: FloatArray, other: FloatArray) -> FloatArray:
    """(d,) Spearman's rank correlation, row by row of (d, facts); 0 where one does not vary."""
    a, b = (rankdata(sizes, axis=1) for sizes in (one, other))
    a, b = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (a, b))
    spread = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    alike: FloatArray = np.divide(
        (a * b).sum(axis=1), spread, out=np.zeros(len(a)), where=spread > 0
    )
    return alike


def _none(reason: str) -> Estimate:
    return Estimate(np.nan, np.nan, np.nan, reason=reason)
