"""Whom customers resemble: segments in words, with their churn, value and value at risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

from cip.contract.config import Config
from cip.errors import ModelError
from cip.models.segments.fit import Segmentation, fit_segments
from cip.models.segments.personas import Persona, personas
from cip.models.segments.profile import Profile, SegmentValue, profile, segment_values
from cip.types import FeatureFrame, FeatureInfo, FloatArray, IntArray


@dataclass(frozen=True)
class Segments:
    """The segmentation and what it says; `segment`: (n,) of each scored customer, in order."""

    segmentation: Segmentation
    segment: IntArray
    personas: tuple[Persona, ...]
    profile: Profile
    values: tuple[SegmentValue, ...]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "k": self.segmentation.k,
            "chosen_because": self.segmentation.why_k,
            "verdict": self.segmentation.signal.as_dict(),
            "choice": [
                {
                    "k": row.k,
                    "silhouette": row.silhouette,
                    "stability": row.stability,
                    "inertia": row.inertia,
                }
                for row in self.segmentation.table
            ],
            "axes": list(self.profile.labels),
            "axis_words": list(self.profile.descriptions),
            "items": [self._item(number) for number in range(self.segmentation.k)],
        }

    def _item(self, number: int) -> dict[str, Any]:
        persona, value = self.personas[number], self.values[number]
        shape = self.profile.percentiles[number].tolist()
        return {
            "segment": number,
            "name": persona.name,
            "narrative": persona.narrative,
            "customers": persona.customers,
            "share": persona.share,
            "p_churn": None if isnan(value.p_churn) else value.p_churn,
            "clv": value.clv,
            "expected_value_loss": value.expected_value_loss,
            "profile": [None if isnan(percentile) else percentile for percentile in shape],
            "differs": [trait.sentence for trait in persona.traits],
        }


def segment_customers(
    score: FeatureFrame,
    infos: Sequence[FeatureInfo],
    config: Config,
    *,
    p_churn: FloatArray,
    clv: FloatArray,
    loss: FloatArray,
) -> Segments | str:
    """Segments of the scored customers, or a sentence that says why there are none."""
    try:
        segmentation = fit_segments(score, infos, k=config.segments.k, seed=config.run.seed)
    except ModelError as error:
        return f"{error.message} {error.hint}".strip()
    segment = segmentation.assign(score)
    return Segments(
        segmentation=segmentation,
        segment=segment,
        personas=personas(segmentation, score, segment, infos),
        profile=profile(segmentation, score, segment, infos),
        values=segment_values(
            segment, segmentation.k, p_churn=p_churn, clv=clv, expected_value_loss=loss
        ),
    )
