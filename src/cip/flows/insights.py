"""What the model says beyond single customers: a sample to draw, segments, features that interplay.

Computed from contributions that the ranking needs anyway, and from a few customers, so that it
costs a small part of a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cip import columns as c
from cip.models.churn.model import ChurnModel
from cip.models.drivers import SegmentDrivers, sample_rows, segment_drivers
from cip.models.explain import Importance, feature_points, typical_values
from cip.models.interplay import Interplay, interplay
from cip.stores.customers import SEGMENT
from cip.types import FeatureFrame, FeatureInfo, FloatArray, IntArray

SAMPLE: Final = 500
"""Customers whose values and points are kept, to be drawn."""
PAIR_CUSTOMERS: Final = 40
PAIR_FEATURES: Final = 6
PAIRS: Final = 10
VALUE: Final = "value "
POINTS: Final = "points "
_DEFINITION: Final = (
    "The part of the joint effect of two facts on the log-odds that neither has by itself "
    "(Friedman and Popescu 2008): 0 % where the model adds the two up."
)


@dataclass(frozen=True)
class Insights:
    """`sample`: of a few customers every value and its points; `typical`: a row a segment.

    `typical` and `drivers` are None without segments.
    """

    customers: int
    sample: pa.Table
    typical: pa.Table | None
    drivers: SegmentDrivers | None
    pairs: tuple[Interplay, ...]
    pair_customers: int

    @property
    def tables(self) -> dict[str, pa.Table]:
        """What is published, by file name."""
        found = {"explained": self.sample}
        return found if self.typical is None else found | {"segment_typical": self.typical}

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "customers": self.customers,
            "sample": self.sample.num_rows,
            "interplay": {
                "definition": _DEFINITION,
                "customers": self.pair_customers,
                "pairs": [
                    {"first": p.first, "second": p.second, "share": p.share, "size": p.size}
                    for p in self.pairs[:PAIRS]
                ],
            },
            "segments": _segments(self.drivers),
        }


@dataclass(frozen=True)
class Explained:
    """Scored customers with why: (n, k) contributions from `base`, of all rows or (n,) of each."""

    frame: FeatureFrame
    p: FloatArray
    base: float | FloatArray
    contributions: FloatArray


def look_into(
    model: ChurnModel,
    infos: Sequence[FeatureInfo],
    scored: Explained,
    importance: Sequence[Importance],
    *,
    segment: IntArray,
    seed: int,
) -> Insights | None:
    """All of it; `infos` in the order of the contributions, `segment` (n,) from 0, -1 for none.

    None where the model reads nothing.
    """
    if not infos:
        return None
    few = sample_rows(len(scored.frame), PAIR_CUSTOMERS, seed=seed)
    k = int(segment.max(initial=-1)) + 1
    return Insights(
        customers=len(scored.frame),
        sample=_sample(infos, scored, segment, seed=seed),
        typical=_typical(scored.frame, infos, segment, k) if k else None,
        drivers=None
        if not k
        else segment_drivers(
            infos, scored.contributions, base=scored.base, p=scored.p, segment=segment, k=k
        ),
        pairs=_pairs(model, scored.frame.take(few), importance),
        pair_customers=len(few),
    )


def segment_numbers(
    segments: Any, customers: int, where: NDArray[np.bool_] | None = None
) -> IntArray:
    """(customers,) the segment of each, -1 where it has none; `where`: who is in `segments`."""
    numbers = np.full(customers, -1, dtype=np.int64)
    if not isinstance(segments, str):
        numbers[np.ones(customers, dtype=bool) if where is None else where] = segments.segment
    return numbers


def insight_tables(insights: Insights | None) -> dict[str, pa.Table]:
    """What is published of them, by file name."""
    return {} if insights is None else insights.tables


def _sample(
    infos: Sequence[FeatureInfo], scored: Explained, segment: IntArray, *, seed: int
) -> pa.Table:
    rows = sample_rows(len(scored.frame), SAMPLE, seed=seed)
    base = scored.base if isinstance(scored.base, float) else scored.base[rows]
    points = feature_points(base, scored.contributions[rows])
    frame = scored.frame
    values = {
        f"{VALUE}{i.name}": pa.array(frame.columns[i.name][rows], from_pandas=True) for i in infos
    }
    return pa.table(
        {
            c.CUSTOMER_ID: pa.array(frame.customer_id[rows], pa.string()),
            c.P_CHURN: scored.p[rows],
            SEGMENT: pa.array(segment[rows], mask=segment[rows] < 0),
            **values,
            **{f"{POINTS}{info.name}": points[:, at] for at, info in enumerate(infos)},
        }
    )


def _typical(
    frame: FeatureFrame, infos: Sequence[FeatureInfo], segment: IntArray, k: int
) -> pa.Table:
    """A row a segment: the median of each number, the most frequent value of all else."""
    listed = [typical_values(frame.take(segment == number), infos) for number in range(k)]
    columns: dict[str, Any] = {SEGMENT: pa.array(range(k), pa.int64())}
    for info in infos:
        kind = pa.string() if info.kind == "category" else pa.float64()
        found = [typical[info.name] for typical in listed]
        columns[info.name] = pa.array(found, kind, from_pandas=True)
    return pa.table(columns)


def _pairs(
    model: ChurnModel, frame: FeatureFrame, importance: Sequence[Importance]
) -> tuple[Interplay, ...]:
    """Of the facts that move the risk most, each by the feature that moves it most."""
    leads = [max(row.features, key=lambda n: row.features[n]) for row in importance if row.share]
    features = leads[:PAIR_FEATURES]
    columns = {name: frame.columns[name] for name in model.features}
    if len(features) < 2:
        return ()
    return interplay(lambda rows: model.margin(_frame(rows)), columns, features)


def _frame(columns: Mapping[str, NDArray[Any]]) -> FeatureFrame:
    rows = len(next(iter(columns.values())))
    return FeatureFrame(
        np.full(rows, "", dtype=np.object_), np.zeros(rows, dtype="datetime64[us]"), columns
    )


def _segments(drivers: SegmentDrivers | None) -> list[dict[str, Any]]:
    """Segment by segment: mean risk here and elsewhere, and mean points by fact."""
    if drivers is None:
        return []
    return [
        {
            "segment": number,
            "p_churn": float(drivers.p[number]),
            "p_rest": float(drivers.p_rest[number]),
            "facts": [
                {
                    "fact": fact,
                    "points": float(drivers.inside[number, at]),
                    "rest": float(drivers.rest[number, at]),
                    "size": float(drivers.size[number, at]),
                }
                for at, fact in enumerate(drivers.facts)
            ],
        }
        for number in range(len(drivers.p))
    ]
