"""What each segment is in words: a name, what sets it apart, and what is typical."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from cip.models.explain import sentence
from cip.models.segments.fit import Segmentation
from cip.models.segments.names import distinct_names, words_for
from cip.types import BoolArray, FeatureFrame, FeatureInfo, FloatArray, IntArray

STANDS_OUT: Final = 0.3
TRAITS: Final = 6
_IN_A_SENTENCE: Final = 2


@dataclass(frozen=True, slots=True)
class Trait:
    """One fact in which a segment differs from everybody, by the feature that shows it most.

    `distance`: the segment's mean less everybody's, in standard deviations on the scale.  `here`
    and `typical`: the median, or the mean where the medians do not show it, in the unit of the
    feature, over the customers for whom it is known.
    """

    fact: str
    feature: str
    distance: float
    measure: Literal["median", "mean"]
    here: float
    typical: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Persona:
    """One segment in words; `traits` from the largest distance down.

    `share` of all customers is in [0, 1]; `percent` is whole and adds up to 100.
    """

    segment: int
    name: str
    narrative: str
    customers: int
    share: float
    percent: int
    traits: tuple[Trait, ...]


def personas(
    segmentation: Segmentation,
    frame: FeatureFrame,
    segment: IntArray,
    infos: Sequence[FeatureInfo],
) -> tuple[Persona, ...]:
    """Each segment in words, in the order of their numbers.

    `segment` is (n,), as `assign` gives it for the rows of `frame`.  A trait is a fact at least
    .3 standard deviations from everybody, and at most 6 are told; a name is unique.
    """
    sizes = np.bincount(segment, minlength=segmentation.k)
    by_name = {info.name: info for info in infos}
    used = [by_name[name] for name in segmentation.scale.features]
    told = [
        _traits(frame, segment == number, used, away)
        for number, away in enumerate(segmentation.distances(segment))
    ]
    words = [
        words_for([(by_name[t.feature], t.distance > 0, t.typical == 0) for t in ts]) for ts in told
    ]
    percents = _percents(sizes)
    return tuple(
        Persona(
            segment=number,
            name=name,
            narrative=_narrative(int(sizes[number]), percents[number], told[number]),
            customers=int(sizes[number]),
            share=float(sizes[number] / max(sizes.sum(), 1)),
            percent=percents[number],
            traits=told[number],
        )
        for number, name in enumerate(distinct_names(words))
    )


def _traits(
    frame: FeatureFrame, inside: BoolArray, infos: Sequence[FeatureInfo], away: FloatArray
) -> tuple[Trait, ...]:
    """The facts in which the customers `inside` stand out; `away` is the distance by feature."""
    found: dict[str, Trait] = {}
    for i in np.argsort(-np.abs(away), kind="stable"):
        info, distance = infos[i], float(away[i])
        if abs(distance) < STANDS_OUT or len(found) == TRAITS:
            break
        trait = None if info.fact in found else _trait(info, frame, inside, distance)
        found |= {info.fact: trait} if trait else {}
    return tuple(found.values())


def _trait(
    info: FeatureInfo, frame: FeatureFrame, inside: BoolArray, distance: float
) -> Trait | None:
    """The trait by the medians, else by the means; None where neither shows it."""
    values = frame.columns[info.name]
    known = ~np.isnan(values)
    everybody, here = values[known], values[known & inside]
    if len(here) == 0:
        return None
    a, b = float(np.median(here)), float(np.median(everybody))
    if _shown(info, a, b, distance):
        return Trait(info.fact, info.name, distance, "median", a, b, sentence(info, a, b))
    precise = replace(info, decimals=info.decimals + 1)
    a, b = float(here.mean()), float(everybody.mean())
    if _shown(precise, a, b, distance):
        said = f"{sentence(precise, a, b)}, on average"
        return Trait(info.fact, info.name, distance, "mean", a, b, said)
    return None


def _shown(info: FeatureInfo, here: float, typical: float, distance: float) -> bool:
    """Whether the figures differ as they will be read, and in the direction of the distance."""
    agrees = (here - typical) * distance > 0
    return agrees and sentence(info, here, typical) != sentence(info, typical, typical)


def _narrative(customers: int, percent: int, traits: Sequence[Trait]) -> str:
    if customers == 0:
        return "Nobody is in this segment."
    them = "this one customer" if customers == 1 else f"these {customers:,} customers"
    who = f"{them} ({percent} % of all)"
    if not traits:
        return f"Nothing sets {who} apart. In every fact they are near what is typical."
    first, rest = traits[:_IN_A_SENTENCE], traits[_IN_A_SENTENCE : 2 * _IN_A_SENTENCE]
    more = (
        f"Also: {_listed(rest)}." if rest else "In every other fact they are near what is typical."
    )
    return f"What marks {who}: {_listed(first)}. {more}"


def _listed(traits: Sequence[Trait]) -> str:
    return "; ".join(_lower(trait.sentence.rstrip(". ")) for trait in traits)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _percents(sizes: IntArray) -> list[int]:
    """Whole percents of the sizes that add up to 100 (largest remainders)."""
    if sizes.sum() == 0:
        return [0] * len(sizes)
    exact = 100 * sizes / sizes.sum()
    whole = np.floor(exact).astype(np.int64)
    short = int(100 - whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:short]] += 1
    return [int(percent) for percent in whole]
