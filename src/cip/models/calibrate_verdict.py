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
from cip.wording import minus

SLOPES: Final = (0.9, 1.1)
SHOWN: Final = (0.8, 1.25)  # a slope whose interval leaves this has not been shown to be about 1
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
    p: FloatArray,
    measured: Mapping[str, Estimate],
    *,
    seed: int,
    draws: int,
    has_signal: bool = True,
) -> CalibrationVerdict:
    """What (n,) test probabilities are worth as probabilities.

    `measured`: their metrics by name; `has_signal`: whether they are shown to rank.  In order are
    an `ece` no higher than the 95 % quantile that chance gives, and a `calibration_slope` from 0.9
    to 1.1: both, one or neither of them.  No slope makes up for an error above 0.05 that chance
    does not explain.  `not known` where nothing speaks against them, but chance alone gives an
    error above 0.05, or the interval of the slope goes beyond 0.8 to 1.25.
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
    if is_close and _cannot_tell(chance, slope):
        return CalibrationVerdict("not known", f"{said} {_NOT_SHOWN}", evidence)
    if is_close and is_straight:
        return CalibrationVerdict("calibrated", f"{said} Counts may be read off it.", evidence)
    if (is_close or is_straight) and not is_far:
        return CalibrationVerdict("nearly calibrated", said, evidence)
    total = _total_said(measured["predicted_over_realised"])
    warning = _WARNING if has_signal else _NO_ORDER
    return CalibrationVerdict("not calibrated", f"{said} {total}{warning}", evidence)


_NOT_SHOWN: Final = (
    "Nothing speaks against its probabilities, but so few customers cannot show that they are true."
)
_NO_ORDER: Final = (
    "Do not take its probabilities at their word: not even their order is shown to hold."
)
_WARNING: Final = (
    "Do not take its probabilities at their word: the order of customers holds, but sums of risk "
    "and of money at risk may be off. [churn] calibration = 'sigmoid' or more data may mend it."
)


def _cannot_tell(chance: Estimate, slope: Estimate) -> bool:
    """Whether an error or a slope that matters could hide in chance; a slope that is off speaks."""
    is_off = slope.low > 1 or slope.high < 1
    return not is_off and (chance.high > FAR or _is_wide(slope))


def _is_wide(slope: Estimate) -> bool:
    return slope.low < SHOWN[0] or slope.high > SHOWN[1]


def _error_said(ece: Estimate, chance: Estimate) -> str:
    limit = f"a perfect model would show up to {chance.high:.3f}"
    if ece.value > chance.high:
        return f"Calibration error {ece.value:.3f}, but {limit}."
    few = ", and a smaller error could not be seen" * (chance.high > FAR)
    return f"Calibration error {ece.value:.3f}; {limit}, so it may be chance{few}."


def _total_said(ratio: Estimate) -> str:
    """Too many or too few in sum, where that is sure."""
    if ratio.reason or ratio.low <= 1 <= ratio.high:
        return ""
    return f"It expected {ratio.value:.2f} leavers for each one seen. "


def _slope_said(slope: Estimate) -> str:
    if slope.reason:
        return f"Its slope cannot be said: {slope.reason}."
    between = minus(f"{slope.low:.2f} to {slope.high:.2f}")
    is_straight = SLOPES[0] <= slope.value <= SLOPES[1]
    may_be_one = slope.low <= 1 <= slope.high
    if may_be_one and _is_wide(slope):
        near = "about 1" if is_straight else "not within 0.9 to 1.1"
        few = f"but from {between} all is possible: too few customers to tell"
        return f"Slope {slope.value:.2f}, {near}, {few}."
    said = f"Slope {minus(f'{slope.value:.2f}')} ({between})"
    if is_straight:
        return f"{said}, about 1 as it should be."
    how = "extreme" if slope.value < 1 else "timid"
    so = f"look too {how}, which may be chance" if may_be_one else f"are too {how}"
    return f"{said}, not within 0.9 to 1.1: the probabilities {so}."
