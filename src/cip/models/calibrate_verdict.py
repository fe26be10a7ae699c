"""Whether probabilities may be taken at their word: the error against chance, and the slope.

A verdict about the figures, not about who serves: a model that is not calibrated may still rank
well, so it is warned of and not held back (docs/decisions/0031).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from cip.models.evaluate import calibration_noise
from cip.types import Estimate, FloatArray

SLOPES: Final = (0.9, 1.1)
FAR: Final = 0.05
LEVEL: Final = 0.9  # of an interval with both ends, so that its upper end is the 95 % quantile


@dataclass(frozen=True, slots=True)
class CalibrationVerdict:
    """`calibrated`, `nearly calibrated`, `not calibrated` or `not known`, in words with evidence.

    `evidence`: `ece`, the calibration error; `ece_by_chance`, what a perfect model with the same
    probabilities would show, `high` its 95 % quantile; `slope`.
    """

    word: Literal["calibrated", "nearly calibrated", "not calibrated", "not known"]
    sentence: str
    evidence: Mapping[str, Estimate] = field(default_factory=dict)

    @property
    def is_warning(self) -> bool:
        """Neither the error nor the slope is what it should be, or the error is far too large."""
        return self.word == "not calibrated"

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "question": "calibration",
            "word": self.word,
            "sentence": self.sentence,
            "evidence": {name: figure.as_dict() for name, figure in self.evidence.items()},
        }


def calibration_verdict(
    p: FloatArray, measured: Mapping[str, Estimate], *, seed: int, draws: int
) -> CalibrationVerdict:
    """What (n,) test probabilities are worth as probabilities.

    `measured`: their metrics by name.  In order are an `ece` no higher than the 95 % quantile that
    chance gives, and a `calibration_slope` from 0.9 to 1.1: both, one or neither of them.  No slope
    makes up for an error above 0.05 that chance does not explain.
    """
    ece, slope = measured["ece"], measured["calibration_slope"]
    if ece.reason:
        return CalibrationVerdict("not known", f"Calibration cannot be judged: {ece.reason}.")
    chance = calibration_noise(p, seed=seed, draws=draws, level=LEVEL)
    evidence = {"ece": ece, "ece_by_chance": chance, "slope": slope}
    is_close = ece.value <= chance.high
    is_straight = SLOPES[0] <= slope.value <= SLOPES[1]
    is_far = not is_close and ece.value > FAR
    said = f"{_error_said(ece, chance)} {_slope_said(slope)}"
    if is_close and is_straight:
        return CalibrationVerdict("calibrated", f"{said} Counts may be read off it.", evidence)
    if (is_close or is_straight) and not is_far:
        return CalibrationVerdict("nearly calibrated", said, evidence)
    total = _total_said(measured["predicted_over_realised"])
    return CalibrationVerdict("not calibrated", f"{said} {total}{_WARNING}", evidence)


_WARNING: Final = (
    "Do not take its probabilities at their word: the order of customers holds, but sums of risk "
    "and of money at risk may be off. [churn] calibration = 'sigmoid' or more data may mend it."
)


def _error_said(ece: Estimate, chance: Estimate) -> str:
    limit = f"a perfect model would show up to {chance.high:.3f}"
    if ece.value <= chance.high:
        return f"Calibration error {ece.value:.3f}; {limit}, so it may be chance."
    return f"Calibration error {ece.value:.3f}, but {limit}."


def _total_said(ratio: Estimate) -> str:
    """Too many or too few in sum, where that is sure."""
    if ratio.reason or ratio.low <= 1 <= ratio.high:
        return ""
    return f"It expected {ratio.value:.2f} leavers for each one seen. "


def _slope_said(slope: Estimate) -> str:
    if slope.reason:
        return f"Its slope cannot be said: {slope.reason}."
    interval = f"{slope.value:.2f} ({slope.low:.2f} to {slope.high:.2f})"
    if SLOPES[0] <= slope.value <= SLOPES[1]:
        return f"Slope {interval}, about 1 as it should be."
    how = "extreme" if slope.value < 1 else "timid"
    chance = ", which may be chance" if slope.low <= 1 <= slope.high else ""
    return f"Slope {interval}, not within 0.9 to 1.1{chance}: the probabilities are too {how}."
