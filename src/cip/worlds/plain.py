"""One customer table without time from a known process: who left is a coin with known odds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.types import BoolArray, FloatArray

CONTRACTS: Final = ("monthly", "yearly", "two years")
REGIONS: Final = ("north", "east", "south", "west")
_OF_CONTRACT: Final = np.array([0.9, -0.4, -1.6])


@dataclass(frozen=True, slots=True)
class PlainConfig:
    """How many customers, and how much their attributes know: 0 is nothing, 1 is plenty."""

    customers: int = 1_500
    strength: float = 1.0
    seed: int = 5


@dataclass(frozen=True, slots=True)
class PlainWorld:
    """`columns`: the table as a user has it; `p_left` and `left`: the truth, (n,) each."""

    columns: Mapping[str, NDArray[Any]]
    p_left: FloatArray
    left: BoolArray


def simulate_plain(config: PlainConfig) -> PlainWorld:
    """The same table for the same config; about three in ten have left."""
    rng, n = np.random.default_rng(config.seed), config.customers
    contract = rng.choice(len(CONTRACTS), n, p=[0.55, 0.25, 0.2])
    tenure = np.round(rng.gamma(1.6, 18.0, n))
    price = np.round(rng.uniform(18.0, 110.0, n), 2)
    calls = rng.poisson(1.1, n)
    known = _OF_CONTRACT[contract] + 0.6 * (calls - 1.1) - 0.028 * (tenure - 29)
    p_left = 1 / (1 + np.exp(1.0 - config.strength * (known + 0.012 * (price - 64))))
    left = rng.random(n) < p_left
    columns = {
        "customerID": np.array([f"C-{number:05d}" for number in rng.permutation(n)]),
        "Contract": np.array(CONTRACTS)[contract],
        "Tenure": tenure,
        "MonthlyCharges": price,
        "SupportCalls": calls.astype(np.float64),
        "Region": rng.choice(REGIONS, n),
        "Churn": np.where(left, "Yes", "No"),
    }
    return PlainWorld(columns, p_left, left)
