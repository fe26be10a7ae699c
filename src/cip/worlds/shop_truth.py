"""The truth of a shop as tables, and what its customers may be expected to buy."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from cip import columns as c
from cip.types import FloatArray
from cip.worlds.shop import ShopConfig, ShopWorld
from cip.worlds.truth import Truth

_YEAR = 365.0


def shop_truth(config: ShopConfig, world: ShopWorld) -> Truth:
    """One table, `customers`: see ShopTruth, and `expected_purchases_365d` after the end.

    `expected_spend_365d` is that times the mean spend.  Both are what would come if nobody faded or
    sent anything back; 0 for those who have left.
    """
    truth = world.truth
    expected = expected_purchases(truth.rate, truth.p_leaves, _YEAR) * truth.alive
    seconds = np.where(truth.alive, 0, truth.left_day) * 86_400
    left_at = np.datetime64(config.start, "us") + seconds.astype("timedelta64[s]")
    left_at[truth.alive] = np.datetime64("NaT")
    table = {
        c.CUSTOMER_ID: world.customers[c.CUSTOMER_ID],
        "purchases_a_day": truth.rate,
        "p_leaves": truth.p_leaves,
        "mean_spend": truth.mean_spend,
        "left_at": left_at,
        "alive": truth.alive,
        "expected_purchases_365d": expected,
        "expected_spend_365d": expected * truth.mean_spend,
    }
    return Truth({"customers": table}, asdict(config))


def expected_purchases(
    rate: FloatArray, p_leaves: FloatArray, days: float | FloatArray
) -> FloatArray:
    """Repeat purchases in the next days of customers who have not left, without fading.

    They buy at `rate` and leave after each purchase with `p_leaves`: so the time until they leave
    is exponential with rate times p_leaves, and purchases are its distribution function over
    p_leaves.
    """
    return np.asarray(-np.expm1(-rate * p_leaves * days) / p_leaves)
