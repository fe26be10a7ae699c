"""What the model would say of one customer if some features were otherwise.

It is the model's answer, not the customer's: a model has seen which customers left, not what makes
them leave, and a feature that moves with the risk need not move it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from cip.models.churn.model import ChurnModel
from cip.models.encode_parts import Value
from cip.models.explain import by_fact, feature_points
from cip.models.ties import contradictions, follow
from cip.types import FeatureInfo


@dataclass(frozen=True, slots=True)
class Moved:
    """A feature that changed, or that followed from one that did (`follows`)."""

    feature: str
    before: Value
    after: Value
    follows: bool


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A customer as it is and as it might be.

    `points`: points of probability that each fact brings by its change, the largest first; they
    add up to `p_after - p_before`.  `impossible`: pairs of features that no customer can have
    together as they now stand.
    """

    p_before: float
    p_after: float
    values: Mapping[str, Value]
    moved: tuple[Moved, ...]
    points: Mapping[str, float]
    impossible: tuple[tuple[str, str], ...]


def what_if(
    model: ChurnModel,
    infos: Sequence[FeatureInfo],
    values: Mapping[str, Value],
    changes: Mapping[str, Value],
) -> WhatIf:
    """The customer of `values` with `changes`, and with what follows from them by definition.

    `values`: every feature the model reads, by name; `infos`: what they are, in the model's order.
    The points are the change of each contribution times the chord of the logistic curve from the
    one margin to the other.  A contradiction that `values` have already is not counted.
    """
    after = dict(values) | changed(values, changes)
    m_before, m_after = model.margin_one(values), model.margin_one(after)
    _, before_shap = model.contributions_one(values)
    _, after_shap = model.contributions_one(after)
    facts, points = by_fact(infos, feature_points(m_before, (after_shap - before_shap)[None, :]))
    known = set(contradictions(values))
    listed = sorted(zip(facts, points[0].tolist(), strict=True), key=lambda pair: -abs(pair[1]))
    return WhatIf(
        p_before=float(expit(m_before)),
        p_after=float(expit(m_after)),
        values=after,
        moved=_moved(values, after, changes),
        points=dict(listed),
        impossible=tuple(pair for pair in contradictions(after) if pair not in known),
    )


def changed(values: Mapping[str, Value], changes: Mapping[str, Value]) -> dict[str, Value]:
    """`changes` with what follows from them, by name."""
    if not changes:
        return {}
    columns = {name: _column(value) for name, value in changes.items()}
    return {name: _value(column) for name, column in follow(values, columns).items()}


def _moved(
    before: Mapping[str, Value], after: Mapping[str, Value], changes: Mapping[str, Value]
) -> tuple[Moved, ...]:
    found = [
        Moved(name, before[name], value, follows=name not in changes)
        for name, value in after.items()
        if not same(value, before[name])
    ]
    return tuple(sorted(found, key=lambda moved: moved.follows))


def same(one: Value, other: Value) -> bool:
    """Whether two values are equal; not known equals not known."""
    if _is_unknown(one) or _is_unknown(other):
        return _is_unknown(one) and _is_unknown(other)
    return one == other


def _is_unknown(value: Value) -> bool:
    return value is None or (isinstance(value, float) and isnan(value))


def _column(value: Value) -> NDArray[Any]:
    is_text = isinstance(value, str) or value is None
    return np.array([value], dtype=np.object_ if is_text else np.float64)


def _value(column: NDArray[Any]) -> Value:
    value: Value = column.tolist()[0]
    return value
