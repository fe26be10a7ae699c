"""Several models as one: a weighted sum of their log-odds, and so of their exact reasons.

A blend takes the mean of those that do best together, a stack learns the weights (Wolpert 1992;
Caruana and others 2004).  Both are learned on rows that the members did not learn from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from cip.models.churn.artefacts import file_named, unreadable
from cip.models.churn.candidates import BlendConfig, StackConfig
from cip.models.churn.core import Core
from cip.models.churn.linear import LinearCore
from cip.models.churn.newton import newton
from cip.models.churn.trees import LightGBMCore, XGBoostCore
from cip.models.resample import customer_folds
from cip.types import BoolArray, FloatArray, IntArray

FILE: Final = "mix.json"
_READS: Final[dict[str, Callable[[Mapping[str, bytes]], Core]]] = {
    "logistic_regression": LinearCore.read,
    "lightgbm": LightGBMCore.read,
    "xgboost": XGBoostCore.read,
}


@dataclass(frozen=True)
class Mix:
    """`intercept` plus the sum of weight times log-odds, by the members' names."""

    weights: Mapping[str, float]
    intercept: float = 0.0

    def margin(self, margins: Mapping[str, FloatArray]) -> FloatArray:
        """(n,) log-odds of the mix from those of its members."""
        parts = [weight * margins[name] for name, weight in self.weights.items()]
        return np.asarray(self.intercept + np.sum(parts, axis=0))


@dataclass(frozen=True)
class Member:
    """A model in a mix, and which encoded columns it reads."""

    name: str
    weight: float
    columns: IntArray
    core: Core

    def reads(self, X: FloatArray) -> FloatArray:
        """Its columns of the encoded rows, each row in one piece as alone."""
        return np.take(X, self.columns, axis=1)


@dataclass(frozen=True)
class MixCore:
    """`intercept` and the members, which read parts of the same `width` encoded columns."""

    intercept: float
    members: tuple[Member, ...]
    width: int
    tolerance: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        loosest = max(member.core.tolerance for member in self.members)
        object.__setattr__(self, "tolerance", loosest)

    def margin(self, X: FloatArray) -> FloatArray:
        """(n,) log-odds."""
        margin = np.full(len(X), self.intercept)
        for m in self.members:
            margin += m.weight * m.core.margin(m.reads(X))
        return margin

    def contributions(self, X: FloatArray) -> tuple[float, FloatArray]:
        """The base margin and (n, k) SHAP values: both are sums, as the margin is."""
        base, shap = self.intercept, np.zeros(X.shape)
        for m in self.members:
            own, values = m.core.contributions(m.reads(X))
            base += m.weight * own
            shap[:, m.columns] += m.weight * values
        return base, shap

    def files(self) -> dict[str, bytes]:
        """How they are mixed, and each member's files under its name."""
        members = [
            {"name": m.name, "weight": m.weight, "columns": m.columns.tolist()}
            for m in self.members
        ]
        mix = {"intercept": self.intercept, "width": self.width, "members": members}
        found = {FILE: json.dumps(mix, allow_nan=False).encode()}
        for m in self.members:
            found |= {f"{m.name}.{name}": content for name, content in m.core.files().items()}
        return found

    @classmethod
    def read(cls, files: Mapping[str, bytes]) -> Self:
        """The mix `files` wrote; ModelError if it is something else."""
        try:
            given = json.loads(file_named(files, FILE))
            width = int(given["width"])
            members = tuple(_member(fields, files, width) for fields in given["members"])
            return cls(float(given["intercept"]), members, width)
        except (ValueError, TypeError, KeyError) as error:
            raise unreadable(FILE, error) from error


def _member(fields: Mapping[str, Any], files: Mapping[str, bytes], width: int) -> Member:
    """Raises ValueError or KeyError where the parts do not fit together."""
    name, columns = str(fields["name"]), np.array(fields["columns"], dtype=np.int64)
    own = {
        file.removeprefix(f"{name}."): content
        for file, content in files.items()
        if file.startswith(f"{name}.")
    }
    core = _READS[name](own)
    if len(columns) != core.width or (
        len(columns) and not 0 <= columns.min() <= columns.max() < width
    ):
        raise ValueError(f"{name} reads {core.width} columns, not those of the mix")
    return Member(name, float(fields["weight"]), columns, core)


def learn_mixes(
    wanted: Sequence[str],
    margins: Mapping[str, FloatArray],
    churned: BoolArray,
    customer_id: NDArray[Any],
    seed: int,
) -> dict[str, tuple[Mix, FloatArray]]:
    """By name each mix that is wanted, and (n,) log-odds of it that may be compared with others'.

    `margins`: (n,) by member, of rows that they did not learn from.  One member makes no mix.
    """
    if len(margins) < BlendConfig().fewest:
        return {}
    found = {}
    if "blend" in wanted:
        blend = best_blend(margins, churned)
        found["blend"] = blend, blend.margin(margins)
    if "stack" in wanted:
        elsewhere = stacked_elsewhere(margins, churned, customer_id, seed)
        found["stack"] = stacked(margins, churned), elsewhere
    return found


def best_blend(margins: Mapping[str, FloatArray], churned: BoolArray) -> Mix:
    """The mean of those members, two or more, whose mean has the least log loss on (n,) rows."""
    names = list(margins)
    sizes = range(min(BlendConfig().fewest, len(names)), len(names) + 1)
    blends = [
        Mix(dict.fromkeys(members, 1 / size))
        for size in sizes
        for members in combinations(names, size)
    ]
    return min(blends, key=lambda mix: _log_loss(mix.margin(margins), churned))


def stacked(margins: Mapping[str, FloatArray], churned: BoolArray) -> Mix:
    """A penalised logistic regression of (n,) outcomes on the members' log-odds."""
    X = np.column_stack(list(margins.values()))
    mean = np.append(np.full(X.shape[1], 1 / X.shape[1]), 0.0)
    weights = newton(lambda: [X], churned, StackConfig().penalty, mean)
    return Mix(dict(zip(margins, weights[:-1].tolist(), strict=True)), float(weights[-1]))


def stacked_elsewhere(
    margins: Mapping[str, FloatArray], churned: BoolArray, customer_id: NDArray[Any], seed: int
) -> FloatArray:
    """(n,) log-odds by stacks that did not learn from the customer's outcome."""
    folds = customer_folds(customer_id, StackConfig().folds, seed=seed, strata=churned)
    margin = np.empty(len(churned))
    for fold in range(StackConfig().folds):
        out = folds == fold
        mix = stacked({name: m[~out] for name, m in margins.items()}, churned[~out])
        margin[out] = mix.margin({name: m[out] for name, m in margins.items()})
    return margin


def _log_loss(margin: FloatArray, churned: BoolArray) -> float:
    return float(np.mean(np.logaddexp(0.0, margin) - margin * churned))
