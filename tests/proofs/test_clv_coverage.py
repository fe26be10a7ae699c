"""Does the interval of a total hold the money really received, as often as it says?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from cip import columns as c
from cip.models.clv.bgnbd import fit_bgnbd
from cip.models.clv.gamma_gamma import fit_gamma_gamma
from cip.models.clv.interval import total_clv_interval
from cip.models.clv.value import PurchaseHistory, ValueTerms
from cip.types import Estimate
from cip.worlds.shop import ShopConfig, ShopWorld, simulate_shop

WORLDS = 200
CUTOFF = 273.0  # 39 weeks known, 39 weeks ahead, as in CDNOW
TERMS = ValueTerms(273, 0.1, 0.3, "GBP")
CDNOW_LIKE = ShopConfig(
    customers=1000, days=546, joining_share=84 / 546, fade=0, refund_rate=0,
    r=0.243, alpha=30.9, a=0.793, b=2.426, p_spend=20.0, q=20.0, gamma=30.0,
)  # fmt: skip


def history_and_received(world: ShopWorld) -> tuple[PurchaseHistory, float]:
    table = world.transactions
    day = (table[c.OCCURRED_AT] - np.datetime64(CDNOW_LIKE.start)) / np.timedelta64(1, "D")
    who = np.searchsorted(world.customers[c.CUSTOMER_ID], table[c.CUSTOMER_ID])
    known = day < CUTOFF
    pairs = np.unique(np.column_stack([who, np.floor(day)])[known], axis=0)
    _, at, days = np.unique(pairs[:, 0], return_index=True, return_counts=True)
    first, last = pairs[at, 1], pairs[at + days - 1, 1]
    spent = np.bincount(who[known], table[c.AMOUNT][known])
    history = PurchaseHistory(days - 1.0, last - first, CUTOFF - first, spent / days)
    worth = np.exp(-TERMS.daily_rate * (day - CUTOFF)[~known])
    return history, float(TERMS.margin * table[c.AMOUNT][~known] @ worth)


def intervals(customers: PurchaseHistory, seed: int) -> dict[str, Estimate]:
    model = fit_bgnbd(customers.frequency, customers.recency, customers.age)
    spend = fit_gamma_gamma(customers.observations, customers.mean_value)
    certain = (
        replace(model, covariance=np.zeros((4, 4))), replace(spend, covariance=np.zeros((3, 3))),
    )  # fmt: skip
    return {
        "95": total_clv_interval(model, spend, customers, TERMS, draws=200, seed=seed),
        "80": total_clv_interval(model, spend, customers, TERMS, draws=200, seed=seed, level=0.8),
        "plug-in 95": total_clv_interval(*certain, customers, TERMS, draws=200, seed=seed),
    }


@pytest.mark.proof
def test_intervals_of_a_total_cover_and_plug_in_intervals_do_not(
    record_property: Callable[[str, object], None],
) -> None:
    held = {"95": 0, "80": 0, "plug-in 95": 0}
    for seed in range(WORLDS):
        world = simulate_shop(replace(CDNOW_LIKE, seed=10_000 + seed))
        customers, received = history_and_received(world)
        for name, found in intervals(customers, seed).items():
            held[name] += found.low <= received <= found.high
    record_property("proof", f"held in {WORLDS} worlds, by nominal level: {held}")
    assert binom.ppf(0.001, WORLDS, 0.95) <= held["95"], held
    assert binom.ppf(0.001, WORLDS, 0.80) <= held["80"] <= binom.ppf(0.999, WORLDS, 0.80), held
    assert held["plug-in 95"] < binom.ppf(0.001, WORLDS, 0.95), held
