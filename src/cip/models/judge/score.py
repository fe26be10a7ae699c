"""What a score is: a probability, points or a category, and which end of it is dangerous."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from cip.models.leaks.bounds import Trial
from cip.models.leaks.rows import View
from cip.types import BoolArray, Estimate, FloatArray
from cip.wording import percent

Kind = Literal["probability", "percent", "points", "category"]
Scale = Literal["probability", "percent", "points"]
Side = Literal["riskier", "safer"]

_COIN: Final = 0.5
KINDS: Final[dict[Kind, str]] = {
    "probability": "a probability from 0 to 1",
    "percent": "a probability in percent",
    "points": "points: they can rank, they are no probabilities",
    "category": "categories: they can rank, they are no probabilities",
}


@dataclass(frozen=True, slots=True)
class Direction:
    """Which customers a high value speaks of.

    `by`: who says so: the data, its name, or the person who asked; `auc`: how often a leaver has
    the higher value; `is_odd`: the data surely say the opposite of the name or the person.
    """

    side: Side
    by: Literal["data", "name", "person", "nobody"]
    auc: Estimate
    sentence: str
    is_odd: bool = False

    @property
    def is_sure(self) -> bool:
        """Whether it is more than a supposition."""
        return self.by in {"data", "person"}

    @property
    def has_signal(self) -> bool:
        """Whether it surely ranks leavers above stayers, taken from this side: at most 1 % wrong.

        The interval has half of that on either side, so a side that the data chose is paid for.
        """
        return self.auc.low > _COIN if self.side == "riskier" else self.auc.high < _COIN


@dataclass(frozen=True, slots=True)
class Score:
    """A score of n customers, every one filled in.

    `value`: as in the file (of a category, its place); `risk`: (n,) in [0, 1], its rank, higher is
    riskier, equal for equal values; `p`: (n,) the probability of leaving that it states, None
    where it states none.
    """

    kind: Kind
    direction: Direction
    value: FloatArray
    risk: FloatArray
    p: FloatArray | None


def kind_of(value: FloatArray, *, in_percent: bool) -> Kind:
    """What numbers look like; `in_percent`: the file or the column's name says percent."""
    known = value[np.isfinite(value)]
    low, high = float(known.min()), float(known.max())
    if in_percent and low >= 0 and high <= 100 and high > 1:
        return "percent"
    is_flag = len(np.unique(known)) == 2 and {low, high} == {0.0, 1.0}
    return "probability" if low >= 0 and high <= 1 and not is_flag else "points"


def direction_of(
    value: FloatArray,
    churned: BoolArray,
    customer_id: NDArray[Any],
    *,
    said: Side | None,
    hinted: Side | None,
    seed: int,
    draws: int,
) -> Direction:
    """The person's word first, then the data where they are sure, then the name, then riskier.

    The data are sure where a 99 % interval of the ROC-AUC of the value lies on one side of a half.
    `hinted`: what the column's name says.
    """
    view = View("", np.arange(len(value)), churned, customer_id, np.zeros(len(value), np.int64))
    auc = Trial(2, seed, draws).auc(view, value)  # two sides are looked at
    seen: Side | None = "riskier" if auc.low > _COIN else "safer" if auc.high < _COIN else None
    if said is not None:
        odd = seen is not None and seen != said
        return Direction(said, "person", auc, _by_person(said, auc, is_odd=odd), odd)
    if seen is not None:
        odd = hinted is not None and seen != hinted
        return Direction(seen, "data", auc, _by_data(seen, auc, is_odd=odd), odd)
    by: Literal["name", "nobody"] = "name" if hinted else "nobody"
    return Direction(hinted or "riskier", by, auc, _unsure(hinted, auc))


def score_of(value: FloatArray, kind: Kind, direction: Direction) -> Score:
    """The score, turned so that higher is riskier."""
    turned = -value if direction.side == "safer" else value
    return Score(kind, direction, value, ranks_of(turned), _probability(value, kind, direction))


def ranks_of(value: FloatArray) -> FloatArray:
    """(n,) in [0, 1]: the mean rank of each value among all, equal for equal values."""
    _, place, count = np.unique(value, return_inverse=True, return_counts=True)
    above = np.cumsum(count) - count / 2
    ranks: FloatArray = above[place] / len(value)
    return ranks


def _probability(value: FloatArray, kind: Kind, direction: Direction) -> FloatArray | None:
    if kind not in {"probability", "percent"}:
        return None
    p = value / 100 if kind == "percent" else value
    return 1 - p if direction.side == "safer" else p


def _leavers(auc: Estimate) -> str:
    return (
        f"a leaver has the higher value {percent(auc.value)} of the time "
        f"({percent(auc.low)} to {percent(auc.high)} with 99{chr(0x202F)}% confidence)"
    )


def _by_data(side: Side, auc: Estimate, *, is_odd: bool) -> str:
    odd = " Its name says the opposite: ask whoever makes it." if is_odd else ""
    return f"Higher means {side}, say the data: {_leavers(auc)}.{odd}"


def _by_person(side: Side, auc: Estimate, *, is_odd: bool) -> str:
    but = " The data surely say the opposite." if is_odd else ""
    return f"Higher means {side}, as you said; {_leavers(auc)}.{but}"


def _unsure(hinted: Side | None, auc: Estimate) -> str:
    why = f"taken from its name: {hinted}" if hinted else "supposed: riskier"
    return f"Which way it points is not sure ({why}); {_leavers(auc)}."
