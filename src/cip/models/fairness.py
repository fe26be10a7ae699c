"""How the model does in groups of customers that somebody declared sensitive.

Differences are described, with their intervals; whether one is right or wrong is not for a
program to say.  Calibration and the rates of errors cannot all be equal where base rates differ
(Kleinberg, Mullainathan and Raghavan 2017; Chouldechova 2017), so all are shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.models.draws import Draws, Scored
from cip.models.metrics import METRIC
from cip.models.resample import bootstrap_weights
from cip.models.shares import share, share_of
from cip.types import BoolArray, Estimate, FloatArray, ObjectArray
from cip.wording import percent

FEW: Final = 50
"""Below so many leavers a group's figures say little."""
GROUPS: Final = 8
BANDS: Final = 4
UNKNOWN: Final = "not known"
_MEASURED: Final = ("predicted_over_realised", "roc_auc")


@dataclass(frozen=True, slots=True)
class Group:
    """One group on the test rows; `is_small`: fewer than `FEW` left or fewer than `FEW` stayed.

    `base_rate`: share who left; `mean_p`: mean probability; `recall`: share of the leavers that
    is flagged; `false_alarms`: share of the stayers that is.
    """

    name: str
    customers: int
    leavers: int
    base_rate: Estimate
    mean_p: float
    predicted_over_realised: Estimate
    roc_auc: Estimate
    recall: Estimate
    false_alarms: Estimate
    is_small: bool

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {name: getattr(self, name).as_dict() for name in _ESTIMATES}


_ESTIMATES: Final = ("base_rate", "predicted_over_realised", "roc_auc", "recall", "false_alarms")


def fairness_of(
    names: Sequence[str],
    groups: ObjectArray,
    churned: BoolArray,
    p: FloatArray,
    customer_id: NDArray[Any],
    *,
    threshold: float,
    seed: int,
    draws: int,
) -> tuple[Group, ...]:
    """Each of `names`, the arrays are (n,); flagged is `p >= threshold`.

    Shares have Wilson intervals, the others come from a bootstrap over the group's customers.
    """
    found = []
    for name in names:
        rows = groups == name
        scored = Scored(churned[rows], p[rows], threshold)
        found.append(_group(str(name), scored, customer_id[rows], seed=seed, draws=draws))
    return tuple(found)


def grouped(values: NDArray[Any]) -> tuple[tuple[str, ...], ObjectArray]:
    """The groups' names, and (n,) the one of each row.

    A category is as it is, the largest group first, all beyond the `GROUPS` largest as one; a
    number in bands at the quartiles, the lowest first, or as it is where it has at most `GROUPS`
    values.  A value that is not known is a group of its own.
    """
    if values.dtype.kind == "O":
        names = np.array([UNKNOWN if v is None else str(v) for v in values], dtype=np.object_)
    else:
        return _bands(values.astype(np.float64))
    kept = [name for name, _ in Counter(names.tolist()).most_common(GROUPS)]
    rest = sorted(set(names.tolist()) - set(kept))
    if len(rest) > 1:
        names = np.where(np.isin(names, kept), names, f"{len(rest)} smaller groups")
    return tuple(dict.fromkeys([*kept, *sorted(set(names.tolist()))])), names


def in_words(attribute: str, groups: Sequence[Group]) -> list[str]:
    """What the table shows and how far it can be trusted, in sentences without a verdict."""
    large = [group for group in groups if not group.is_small]
    said = attribute.replace("_", " ")
    if len(large) < 2:
        enough = f"{FEW} leavers and {FEW} stayers or more"
        few = "Only one group has" if large else "No group has"
        return [f"{few} {enough}: too few to compare {said}."]
    found = [_calibration_said(large), _ranking_said(large), _alarms_said(large)]
    small = [group.name for group in groups if group.is_small]
    if small:
        found.append(
            f"Read with care: {_listed(small)} {'has' if len(small) == 1 else 'have'} fewer than "
            f"{FEW} leavers or stayers, so chance alone moves the figures far."
        )
    return found


def _calibration_said(groups: Sequence[Group]) -> str:
    off = [g for g in groups if not _holds(g.predicted_over_realised, 1.0)]
    if not off:
        return (
            "In none of the groups that are large enough is the number of leavers predicted shown "
            "to be wrong (every 95 % interval of predicted over realised holds 1)."
        )
    each = [
        f"{g.name} ({g.predicted_over_realised.value:.2f} predicted for each that left)"
        for g in off
    ]
    return (
        f"Predicted and realised differ for {_listed(each)}: more than chance would make of "
        f"one group in twenty; {len(off)} of {len(groups)} groups do."
    )


def _ranking_said(groups: Sequence[Group]) -> str:
    best = max(groups, key=lambda g: g.roc_auc.value)
    worst = min(groups, key=lambda g: g.roc_auc.value)
    one, other = (f"{g.name} (ROC-AUC {g.roc_auc.value:.2f})" for g in (best, worst))
    if best.roc_auc.low > worst.roc_auc.high:
        return f"Leavers are ranked better among {one} than among {other}: the intervals are apart."
    return (
        f"How well leavers are ranked is not shown to differ: best among {one}, least well among "
        f"{other}, and the intervals overlap."
    )


def _alarms_said(groups: Sequence[Group]) -> str:
    most = max(groups, key=lambda g: g.false_alarms.value)
    least = min(groups, key=lambda g: g.false_alarms.value)
    if most.false_alarms.low <= least.false_alarms.high:
        return "The share of stayers that is flagged is not shown to differ: the intervals overlap."
    one, other = (percent(g.false_alarms.value) for g in (most, least))
    left, stayed = (percent(g.base_rate.value) for g in (most, least))
    return (
        f"Of those who stayed, {one} are flagged among {most.name} and {other} among {least.name}; "
        f"{left} and {stayed} of them left."
    )


def _holds(estimate: Estimate, value: float) -> bool:
    return bool(estimate.reason) or estimate.low <= value <= estimate.high


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _group(name: str, scored: Scored, customer_id: NDArray[Any], *, seed: int, draws: int) -> Group:
    flagged, left = scored.p >= scored.threshold, scored.churned
    leavers, rows = int(left.sum()), len(left)
    figures = _bootstrapped(scored, customer_id, seed=seed, draws=draws)
    return Group(
        name=name,
        customers=rows,
        leavers=leavers,
        base_rate=share_of(left),
        mean_p=float(scored.p.mean()),
        recall=share(int((flagged & left).sum()), leavers, "nobody left"),
        false_alarms=share(int((flagged & ~left).sum()), rows - leavers, "nobody stayed"),
        is_small=min(leavers, rows - leavers) < FEW,
        **figures,
    )


def _bootstrapped(
    scored: Scored, customer_id: NDArray[Any], *, seed: int, draws: int
) -> Mapping[str, Estimate]:
    """The metrics of `_MEASURED`, by name."""
    whole = Draws(scored, np.ones((1, len(scored.p))))
    drawn: dict[str, list[FloatArray]] = {name: [] for name in _MEASURED}
    with np.errstate(divide="ignore", invalid="ignore"):
        for weights in bootstrap_weights(customer_id, seed=seed, draws=draws):
            for name in _MEASURED:
                drawn[name].append(METRIC[name].compute(Draws(scored, weights)))
        value = {name: float(METRIC[name].compute(whole)[0]) for name in _MEASURED}
    return {n: _estimate(n, value[n], np.concatenate(drawn[n])) for n in _MEASURED}


def _estimate(name: str, value: float, drawn: FloatArray) -> Estimate:
    metric, known = METRIC[name], drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or not len(known):
        nothing = float("nan")
        return Estimate(nothing, nothing, nothing, unit=metric.unit, reason=metric.undefined)
    low, high = np.quantile(known, [0.025, 0.975])
    return Estimate(value, float(low), float(high), unit=metric.unit)


def _bands(values: FloatArray) -> tuple[tuple[str, ...], ObjectArray]:
    known = values[~np.isnan(values)]
    names = np.full(len(values), UNKNOWN, dtype=np.object_)
    distinct = np.unique(known)
    listed: list[str] = []
    if len(distinct) <= GROUPS:
        for value in distinct:
            listed.append(f"{value:g}")
            names[values == value] = listed[-1]
    else:
        cuts = np.quantile(known, np.linspace(0, 1, BANDS + 1))
        cuts = np.unique(np.ceil(cuts) if np.all(known == np.round(known)) else cuts)
        place = np.clip(np.searchsorted(cuts, values, side="right") - 1, 0, len(cuts) - 2)
        for band in range(len(cuts) - 1):
            to = "to" if band == len(cuts) - 2 else "to under"
            listed.append(f"{cuts[band]:,.4g} {to} {cuts[band + 1]:,.4g}")
            names[(place == band) & ~np.isnan(values)] = listed[-1]
    return (*listed, *[UNKNOWN] * (len(known) < len(values))), names
