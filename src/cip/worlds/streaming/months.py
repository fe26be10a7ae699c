"""One paid month: how payments, satisfaction and watching go in it, and what drives cancelling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cip.types import BoolArray, FloatArray, IntArray
from cip.worlds.streaming.config import MONTH, RETRIES, StreamingConfig, list_price
from cip.worlds.streaming.persons import Persons

_WATCHING = 0.45  # log of sessions a point of satisfaction
_P_RETRY_FAILS = 0.45
_USUAL_KEEPS = 0.7
_NEWNESS_MONTHS = 3.0


@dataclass(frozen=True, slots=True)
class Begun:
    """Paid months as they begin; each (r,).

    `customer`: position.  `start`: seconds.  `tenure`: months of this spell already over.
    `satisfaction`: then.  `usual`: sessions a month, of the months of this spell that are over;
    without meaning in its first month.
    """

    customer: IntArray
    start: IntArray
    tenure: IntArray
    satisfaction: FloatArray
    usual: FloatArray


@dataclass(frozen=True, slots=True)
class Passed:
    """What happened in paid months; each (r,).

    `satisfaction`: at its end.  `usual`: as in Begun, the month's own sessions in the first month.
    `fall`: log of usual over this month's sessions, one added to both.  `failed`: payment attempts.
    `lapsed`: all of them failed, the spell ends with the last.
    """

    satisfaction: FloatArray
    sessions: IntArray
    usual: FloatArray
    fall: FloatArray
    failed: IntArray
    lapsed: BoolArray

    def next_usual(self) -> FloatArray:
        """Usual sessions at the beginning of the next month; (r,)."""
        return np.asarray(_USUAL_KEEPS * self.usual + (1 - _USUAL_KEEPS) * self.sessions)


def pass_month(
    config: StreamingConfig, persons: Persons, begun: Begun, rng: np.random.Generator
) -> Passed:
    """One future of each month that has begun."""
    failed = _failed_attempts(_p_first_fails(persons, begun), rng)
    mood = rng.normal(0, 1, len(failed))
    return passed_month(config, persons, begun, failed=failed, mood=mood, rng=rng)


def passed_month(
    config: StreamingConfig,
    persons: Persons,
    begun: Begun,
    *,
    failed: IntArray,
    mood: FloatArray,
    rng: np.random.Generator,
) -> Passed:
    """The same where so many attempts fail, and `mood` (standard normal) moves satisfaction."""
    lapsed = (failed == len(RETRIES)) & _may_lapse(config, begun)
    level, appetite = persons.level[begun.customer], persons.appetite[begun.customer]
    kept = config.persistence * (begun.satisfaction - level)
    satisfaction = level + kept + config.innovation * mood
    mean = (pace(appetite, begun.satisfaction) + pace(appetite, satisfaction)) / 2
    sessions = rng.poisson(mean * np.where(lapsed, RETRIES[-1] / MONTH, 1.0))
    usual = np.where(begun.tenure == 0, sessions, begun.usual)
    fall = np.log((usual + 1) / (sessions + 1))
    return Passed(satisfaction, sessions, usual, fall, failed, lapsed)


def month_end(start: IntArray, lapsed: BoolArray) -> IntArray:
    """Seconds, exclusive; (r,)."""
    return np.asarray(start + np.where(lapsed, RETRIES[-1], MONTH))


def pace(appetite: FloatArray, satisfaction: FloatArray) -> FloatArray:
    """Sessions a month."""
    return np.asarray(appetite * np.exp(_WATCHING * satisfaction))


def p_failed(persons: Persons, begun: Begun) -> FloatArray:
    """Probability that 0, 1, 2 or all attempts to pay for the month fail; (4, r)."""
    first = _p_first_fails(persons, begun)
    further = _P_RETRY_FAILS ** np.arange(len(RETRIES))[:, None]
    at_least = np.vstack([np.ones(len(first)), first * further, np.zeros(len(first))])
    return -np.diff(at_least, axis=0)


def p_lapses(config: StreamingConfig, persons: Persons, begun: Begun) -> FloatArray:
    """Probability that every payment attempt fails before the simulated time is over; (r,)."""
    return np.asarray(p_failed(persons, begun)[-1] * _may_lapse(config, begun))


def log_odds_of_cancelling(
    config: StreamingConfig, persons: Persons, begun: Begun, passed: Passed
) -> FloatArray:
    """At the end of each month, without any voucher; see `Hazard`; (r,)."""
    hazard = config.hazard
    drivers = (
        -hazard.dissatisfaction * passed.satisfaction
        + hazard.fall * passed.fall
        + hazard.failed_payment * passed.failed
        + hazard.newness * newness(begun)
        + np.array(hazard.plan)[persons.plan[begun.customer]]
        - hazard.kept_price * kept_price(config, persons, begun)
    )
    return np.asarray(hazard.base + config.churn_signal * drivers)


def newness(begun: Begun) -> FloatArray:
    """1 in the first month of a spell, falling towards 0; (r,)."""
    return np.asarray(np.exp(-begun.tenure / _NEWNESS_MONTHS))


def kept_price(config: StreamingConfig, persons: Persons, begun: Begun) -> FloatArray:
    """Log of the list price at the end of the month over the price of the spell; (r,)."""
    plan, since = persons.plan[begun.customer], begun.start - begun.tenure * MONTH
    listed = list_price(config, begun.start + MONTH, plan)
    return np.asarray(np.log(listed / list_price(config, since, plan)))


def probability(log_odds: FloatArray) -> FloatArray:
    """The logistic function."""
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def _may_lapse(config: StreamingConfig, begun: Begun) -> BoolArray:
    return np.asarray(begun.start + RETRIES[-1] < config.seconds)


def _p_first_fails(persons: Persons, begun: Begun) -> FloatArray:
    """The first payment of a spell does not fail; (r,)."""
    return np.asarray(persons.p_payment_fails[begun.customer] * (begun.tenure > 0))


def _failed_attempts(p_first: FloatArray, rng: np.random.Generator) -> IntArray:
    """How many attempts fail before one succeeds, at most all; (r,)."""
    fails = rng.random((len(RETRIES), len(p_first))) < np.vstack(
        [p_first, *(np.full(len(p_first), _P_RETRY_FAILS) for _ in RETRIES[1:])]
    )
    return np.asarray(np.cumprod(fails, axis=0).sum(axis=0))
