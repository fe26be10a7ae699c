"""Who is offered a voucher, and what it does to whom."""

from __future__ import annotations

import numpy as np

from cip.types import BoolArray, FloatArray
from cip.worlds.streaming.config import StreamingConfig
from cip.worlds.streaming.months import Begun
from cip.worlds.streaming.persons import Persons


def draw_arms(config: StreamingConfig, rng: np.random.Generator) -> BoolArray:
    """Who would be treated in each campaign that is held; (campaigns, n)."""
    size = (len(config.offered), config.customers)
    return np.asarray(rng.random(size) < config.campaigns.p_treated)


def voucher_log_odds(config: StreamingConfig, persons: Persons, begun: Begun) -> FloatArray:
    """What a voucher offered in each month adds to the log-odds of cancelling; (r,)."""
    if config.regime == "none":
        return np.zeros(len(begun.customer))
    added = np.array(config.campaigns.plan)[persons.plan[begun.customer]]
    if config.regime == "sleeping_dogs":
        added = np.where(dozes(config, begun), config.campaigns.dozing, added)
    return np.asarray(added * persons.responds[begun.customer])


def dozes(config: StreamingConfig, begun: Begun) -> BoolArray:
    """Who pays and hardly watches: a voucher reminds them that they could cancel; (r,)."""
    return np.asarray((begun.tenure > 0) & (begun.usual < config.campaigns.dozing_below))
