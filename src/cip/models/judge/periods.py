"""The same score in one period after the other: does it still rank, does it still say the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from cip.models.judge.score import Score
from cip.models.leaks.bounds import Trial
from cip.models.leaks.rows import FEWEST, View
from cip.models.shares import share
from cip.types import BoolArray, Estimate, FloatArray, IntArray
from cip.wording import percent, signed

_ERROR: Final = 0.05  # chance that any period is wrongly called different, all together
_MEDIAN: Final = 1.2533  # deviation of a median over that of a mean
_Z95: Final = float(norm.isf(0.025))


@dataclass(frozen=True, slots=True)
class Period:
    """Customers whose score was made in one span of time.

    `auc` carries a reason where too few left or stayed; `said`: mean probability, None where none
    is stated.  `differs`: in words, how it differs from the other periods beyond chance, or "".
    """

    name: str
    rows: int
    left: Estimate
    auc: Estimate
    said: float | None
    differs: str = ""


@dataclass(frozen=True, slots=True)
class Trend:
    """All periods, and the ROC-AUC of the last minus that of the first that can be judged."""

    periods: tuple[Period, ...]
    change: Estimate
    sentence: str


def trend_of(
    score: Score,
    churned: BoolArray,
    customer_id: NDArray[Any],
    period: IntArray,
    names: Sequence[str],
    *,
    seed: int,
    draws: int,
) -> Trend:
    """`period`: (n,) place of each row's period in `names`, which are in order of time."""
    trial = Trial(1, seed, draws)
    views = [_view(churned, customer_id, period, place, names) for place in range(len(names))]
    aucs = [_auc(view, score.risk, trial) for view in views]
    z = float(norm.isf(_ERROR / (2 * max(1, 2 * len(views)))))
    made = tuple(
        Period(
            name=view.when,
            rows=len(view.at),
            left=share(int(view.churned.sum()), len(view.at), "no rows"),
            auc=aucs[place],
            said=None if score.p is None else float(score.p[view.at].mean()),
            differs=_differs(place, views, aucs, score.p, z),
        )
        for place, view in enumerate(views)
    )
    judged = [view for view, auc in zip(views, aucs, strict=True) if not auc.reason]
    return Trend(made, *_change(judged, score.risk, trial))


def _view(
    churned: BoolArray, who: NDArray[Any], period: IntArray, place: int, names: Sequence[str]
) -> View:
    at = np.flatnonzero(period == place)
    return View(names[place], at, churned[at], who[at], np.zeros(len(at), dtype=np.int64))


def _auc(view: View, risk: FloatArray, trial: Trial) -> Estimate:
    left = int(view.churned.sum())
    if min(left, len(view.at) - left) < FEWEST:
        nan = float("nan")
        return Estimate(nan, nan, nan, reason=f"fewer than {FEWEST} left or stayed")
    wide = trial.auc(view, risk[view.at])
    shrink = _Z95 / float(norm.isf((1 - trial.level) / 2))
    low = wide.value - (wide.value - wide.low) * shrink
    high = wide.value + (wide.high - wide.value) * shrink
    return Estimate(wide.value, low, high)


def _deviation(auc: Estimate) -> float:
    return max((auc.high - auc.low) / (2 * _Z95), 1e-9)


def _differs(
    place: int, views: Sequence[View], aucs: Sequence[Estimate], p: FloatArray | None, z: float
) -> str:
    said = [
        _ranks_otherwise(place, aucs, z),
        "" if p is None else _says_otherwise(place, views, p, z),
    ]
    return "; ".join(filter(None, said))


def _ranks_otherwise(place: int, aucs: Sequence[Estimate], z: float) -> str:
    others = [auc for at, auc in enumerate(aucs) if at != place and not auc.reason]
    if aucs[place].reason or not others:
        return ""
    usual, spread = _usual([auc.value for auc in others], [_deviation(auc) for auc in others])
    gap = aucs[place].value - usual
    if abs(gap) <= z * float(np.hypot(_deviation(aucs[place]), spread)):
        return ""
    word = "better" if gap > 0 else "worse"
    return f"ranks {word} than in the other periods ({aucs[place].value:.2f} against {usual:.2f})"


def _says_otherwise(place: int, views: Sequence[View], p: FloatArray, z: float) -> str:
    """Whether stated and seen lie further apart, or less far, than in the other periods."""
    here, others = views[place], [view for at, view in enumerate(views) if at != place]
    if not others:
        return ""
    usual, spread = _usual(
        [_gap(p[view.at], view.churned) for view in others],
        [_noise(view.churned) for view in others],
    )
    gap = _gap(p[here.at], here.churned)
    if abs(gap - usual) <= z * float(np.hypot(_noise(here.churned), spread)):
        return ""
    said, seen = float(p[here.at].mean()), float(here.churned.mean())
    return f"says {percent(said)} where {percent(seen)} left, unlike the other periods"


def _usual(values: Sequence[float], deviations: Sequence[float]) -> tuple[float, float]:
    """The median, which one odd period does not move, and its deviation."""
    weight = float(np.sum(np.array(deviations) ** -2.0))
    return float(np.median(values)), (_MEDIAN if len(values) > 2 else 1.0) * weight**-0.5


def _gap(p: FloatArray, churned: BoolArray) -> float:
    return float(p.mean() - churned.mean())


def _noise(churned: BoolArray) -> float:
    """Deviation of a share; half a row keeps it above 0."""
    rows = len(churned)
    share_ = (float(churned.sum()) + 0.5) / (rows + 1)
    return float(np.sqrt(share_ * (1 - share_) / rows))


def _change(judged: Sequence[View], risk: FloatArray, trial: Trial) -> tuple[Estimate, str]:
    if len(judged) < 2:
        nan = float("nan")
        why = "fewer than two periods have enough leavers and stayers"
        return Estimate(nan, nan, nan, reason=why), f"No trend can be told: {why}."
    first, last = judged[0], judged[-1]
    change = trial.auc_drift(first, last, (risk[first.at], risk[last.at]))
    between = f"from {first.when} to {last.when}"
    moved = f"ROC-AUC {signed(change.value)} ({signed(change.low)} to {signed(change.high)})"
    if change.high < 0:
        return change, f"It ranks worse over time, {between}: {moved}."
    if change.low > 0:
        return change, f"It ranks better over time, {between}: {moved}."
    return change, f"It is not shown to rank better or worse over time, {between}: {moved}."
