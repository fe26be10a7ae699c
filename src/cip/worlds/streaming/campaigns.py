"""The campaigns that were held: who took part in which arm, and what a voucher truly does to each.

The effect of a voucher on a customer is the difference of two probabilities of leaving (the spell
ends by cancelling or by failed payments) in [offer, offer + HORIZON).  Given is the paid month into
which the offer falls, as it passed; what comes after it is integrated out.  None of it depends on
the arm, so within an arm the share that leaves has the mean of these probabilities as its
expectation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from cip.types import BoolArray, FloatArray, IntArray
from cip.worlds.streaming.config import HORIZON, MONTH, RETRIES, StreamingConfig
from cip.worlds.streaming.lives import Months
from cip.worlds.streaming.months import (
    Begun,
    log_odds_of_cancelling,
    p_failed,
    p_lapses,
    passed_month,
    probability,
)
from cip.worlds.streaming.persons import Persons
from cip.worlds.streaming.vouchers import dozes, voucher_log_odds

_NODES = 7  # of satisfaction
_DRAWS = 12  # of sessions, at each node


@dataclass(frozen=True, slots=True)
class Offers:
    """Everyone who took part in a campaign, by time and then customer; each (o,).

    `campaign`: from 0 on.  `customer`: position.  `second`: of the offer.  `treated`: has the
    voucher, else the control arm.  `dozes`: the group that `Campaigns.dozing` speaks of.
    `p_leaves_if_control`, `p_leaves_if_treated`: within HORIZON from the offer on.
    """

    campaign: IntArray
    customer: IntArray
    second: IntArray
    treated: BoolArray
    dozes: BoolArray
    p_leaves_if_control: FloatArray
    p_leaves_if_treated: FloatArray


def offers_made(
    config: StreamingConfig,
    persons: Persons,
    arms: BoolArray,
    months: Months,
    rng: np.random.Generator,
) -> Offers:
    """Of all campaigns; who takes part has a spell that runs at the offer."""
    taking_part = [_running(months, int(second)) for second in config.offered]
    rows = np.concatenate([np.zeros(0, dtype=np.int64), *taking_part])
    campaign = np.repeat(np.arange(len(taking_part)), [len(part) for part in taking_part])
    second = config.offered[campaign]
    begun, _ = months.take(rows)
    control, treated = _p_leaves(config, persons, months, rows=rows, second=second, rng=rng)
    return Offers(
        campaign=campaign,
        customer=begun.customer,
        second=second,
        treated=arms[campaign, begun.customer],
        dozes=dozes(config, begun),
        p_leaves_if_control=control,
        p_leaves_if_treated=treated,
    )


def _running(months: Months, second: int) -> IntArray:
    """Rows of the months that an instant falls into, by customer."""
    rows = np.flatnonzero((months.start <= second) & (second < months.end))
    return rows[np.argsort(months.customer[rows])]


def _p_leaves(
    config: StreamingConfig,
    persons: Persons,
    months: Months,
    *,
    rows: IntArray,
    second: IntArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Without and with a voucher; (2, r).

    The month of the offer ends within the horizon, the next one does or ends with it; the third
    may lapse in it.
    """
    begun, passed = months.take(rows)
    voucher = np.vstack([np.zeros(len(rows)), voucher_log_odds(config, persons, begun)])
    log_odds = log_odds_of_cancelling(config, persons, begun, passed)
    now = np.where(passed.lapsed, 1.0, probability(log_odds + voucher))
    after = Begun(
        begun.customer, begun.start + MONTH, begun.tenure + 1, passed.satisfaction,
        passed.next_usual(),
    )  # fmt: skip
    later = _p_leaves_later(config, persons, after, second=second, voucher=voucher, rng=rng)
    return np.asarray(1 - (1 - now) * (1 - later))


def _p_leaves_later(
    config: StreamingConfig,
    persons: Persons,
    after: Begun,
    *,
    second: IntArray,
    voucher: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    """In the month after that of the offer or the one after it; (2, r).

    Summed over failed payments, integrated over satisfaction (Gauss-Hermite), and averaged over
    draws of sessions.
    """
    decides = after.start + MONTH < second + HORIZON
    fails = _p_third_month_lapses(config, persons, after, second)
    p_attempts, none = p_failed(persons, after), np.zeros(len(second), dtype=np.int64)
    stays = np.zeros(voucher.shape)
    for mood, weight in _moods():
        moods = np.full(len(second), mood)
        for _ in range(_DRAWS):
            drawn = passed_month(config, persons, after, failed=none, mood=moods, rng=rng)
            for failed, p in enumerate(p_attempts[:-1]):
                seen = replace(drawn, failed=none + failed)
                log_odds = log_odds_of_cancelling(config, persons, after, seen)
                keeps = 1 - probability(log_odds + voucher) * decides
                stays += weight / _DRAWS * p * keeps
    return np.asarray(1 - stays * (1 - fails))


def _moods() -> Iterator[tuple[float, float]]:
    """Nodes of a standard normal and their weights, which sum to 1."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    yield from zip(nodes.tolist(), (weights / weights.sum()).tolist(), strict=True)


def _p_third_month_lapses(
    config: StreamingConfig, persons: Persons, after: Begun, second: IntArray
) -> FloatArray:
    """Of customers who still pay: the payments of the month after the next fail in time; (r,)."""
    third = replace(after, start=after.start + MONTH, tenure=after.tenure + 1)
    inside = third.start + RETRIES[-1] < second + HORIZON
    return np.asarray(p_lapses(config, persons, third) * inside)
