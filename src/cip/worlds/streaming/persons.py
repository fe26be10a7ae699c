"""Who the customers of the streaming service are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cip.types import FloatArray, IntArray
from cip.worlds.streaming.config import PLAN_SHARES, StreamingConfig

_APPETITE_SHAPE = 1.6  # of the gamma from which a customer's usual sessions come
_RESPONDS_SHAPE = 4.0  # of the gamma, with mean 1, by which a voucher works more or less


@dataclass(frozen=True, slots=True)
class Persons:
    """What customers are for good; each (n,) but `taste`, (n, 4).

    `signed_up`: seconds after the start.  `plan`: position in PLANS.  `appetite`: sessions a month
    at satisfaction 0.  `level`: what satisfaction returns to.  `p_payment_fails`: first attempt.
    `responds`: times what a voucher does, mean 1.
    """

    signed_up: IntArray
    plan: IntArray
    appetite: FloatArray
    level: FloatArray
    p_payment_fails: FloatArray
    taste: FloatArray
    responds: FloatArray


def draw_persons(config: StreamingConfig, rng: np.random.Generator) -> Persons:
    """Customers in the order of their sign-up."""
    n = config.customers
    signed_up = np.sort(rng.integers(0, int(config.joining_share * config.seconds) + 1, n))
    card = rng.gamma(1.0, size=n)
    return Persons(
        signed_up=signed_up,
        plan=rng.choice(len(PLAN_SHARES), size=n, p=PLAN_SHARES),
        appetite=rng.gamma(_APPETITE_SHAPE, size=n) * config.sessions_a_month / _APPETITE_SHAPE,
        level=rng.normal(0, config.level_spread, n),
        p_payment_fails=np.minimum(card * config.p_payment_fails, 0.9),
        taste=rng.normal(0, config.taste_spread, (n, 4)),
        responds=rng.gamma(_RESPONDS_SHAPE, size=n) / _RESPONDS_SHAPE,
    )
