"""How customers pay, feel, watch, cancel and come back, month by month."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from cip.types import BoolArray, FloatArray, IntArray
from cip.worlds.streaming.config import MONTH, PLAN_SHARES, RETRIES, StreamingConfig

_APPETITE_SHAPE = 1.6  # of the gamma from which a customer's usual sessions come
_WATCHING = 0.45  # log of sessions a point of satisfaction
_P_RETRY_FAILS = 0.45
_USUAL_KEEPS = 0.7
_NEWNESS_MONTHS = 3.0


@dataclass(frozen=True, slots=True)
class Persons:
    """What customers are for good; each (n,) but `taste`, (n, 4).

    `signed_up`: seconds after the start.  `plan`: position in PLANS.  `appetite`: sessions a month
    at satisfaction 0.  `level`: what satisfaction returns to.  `p_payment_fails`: first attempt.
    """

    signed_up: IntArray
    plan: IntArray
    appetite: FloatArray
    level: FloatArray
    p_payment_fails: FloatArray
    taste: FloatArray


@dataclass(frozen=True, slots=True)
class Months:
    """Every paid month of every customer, flat, by month number and then customer; each (r,).

    `customer`: position.  `number`: months since sign-up.  `tenure`: months of this spell already
    over.  `start`: seconds.  `satisfaction_before`, `satisfaction`: at its start and end.
    `sessions`: in it.  `fall`: log of usual over this month's sessions, one added to both; 0 in the
    first month of a spell.  `failed`: payment attempts.  `lapsed`: all of them failed, the spell
    ends with the last.  `p_cancel`: at the end of the month; NaN where no decision falls before the
    end of the simulated time, or the spell has lapsed.  `cancelled`: that was done.
    """

    customer: IntArray
    number: IntArray
    tenure: IntArray
    start: IntArray
    satisfaction_before: FloatArray
    satisfaction: FloatArray
    sessions: IntArray
    fall: FloatArray
    failed: IntArray
    lapsed: BoolArray
    p_cancel: FloatArray
    cancelled: BoolArray

    @property
    def end(self) -> IntArray:
        """Seconds; exclusive."""
        return self.start + np.where(self.lapsed, RETRIES[-1], MONTH)

    def pace(self, persons: Persons) -> tuple[FloatArray, FloatArray]:
        """Sessions a month at the start and at the end of each month; each (r,)."""
        appetite = persons.appetite[self.customer]
        return _pace(appetite, self.satisfaction_before), _pace(appetite, self.satisfaction)


@dataclass(frozen=True, slots=True)
class _State:
    """Of all customers between two months, changed in place; each (n,)."""

    active: BoolArray
    tenure: IntArray
    satisfaction: FloatArray
    usual: FloatArray


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
    )


def live(config: StreamingConfig, persons: Persons, rng: np.random.Generator) -> Months:
    """Every paid month that begins within the simulated time."""
    n = config.customers
    state = _State(np.zeros(n, bool), np.zeros(n, int), np.zeros(n), np.zeros(n))
    numbers = range(-(-config.seconds // MONTH))
    parts = [_one_month(config, persons, state, number, rng) for number in numbers]
    return Months(
        *(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Months))
    )


def _one_month(
    config: StreamingConfig,
    persons: Persons,
    state: _State,
    number: int,
    rng: np.random.Generator,
) -> Months:
    """The month of this number of all who subscribe in it; `state` moves on."""
    _join(config, persons, state, number, rng)
    who = np.flatnonzero(state.active & (persons.signed_up + number * MONTH < config.seconds))
    start, tenure = persons.signed_up[who] + number * MONTH, state.tenure[who]
    failed = _failed_attempts(persons.p_payment_fails[who] * (tenure > 0), rng)
    lapsed = (failed == len(RETRIES)) & (start + RETRIES[-1] < config.seconds)
    before, after = state.satisfaction[who], _next_satisfaction(config, persons, state, who, rng)
    appetite = persons.appetite[who]
    pace = (_pace(appetite, before) + _pace(appetite, after)) / 2
    sessions = rng.poisson(pace * np.where(lapsed, RETRIES[-1] / MONTH, 1.0))
    usual = np.where(tenure == 0, sessions, state.usual[who])
    fall = np.log((usual + 1) / (sessions + 1))
    p_cancel = _p_cancel(
        config,
        satisfaction=after,
        fall=fall,
        failed=failed,
        tenure=tenure,
        plan=persons.plan[who],
    )
    p_cancel[lapsed | (start + MONTH >= config.seconds)] = np.nan
    cancelled = rng.random(len(who)) < p_cancel
    state.active[who] = ~(lapsed | cancelled)
    state.tenure[who] = tenure + 1
    state.satisfaction[who] = after
    state.usual[who] = _USUAL_KEEPS * usual + (1 - _USUAL_KEEPS) * sessions
    return Months(
        who, np.full(len(who), number), tenure, start, before, after, sessions, fall, failed,
        lapsed, p_cancel, cancelled,
    )  # fmt: skip


def _join(
    config: StreamingConfig,
    persons: Persons,
    state: _State,
    number: int,
    rng: np.random.Generator,
) -> None:
    """At sign-up everyone begins a spell; later some of those away do."""
    p_join = 1.0 if number == 0 else config.p_return
    who = np.flatnonzero(~state.active & (rng.random(len(state.active)) < p_join))
    spread = config.innovation / np.sqrt(1 - config.persistence**2)
    state.active[who] = True
    state.tenure[who] = 0
    state.satisfaction[who] = persons.level[who] + rng.normal(0, spread, len(who))


def _failed_attempts(p_first: FloatArray, rng: np.random.Generator) -> IntArray:
    """How many attempts fail before one succeeds, at most all; (r,)."""
    fails = rng.random((len(RETRIES), len(p_first))) < np.vstack(
        [p_first, *(np.full(len(p_first), _P_RETRY_FAILS) for _ in RETRIES[1:])]
    )
    return np.asarray(np.cumprod(fails, axis=0).sum(axis=0))


def _next_satisfaction(
    config: StreamingConfig,
    persons: Persons,
    state: _State,
    who: IntArray,
    rng: np.random.Generator,
) -> FloatArray:
    level = persons.level[who]
    kept = config.persistence * (state.satisfaction[who] - level)
    return np.asarray(level + kept + rng.normal(0, config.innovation, len(who)))


def _pace(appetite: FloatArray, satisfaction: FloatArray) -> FloatArray:
    return np.asarray(appetite * np.exp(_WATCHING * satisfaction))


def _p_cancel(
    config: StreamingConfig,
    *,
    satisfaction: FloatArray,
    fall: FloatArray,
    failed: IntArray,
    tenure: IntArray,
    plan: IntArray,
) -> FloatArray:
    hazard = config.hazard
    drivers = (
        -hazard.dissatisfaction * satisfaction
        + hazard.fall * fall
        + hazard.failed_payment * failed
        + hazard.newness * np.exp(-tenure / _NEWNESS_MONTHS)
        + np.array(hazard.plan)[plan]
    )
    return np.asarray(1 / (1 + np.exp(-hazard.base - config.churn_signal * drivers)))
