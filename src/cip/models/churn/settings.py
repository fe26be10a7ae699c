"""Settings of the candidates that can be searched, as multiples of their size-aware defaults.

A multiple carries over to more rows: twice the leaves of 10,000 rows are, on 100,000 rows, twice
the leaves that those have by default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from math import prod
from types import MappingProxyType
from typing import Any, Final, TypeVar

import numpy as np

from cip.errors import ModelError
from cip.models.churn.candidates import LightGBMConfig, LogisticConfig, XGBoostConfig

Factors = Mapping[str, float]
Settings = Mapping[str, Factors]
"""By candidate; one that is not named is at its defaults."""

DEFAULT: Final[Factors] = MappingProxyType({})
NO_SETTINGS: Final[Settings] = MappingProxyType({})

_SHARES: Final = frozenset({"columns", "rows"})
_LEAST: Final = {"leaves": 2}  # a tree of one leaf says the same of everybody
_BOOSTED: Final = {
    "leaves": (0.5, 1.0, 2.0, 4.0),
    "learning_rate": (0.5, 1.0, 2.0),
    "trees": (0.5, 1.0, 2.0, 3.0),
    "l2": (0.1, 1.0, 10.0),
    "columns": (0.5, 1.0, 1.75, 2.5),
    "rows": (0.7, 1.0, 1.4),
}
_SMALLEST: Final = (0.25, 0.5, 1.0, 2.0, 4.0)
SPACE: Final[Mapping[str, Mapping[str, tuple[float, ...]]]] = {
    "logistic_regression": {"C": (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)},
    "lightgbm": {**_BOOSTED, "child_rows": _SMALLEST},
    "xgboost": {**_BOOSTED, "child_weight": _SMALLEST},
}
"""What a search tries, by candidate and setting: every combination of these multiples."""

_Config = TypeVar("_Config", LogisticConfig, LightGBMConfig, XGBoostConfig)


def scaled(config: _Config, factors: Factors) -> _Config:
    """The settings with those named multiplied; counts stay whole, shares at most 1.

    Raises: ModelError M-127 for a setting that there is not.
    """
    types = {field.name: field.type for field in fields(config)}
    if unknown := [name for name in factors if name not in types]:
        raise ModelError(
            "M-127",
            f"{type(config).__name__} has no setting called {', '.join(unknown)}.",
            f"Name some of: {', '.join(types)}.",
        )
    changed: dict[str, Any] = {
        name: _times(name, getattr(config, name), by) for name, by in factors.items()
    }
    return replace(config, **changed)


def _times(name: str, value: float, by: float) -> float:
    if isinstance(value, int):
        return max(round(value * by), _LEAST.get(name, 1))
    return min(value * by, 1.0) if name in _SHARES else value * by


def trials(name: str, seed: int) -> Iterator[Factors]:
    """The default first, then every other combination of `SPACE`, in an order drawn by `seed`."""
    space = SPACE[name]
    yield DEFAULT
    shape = [len(multiples) for multiples in space.values()]
    rng = np.random.default_rng([seed, list(SPACE).index(name)])
    for place in rng.permutation(prod(shape)):
        chosen = zip(space.items(), np.unravel_index(place, shape), strict=True)
        factors = {key: multiples[at] for (key, multiples), at in chosen if multiples[at] != 1.0}
        if factors:
            yield factors
