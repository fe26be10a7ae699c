"""Who stands for election: the churn candidates and the settings each is fitted with.

The settings were measured on five public tables against library defaults and a small search
(research note models.md, section C7): chosen from the size of the rarer class, they need no search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Self

from cip.errors import ModelError
from cip.models.encode import Style

Role = Literal["baseline", "servable", "comparison"]


@dataclass(frozen=True, slots=True)
class LogisticConfig:
    """Logistic regression: `C` is the inverse weight of the L2 penalty on the coefficients."""

    C: float = 0.1


@dataclass(frozen=True, slots=True)
class ForestConfig:
    """Random forest: smallest leaf in rows, share of columns tried at a split, rows a tree draws.

    A tree draws at most `rows` rows and at most the share `drawn` of all; numbers are cut into
    `bins`.  More rows, trees or bins gained nothing (docs/decisions/0023, 0027).
    """

    leaf_rows: int
    trees: int = 100
    columns: float = 0.3
    rows: int = 8_000
    drawn: float = 0.632  # the different rows of a bootstrap sample
    bins: int = 64

    @classmethod
    def for_rarer(cls, rows: int) -> Self:
        """Settings for that many training rows of the rarer class."""
        return cls(leaf_rows=_between(rows // 100, 5, 100))


@dataclass(frozen=True, slots=True)
class HgbConfig:
    """scikit-learn's histogram gradient boosting; columns are drawn at each split, rows are not."""

    leaves: int
    child_rows: int
    learning_rate: float = 0.04
    trees: int = 200
    l2: float = 10.0
    columns: float = 0.4

    @classmethod
    def for_rarer(cls, rows: int) -> Self:
        """Settings for that many training rows of the rarer class."""
        return cls(leaves=_leaves(rows), child_rows=_child_rows(rows))


@dataclass(frozen=True, slots=True)
class LightGBMConfig:
    """LightGBM: columns and rows are drawn for each tree."""

    leaves: int
    child_rows: int
    learning_rate: float = 0.04
    trees: int = 200
    l2: float = 10.0
    columns: float = 0.4
    rows: float = 0.7

    @classmethod
    def for_rarer(cls, rows: int) -> Self:
        """Settings for that many training rows of the rarer class."""
        return cls(leaves=_leaves(rows), child_rows=_child_rows(rows))


@dataclass(frozen=True, slots=True)
class XGBoostConfig:
    """XGBoost, leaf by leaf; `child_weight` is the least sum of p(1 - p) in a leaf."""

    leaves: int
    child_weight: float
    learning_rate: float = 0.04
    trees: int = 200
    l2: float = 10.0
    columns: float = 0.4
    rows: float = 0.7

    @classmethod
    def for_rarer(cls, rows: int) -> Self:
        """Settings for that many training rows of the rarer class."""
        return cls(leaves=_leaves(rows), child_weight=0.15 * _child_rows(rows))


@dataclass(frozen=True, slots=True)
class NeuralConfig:
    """Neural network: `networks` of them, averaged, each with its own start.

    Numbers become normal by their rank; `alpha` is the weight of the L2 penalty.
    """

    epochs: int
    layers: tuple[int, ...] = (64, 32)
    alpha: float = 0.2
    batch: int = 256
    networks: int = 3

    @classmethod
    def for_rows(cls, rows: int) -> Self:
        """Settings for that many training rows."""
        return cls(epochs=_between(300_000 // rows, 8, 25))


@dataclass(frozen=True, slots=True)
class BlendConfig:
    """A blend: the mean log-odds of at least so many servable candidates, whichever do best."""

    fewest: int = 2


@dataclass(frozen=True, slots=True)
class StackConfig:
    """A stacked ensemble: a logistic regression on the log-odds of all servable candidates.

    `penalty` draws their weights, which none of its rows were learned from, towards 0.
    """

    penalty: float = 1.0
    folds: int = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to say who leaves.

    `label` is for people.  `role`: a `baseline` is what the others must beat; `servable` ones have
    exact native SHAP and a safe file; a `comparison` is fitted to be compared with, never served.
    `worth`: how much log loss it must save over a simpler one to be chosen.
    """

    name: str
    label: str
    style: Style
    role: Role
    worth: float = 0.0

    @property
    def is_mix(self) -> bool:
        """Whether it is put together from other candidates, once they are fitted."""
        return self.style == "both"

    @property
    def servable(self) -> bool:
        """Whether it may become champion."""
        return self.role == "servable"


CANDIDATES: Final = (
    Candidate("base_rate", "the base rate", "spline", "baseline"),
    Candidate("recency_only", "recency alone", "spline", "baseline"),
    Candidate("logistic_regression", "logistic regression", "spline", "servable"),
    Candidate("random_forest", "random forest", "tree", "comparison"),
    Candidate("hgb", "histogram gradient boosting", "tree", "comparison"),
    Candidate("neural_network", "a neural network", "tree", "comparison"),
    Candidate("lightgbm", "LightGBM", "tree", "servable"),
    Candidate("xgboost", "XGBoost", "tree", "servable"),
    Candidate("blend", "a blend", "both", "servable", worth=0.001),
    Candidate("stack", "a stacked ensemble", "both", "servable", worth=0.001),
)
"""In order of simplicity, the simplest first."""


def candidate_named(name: str) -> Candidate:
    """The candidate of that name; ModelError lists the names if there is none."""
    for candidate in CANDIDATES:
        if candidate.name == name:
            return candidate
    raise ModelError(
        "M-121",
        f"There is no churn candidate called {name}.",
        f"Choose one of: {', '.join(c.name for c in CANDIDATES)}.",
    )


def _leaves(rarer: int) -> int:
    return _between(rarer // 500, 4, 31)


def _child_rows(rarer: int) -> int:
    return _between(rarer // 50, 20, 200)


def _between(value: int, low: int, high: int) -> int:
    return min(max(value, low), high)
