"""On which scale a score's numbers are: what the person says, else a sign, a name, the values."""

from __future__ import annotations

from typing import Final

import numpy as np

from cip.contract.guess.names import bag, words_of
from cip.errors import ContractError
from cip.flows.judge_columns import Numbers
from cip.models.judge.score import Kind, Scale, kind_of
from cip.types import FloatArray

_PERCENT: Final = bag("percent percentage pct prozent")
_PROBABILITY: Final = bag(
    "probability probabilities proba prob wahrscheinlichkeit probabilite probabilidad"
)
_RISK: Final = bag("risk risiko risque riesgo")
_NO_SHARE: Final = bag("score points index level class grade rank tier band decile group segment")
_MOST_LEVELS: Final = 10  # whole numbers up to here after "risk" may as well be levels
_MOST: Final[dict[Scale, float]] = {"probability": 1.0, "percent": 100.0}


def scale_of(read: Numbers, name: str, said: Scale | None) -> tuple[Kind, str]:
    """The kind of score, and why it is read so.

    Raises: ContractError J-103 where the values cannot be what the person says.
    """
    known = read.value[np.isfinite(read.value)]
    low, high = float(known.min()), float(known.max())
    if said is not None:
        _check(said, name, low, high)
        return said, "as you said"
    word = _word(name, known)
    kind = kind_of(read.value, in_percent=read.in_percent or bool(word))
    return kind, _why(kind, word, low, high, has_sign=read.in_percent)


def _check(said: Scale, name: str, low: float, high: float) -> None:
    most = _MOST.get(said)
    if most is None or (low >= 0 and high <= most):
        return
    raise ContractError(
        "J-103",
        f"the score {name} goes from {low:g} to {high:g}: that is no {said}, 0 to {most:g}.",
        "say --scale points, or leave --scale out",
    )


def _word(name: str, known: FloatArray) -> str:
    """The word of the name by which values up to 100 are percent, or nothing."""
    words = words_of(name)
    said = [word for word in words if word in _PERCENT or word in _PROBABILITY]
    if said:
        return said[0]
    risk = [word for word in words if word in _RISK]
    are_levels = bool((known == np.round(known)).all()) and known.max() <= _MOST_LEVELS
    return risk[0] if risk and not are_levels and not _NO_SHARE & set(words) else ""


def _why(kind: Kind, word: str, low: float, high: float, *, has_sign: bool) -> str:
    values = f"its values go from {low:.4g} to {high:.4g}"
    if kind == "percent":
        return "its cells say so" if has_sign else f"its name says {word} and {values}"
    if kind == "points" and low >= 0 and 1 < high <= 100:
        return f"{values}; if that is a share of 100, say --scale percent"
    return values
