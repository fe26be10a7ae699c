"""The shape of segments on a few axes, and what they are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import rankdata

from cip.errors import ModelError
from cip.models.segments.fit import Segmentation
from cip.models.segments.names import label_for
from cip.types import FeatureFrame, FeatureInfo, FloatArray, IntArray

AXES: Final = 8


@dataclass(frozen=True, slots=True)
class Profile:
    """The shape of all segments on the same a axes, one a fact; outward is more.

    `labels` say what is more: "Quiet", "Big spenders"; `features` and `descriptions` what is
    measured.  `percentiles`: (k, a), the median
    over the segment of each customer's percentile among all customers, 0 to 100; NaN where no
    customer of the segment has a value.
    """

    labels: tuple[str, ...]
    facts: tuple[str, ...]
    features: tuple[str, ...]
    descriptions: tuple[str, ...]
    percentiles: FloatArray


@dataclass(frozen=True, slots=True)
class SegmentValue:
    """What a segment is worth and what is at stake; sums are in currency.

    `p_churn` and `mean_clv` are means over the customers, NaN where there are none.
    """

    segment: int
    customers: int
    share: float
    p_churn: float
    clv: float
    mean_clv: float
    expected_value_loss: float


def profile(
    segmentation: Segmentation,
    frame: FeatureFrame,
    segment: IntArray,
    infos: Sequence[FeatureInfo],
) -> Profile:
    """Percentiles on the 8 facts, or fewer, in which the segments differ most from one another.

    `segment` is (n,), as `assign` gives it for the rows of `frame`.  Each fact is shown by the
    feature in which the centres vary most.
    """
    shown = _axes(segmentation, segment, infos)
    columns = [_percentiles(frame.columns[i.name], segment, segmentation.k) for i in shown.values()]
    return Profile(
        labels=tuple(shown),
        facts=tuple(info.fact for info in shown.values()),
        features=tuple(info.name for info in shown.values()),
        descriptions=tuple(info.description for info in shown.values()),
        percentiles=np.stack(columns, axis=1),
    )


def segment_values(
    segment: IntArray,
    k: int,
    *,
    p_churn: FloatArray,
    clv: FloatArray,
    expected_value_loss: FloatArray,
) -> tuple[SegmentValue, ...]:
    """Churn, value and value at risk of each of k segments; the arrays are (n,).

    Raises ModelError M-156 when an array is of another length or holds a missing value.
    """
    given = {"p_churn": p_churn, "clv": clv, "expected_value_loss": expected_value_loss}
    _check_complete(given, len(segment))
    sizes = np.bincount(segment, minlength=k)
    sums = {name: np.bincount(segment, values, minlength=k) for name, values in given.items()}
    with np.errstate(invalid="ignore"):
        churn, mean_clv = sums["p_churn"] / sizes, sums["clv"] / sizes
    return tuple(
        SegmentValue(
            segment=number,
            customers=int(sizes[number]),
            share=float(sizes[number] / max(len(segment), 1)),
            p_churn=float(churn[number]),
            clv=float(sums["clv"][number]),
            mean_clv=float(mean_clv[number]),
            expected_value_loss=float(sums["expected_value_loss"][number]),
        )
        for number in range(k)
    )


def _axes(
    segmentation: Segmentation, segment: IntArray, infos: Sequence[FeatureInfo]
) -> dict[str, FeatureInfo]:
    """The features shown, by label; no fact and no label twice."""
    by_name = {info.name: info for info in infos}
    weights = np.bincount(segment, minlength=segmentation.k)
    spread = weights @ segmentation.distances(segment) ** 2
    ordered = [by_name[segmentation.scale.features[i]] for i in np.argsort(-spread, kind="stable")]
    by_fact: dict[str, FeatureInfo] = {}
    for info in ordered:
        by_fact.setdefault(info.fact, info)
    by_label: dict[str, FeatureInfo] = {}
    for info in by_fact.values():
        by_label.setdefault(label_for(info), info)
    return dict(list(by_label.items())[:AXES])


def _percentiles(values: FloatArray, segment: IntArray, k: int) -> FloatArray:
    """(k,) the median percentile of each segment's customers; equal values share their rank."""
    known = ~np.isnan(values)
    ranks = rankdata(values[known])
    percentile = 100 * (ranks - 0.5) / max(len(ranks), 1)
    parts = [percentile[segment[known] == number] for number in range(k)]
    return np.array([float(np.median(part)) if len(part) else np.nan for part in parts])


def _check_complete(given: Mapping[str, FloatArray], customers: int) -> None:
    for name, values in given.items():
        if len(values) != customers or np.isnan(values).any():
            raise ModelError(
                "M-156",
                f"{name} is known for {int((~np.isnan(values)).sum()):,} of {customers:,} "
                "customers with a segment.",
                "Score the very customers who were assigned to segments.",
            )
