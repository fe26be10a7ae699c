"""Segments by K-Means: fitted once, frozen, and assigned to any customer later."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from cip.errors import ModelError
from cip.models.segments.choose import SegmentCount, chosen, nearest, study, why
from cip.models.segments.null import signal_verdict
from cip.models.segments.scale import Scale, ScaledNumber, fit_scale
from cip.types import (
    Estimate,
    FeatureFrame,
    FeatureInfo,
    FloatArray,
    IntArray,
    Verdict,
)

FIT_ROWS: Final = 50_000
STUDY_ROWS: Final = 2_000
TEST_ROWS: Final = 1_500
CUSTOMERS_A_SEGMENT: Final = 10
_BLOCK: Final = 50_000


@dataclass(frozen=True)
class Segmentation:
    """k segments, numbered from 0 by their size when fitted, the largest first.

    Equal to itself after JSON.  `centres`: (k, d) on the scale.  `table`: what each number of
    segments that was studied is worth, and `why_k` the choice in words.  `signal`: whether they
    are more than one cluster cut into pieces.  `left_out`: each feature not used, with the reason.
    `rows`: customers fitted on.
    """

    scale: Scale
    centres: tuple[tuple[float, ...], ...]
    table: tuple[SegmentCount, ...]
    why_k: str
    signal: Verdict
    left_out: Mapping[str, str]
    rows: int
    seed: int

    @property
    def k(self) -> int:
        """How many segments."""
        return len(self.centres)

    @cached_property
    def centre_array(self) -> FloatArray:
        """(k, d)."""
        return np.array(self.centres)

    def assign(self, frame: FeatureFrame) -> IntArray:
        """(n,) the segment, from 0 to k - 1, whose centre is nearest to each row.

        Raises ModelError where a feature is missing or of the wrong type.
        """
        parts = [np.zeros(0, dtype=np.int64)]
        for start in range(0, len(frame), _BLOCK):
            block = {name: x[start : start + _BLOCK] for name, x in frame.columns.items()}
            parts.append(nearest(self.scale.transform(block), self.centre_array))
        return np.concatenate(parts)

    def distances(self, segment: IntArray) -> FloatArray:
        """(k, d): each centre less the mean of all (n,) customers, in standard deviations."""
        weights = np.bincount(segment, minlength=self.k) / max(len(segment), 1)
        away: FloatArray = self.centre_array - weights @ self.centre_array
        return away

    def to_json(self) -> str:
        """Everything about the segments as text; floats keep every bit."""
        fields = {name: getattr(self, name) for name in ("centres", "why_k", "rows", "seed")}
        document = fields | {
            "scale": [asdict(number) for number in self.scale.numbers],
            "table": [asdict(row) for row in self.table],
            "signal": self.signal.as_dict(),
            "left_out": dict(self.left_out),
        }
        return json.dumps(document, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Segmentation:
        """The segmentation `to_json` wrote; ModelError if the text is something else."""
        try:
            return _from_document(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(
                "M-155",
                f"The segments cannot be read: {type(error).__name__} {error}.",
                "The file is damaged or of another version: make the segments again.",
            ) from error


def fit_segments(
    frame: FeatureFrame,
    infos: Sequence[FeatureInfo],
    *,
    k: int | None,
    k_range: Sequence[int] = range(3, 9),
    seed: int,
    features: Sequence[str] | None = None,
) -> Segmentation:
    """Segments of the customers of `frame`, by K-Means on the scale of `fit_scale`.

    `features`: names to use, None for every number of `infos`.  With `k` None it is chosen from
    `k_range` by `chosen`, on at most 2,000 customers and at most two thirds of all; the verdict
    is then made on at most 1,500 others, so that choosing cannot flatter it.  The centres are
    refined on at most 50,000 customers.  Customers are drawn by `seed` from the frame in order of
    customer and cutoff: the order of its rows changes nothing.

    Raises ModelError M-152 (no such feature), M-153 (fewer than ten customers a segment), M-154
    (fewer than k different customers), M-157 (fewer than two segments asked for) or M-151 (nothing
    that tells customers apart).
    """
    used = _used(infos, features)
    counts = _counts(len(frame), k, k_range)
    rng = np.random.default_rng(seed)
    with threadpool_limits(1):  # sums over several threads differ in the last bit
        drawn = frame.take(_drawn(frame, rng))
        scale, left_out = fit_scale(drawn, used)
        rows = scale.transform(drawn.columns)
        studied, held = rows[: _study_size(len(rows))], rows[_study_size(len(rows)) :]
        worth = study(studied, _possible(studied, counts), rng)
        table = tuple(row for row, _ in worth)
        best = chosen(table)
        centres = _refined(rows, worth[table.index(best)][1])
        tested = (held if k is None else rows)[:TEST_ROWS]
        signal = signal_verdict(tested, best.k, best.stability, rng)
    return Segmentation(
        scale=scale,
        centres=tuple(tuple(centre) for centre in centres.tolist()),
        table=table,
        why_k=why(table, best.k),
        signal=signal,
        left_out=left_out,
        rows=len(rows),
        seed=seed,
    )


def _used(infos: Sequence[FeatureInfo], features: Sequence[str] | None) -> list[FeatureInfo]:
    if features is None:
        return list(infos)
    numbers = {info.name: info for info in infos if info.kind == "number"}
    wrong = [name for name in features if name not in numbers]
    if wrong:
        raise ModelError(
            "M-152",
            f"{len(wrong)} of {len(features)} features named for segments are not there or are "
            f"not numbers: {', '.join(wrong)}.",
            "Name numeric features of the catalogue.",
        )
    return [numbers[name] for name in features]


def _counts(customers: int, k: int | None, k_range: Sequence[int]) -> list[int]:
    """The numbers of segments that so many customers allow, from few to many."""
    asked = sorted(set(k_range)) if k is None else [k]
    if not asked or asked[0] < 2:
        raise ModelError(
            "M-157", f"{asked} is no number of segments.", "Ask for two segments or more."
        )
    allowed = [count for count in asked if customers >= CUSTOMERS_A_SEGMENT * count]
    if not allowed:
        raise ModelError(
            "M-153",
            f"There are {customers:,} customers for {asked[0]} segments.",
            f"Segments need at least {CUSTOMERS_A_SEGMENT} customers each: ask for fewer segments, "
            "or wait for more customers.",
        )
    return allowed


def _possible(rows: FloatArray, counts: Sequence[int]) -> list[int]:
    different = len(np.unique(rows, axis=0))
    possible = [k for k in counts if k <= different]
    if not possible:
        raise ModelError(
            "M-154",
            f"Of {len(rows):,} customers only {different:,} differ, too few for {counts[0]} "
            "segments.",
            "Ask for fewer segments, or use more features.",
        )
    return possible


def _drawn(frame: FeatureFrame, rng: np.random.Generator) -> IntArray:
    """At most FIT_ROWS rows in random order, the same whatever the order of the frame."""
    order = np.lexsort((frame.cutoff, frame.customer_id.astype(str)))
    return order[rng.permutation(len(order))[:FIT_ROWS]].astype(np.int64)


def _study_size(rows: int) -> int:
    return min(STUDY_ROWS, 2 * rows // 3)


def _refined(rows: FloatArray, start: FloatArray) -> FloatArray:
    """(k, d) centres of all rows, from those of the study, the largest segment first."""
    fitted = KMeans(len(start), init=start, n_init=1).fit(rows)
    sizes = np.bincount(fitted.labels_, minlength=len(start))
    order = np.lexsort((*fitted.cluster_centers_.T, -sizes))
    centres: FloatArray = fitted.cluster_centers_[order]
    return centres


def _from_document(document: Mapping[str, Any]) -> Segmentation:
    signal = document["signal"]
    evidence = {name: Estimate(**fields) for name, fields in signal["evidence"].items()}
    return Segmentation(
        scale=Scale(tuple(ScaledNumber(**fields) for fields in document["scale"])),
        centres=tuple(tuple(centre) for centre in document["centres"]),
        table=tuple(SegmentCount(**fields) for fields in document["table"]),
        why_k=document["why_k"],
        signal=Verdict(signal["question"], signal["word"], signal["sentence"], evidence),
        left_out=dict(document["left_out"]),
        rows=document["rows"],
        seed=document["seed"],
    )
