"""The frozen scale on which customers are compared: robust to heavy tails, no fact told twice.

Per feature, in this order:

1. A missing value becomes the median.
2. A heavy-tailed feature (kurtosis above 5; a normal one has 3) goes through the signed logarithm
   sign(x) log(1 + |x| / u), with u the median size of its values other than 0: zero stays zero,
   and a unit of money or time changes nothing.
3. Mean 0, standard deviation 1, cut at three standard deviations: no one customer can pull a
   centre away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.errors import ModelError
from cip.models.encode_parts import PlainNumber
from cip.types import FeatureFrame, FeatureInfo, FloatArray

HEAVY: Final = 5.0
FARTHEST: Final = 3.0
SAME: Final = 0.95
KNOWN_SHARE: Final = 0.5
_FLAT: Final = 1e-9  # a standard deviation this small against the values is rounding


@dataclass(frozen=True, slots=True)
class ScaledNumber:
    """One feature's scale; `log_unit` is None where no logarithm is taken."""

    name: str
    usual: float
    log_unit: float | None
    mean: float
    sd: float

    def scaled(self, values: NDArray[Any]) -> FloatArray:
        """(n,) in [-3, 3]; NaN becomes what the median becomes."""
        x = _bent(_filled(_checked(self.name, values), self.usual), self.log_unit)
        return np.clip((x - self.mean) / self.sd, -FARTHEST, FARTHEST)


@dataclass(frozen=True, slots=True)
class Scale:
    """The scales of d features; equal to itself after JSON."""

    numbers: tuple[ScaledNumber, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """Raw features, in the order of the columns."""
        return tuple(number.name for number in self.numbers)

    def transform(self, columns: Mapping[str, NDArray[Any]]) -> FloatArray:
        """(n, d); further columns are ignored, a missing one or a wrong type is a ModelError."""
        lacking = [name for name in self.features if name not in columns]
        if lacking:
            raise ModelError(
                "M-101",
                f"{len(lacking)} of {len(self.numbers)} features are not there: "
                f"{', '.join(lacking)}.",
                "Give every feature the segments were made of; a value not known is NaN.",
            )
        return np.stack([n.scaled(columns[n.name]) for n in self.numbers], axis=1)


def fit_scale(frame: FeatureFrame, infos: Sequence[FeatureInfo]) -> tuple[Scale, dict[str, str]]:
    """The scale of the numbers among `infos`, and why each feature left out is left out.

    Left out: categories; a feature known for fewer than half of the rows; one that is the same for
    everybody; and one whose scaled values correlate by more than .95 with those of an earlier one.
    Raises ModelError M-151 when nothing is left.
    """
    found = {info.name: _fit(frame, info) for info in infos}
    left_out = {name: why for name, why in found.items() if isinstance(why, str)}
    numbers = [number for number in found.values() if isinstance(number, ScaledNumber)]
    if not numbers:
        raise ModelError(
            "M-151",
            f"None of the {len(infos)} features can tell {len(frame)} customers apart.",
            "Segments need a number that differs from customer to customer and is known for half.",
        )
    described = {info.name: info.description.rstrip(". ") for info in infos}
    kept, repeated = _without_repeats(frame, numbers, described)
    return Scale(kept), left_out | repeated


def _fit(frame: FeatureFrame, info: FeatureInfo) -> ScaledNumber | str:
    if info.kind == "category":
        return "not a number"
    values = _checked(info.name, frame.columns[info.name])
    known = values[~np.isnan(values)]
    if len(known) < KNOWN_SHARE * len(values):
        return f"known for {len(known):,} of {len(values):,} customers only"
    usual = float(np.median(known))
    unit = _log_unit(known)
    x = _bent(_filled(values, usual), unit)
    mean, sd = float(x.mean()), float(x.std())
    if sd <= _FLAT * float(np.abs(x).max()):
        return "the same for everybody"
    return ScaledNumber(info.name, usual, unit, mean, sd)


def _without_repeats(
    frame: FeatureFrame, numbers: Sequence[ScaledNumber], described: Mapping[str, str]
) -> tuple[tuple[ScaledNumber, ...], dict[str, str]]:
    scaled = np.stack([number.scaled(frame.columns[number.name]) for number in numbers])
    alike = np.atleast_2d(np.corrcoef(scaled))
    kept: list[int] = []
    repeated: dict[str, str] = {}
    for i, number in enumerate(numbers):
        same = [j for j in kept if abs(alike[i, j]) > SAME]
        if not same:
            kept.append(i)
            continue
        first = same[0]
        repeated[number.name] = (
            f"tells the same as “{described[numbers[first].name]}” "
            f"(correlation {alike[i, first]:.2f})"
        )
    return tuple(numbers[i] for i in kept), repeated


def _checked(name: str, values: NDArray[Any]) -> FloatArray:
    out = np.empty((len(values), 1))
    PlainNumber(name).write(values, out)
    return out[:, 0]


def _filled(values: FloatArray, usual: float) -> FloatArray:
    return np.where(np.isnan(values), usual, values)


def _log_unit(known: FloatArray) -> float | None:
    """The unit of the logarithm, or None for a feature without heavy tails."""
    spread = float(known.std())
    if spread <= _FLAT * float(np.abs(known).max()):
        return None
    kurtosis = float((((known - known.mean()) / spread) ** 4).mean())
    return float(np.median(np.abs(known[known != 0]))) if kurtosis > HEAVY else None


def _bent(values: FloatArray, unit: float | None) -> FloatArray:
    if unit is None:
        return values
    bent: FloatArray = np.sign(values) * np.log1p(np.abs(values) / unit)
    return bent
