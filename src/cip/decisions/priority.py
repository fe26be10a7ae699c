"""Who comes first: bands by fixed cut-points, priority segments with what to do, and the ranking.

Cut-points are stated numbers, never quantiles of the day's scores: with quantiles a tenth of the
customers is "high" however calm the month, and a customer changes band because others moved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Final

import numpy as np

from cip.errors import ModelError, SettingsError
from cip.types import FloatArray, IntArray, ObjectArray

THREE: Final = ("Low", "Medium", "High")

ACTIONS: Final[Mapping[tuple[str, str], str]] = {
    ("High", "High"): "Call in person this week, hear what is wrong and mend it.",
    ("High", "Medium"): "Have someone who knows the account check in soon.",
    ("High", "Low"): "Say thank you, and leave them in peace: do not spend a discount here.",
    ("Medium", "High"): "Send the strongest offer that pays for itself, and test it on a part.",
    ("Medium", "Medium"): "Remind them of what they use and what they have not tried yet.",
    ("Medium", "Low"): "Show what could make them worth more; no retention offer is needed.",
    ("Low", "High"): "Ask by an automatic message why they go; spend nothing more.",
    ("Low", "Medium"): "Keep them in the ordinary newsletter.",
    ("Low", "Low"): "Nothing to do.",
}

OF_SUBSCRIBERS: Final[Mapping[tuple[str, str], str]] = {
    **ACTIONS,
    ("High", "Medium"): "Have someone who knows the account check in before the next renewal.",
}


@dataclass(frozen=True, slots=True)
class Bands:
    """`names` from low to high and the `cuts` between them, one fewer."""

    cuts: tuple[float, ...]
    names: tuple[str, ...] = THREE


@dataclass(frozen=True, slots=True)
class PriorityRule:
    """How customers fall into priority segments: by value, by churn, and what to do with each.

    `actions`: (value band, churn band) to one sentence.
    """

    value: Bands
    churn: Bands = Bands((0.3, 0.6))
    actions: Mapping[tuple[str, str], str] = field(default_factory=lambda: ACTIONS)


@dataclass(frozen=True, slots=True)
class PrioritySegment:
    """One cell of the grid and the customers in it; sums are in currency.

    `mean_p_churn` is NaN when there are no customers.
    """

    name: str
    value_band: str
    churn_band: str
    action: str
    customers: int
    mean_p_churn: float
    clv: float
    expected_value_loss: float


def band_of(
    values: FloatArray,
    cuts: Sequence[float],
    names: Sequence[str],
    within: tuple[float, float] = (-np.inf, np.inf),
) -> ObjectArray:
    """(n,): the name of the band of each value; a value equal to a cut-point is above it.

    With cuts 0.3 and 0.6: [.., 0.3), [0.3, 0.6), [0.6, ..].  Raises SettingsError D-201 unless the
    cuts rise, lie strictly inside `within` and are one fewer than the names, and ModelError D-202
    when a value is NaN.
    """
    _check_cuts(cuts, names, within)
    missing = int(np.isnan(values).sum())
    if missing:
        raise ModelError("D-202", f"{missing} of {len(values)} values to be banded are missing")
    return np.asarray(np.array(names, dtype=object)[np.searchsorted(cuts, values, side="right")])


def _check_cuts(cuts: Sequence[float], names: Sequence[str], within: tuple[float, float]) -> None:
    low, high = within
    rising = all(one < two for one, two in pairwise(cuts))
    inside = all(low < cut < high for cut in cuts)
    if not (rising and inside and len(cuts) == len(names) - 1 and len(set(names)) == len(names)):
        raise SettingsError(
            "D-201",
            f"cut-points {list(cuts)} do not part the bands {list(names)}",
            f"give {len(names) - 1} rising numbers strictly between {low:g} and {high:g}, "
            "and a different name for each band",
        )


def value_bands(clv: FloatArray, rule: PriorityRule) -> ObjectArray:
    """(n,): the band of each customer's value."""
    return band_of(clv, rule.value.cuts, rule.value.names)


def churn_bands(p_churn: FloatArray, rule: PriorityRule) -> ObjectArray:
    """(n,): the band of each customer's p_churn; cut-points lie strictly between 0 and 1."""
    return band_of(p_churn, rule.churn.cuts, rule.churn.names, within=(0.0, 1.0))


def segment_name(value_band: str, churn_band: str) -> str:
    """`High CLV / High churn` and so on."""
    return f"{value_band} CLV / {churn_band} churn"


def priority_segment_of(clv: FloatArray, p_churn: FloatArray, rule: PriorityRule) -> ObjectArray:
    """(n,): the name of each customer's priority segment."""
    pairs = zip(value_bands(clv, rule), churn_bands(p_churn, rule), strict=True)
    return np.array([segment_name(*pair) for pair in pairs], dtype=object)


def priority_table(
    clv: FloatArray, p_churn: FloatArray, loss: FloatArray, rule: PriorityRule
) -> tuple[PrioritySegment, ...]:
    """Every priority segment, the empty ones too, from high value and high churn down.

    `loss` is `expected_value_loss`.  Raises SettingsError D-203 when a segment has no action.
    """
    value, churn = value_bands(clv, rule), churn_bands(p_churn, rule)
    table = []
    for v, k in product(reversed(rule.value.names), reversed(rule.churn.names)):
        inside = (value == v) & (churn == k)
        table.append(
            PrioritySegment(
                name=segment_name(v, k),
                value_band=v,
                churn_band=k,
                action=_action(rule, v, k),
                customers=int(inside.sum()),
                mean_p_churn=float(p_churn[inside].mean()) if inside.any() else np.nan,
                clv=float(clv[inside].sum()),
                expected_value_loss=float(loss[inside].sum()),
            )
        )
    return tuple(table)


def _action(rule: PriorityRule, value_band: str, churn_band: str) -> str:
    if (value_band, churn_band) not in rule.actions:
        raise SettingsError(
            "D-203",
            f"nothing is said about what to do with {segment_name(value_band, churn_band)!r}",
            "give one sentence for every pair of a value band and a churn band",
        )
    return rule.actions[value_band, churn_band]


def rank_by_loss(loss: FloatArray, customer_id: ObjectArray) -> IntArray:
    """(n,): rank of each customer by expected value loss, 1 the greatest; no two share a rank.

    Equal losses are ranked by customer_id, missing ones last.
    """
    order = np.lexsort((customer_id.astype(str), -loss))
    rank = np.empty(len(loss), dtype=np.int64)
    rank[order] = np.arange(1, len(loss) + 1)
    return rank
