"""How customers pay, feel, watch, cancel and come back, month by month."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from cip.types import BoolArray, FloatArray, IntArray
from cip.worlds.streaming.config import HORIZON, MONTH, StreamingConfig
from cip.worlds.streaming.months import (
    Begun,
    Passed,
    log_odds_of_cancelling,
    month_end,
    pace,
    pass_month,
    probability,
)
from cip.worlds.streaming.persons import Persons
from cip.worlds.streaming.vouchers import voucher_log_odds


@dataclass(frozen=True, slots=True)
class Months:
    """Every paid month of every customer, flat, by month number and then customer; each (r,).

    `customer`: position.  `number`: months since sign-up.  `tenure`, `start`: see Begun;
    `satisfaction_before` is its satisfaction.  `satisfaction`, `sessions`, `usual`, `fall`,
    `failed`, `lapsed`: see Passed.  `voucher`: log-odds that a voucher adds.  `p_cancel`: at the
    end of the month; NaN where no decision falls before the end of the simulated time, or the
    spell has lapsed.  `cancelled`: that was done.
    """

    customer: IntArray
    number: IntArray
    tenure: IntArray
    start: IntArray
    satisfaction_before: FloatArray
    satisfaction: FloatArray
    sessions: IntArray
    usual: FloatArray
    fall: FloatArray
    failed: IntArray
    lapsed: BoolArray
    voucher: FloatArray
    p_cancel: FloatArray
    cancelled: BoolArray

    @property
    def end(self) -> IntArray:
        """Seconds; exclusive."""
        return month_end(self.start, self.lapsed)

    def pace(self, persons: Persons) -> tuple[FloatArray, FloatArray]:
        """Sessions a month at the start and at the end of each month; each (r,)."""
        appetite = persons.appetite[self.customer]
        return pace(appetite, self.satisfaction_before), pace(appetite, self.satisfaction)

    def take(self, rows: IntArray) -> tuple[Begun, Passed]:
        """Some months as they began and as they passed."""
        begun = Begun(
            self.customer[rows], self.start[rows], self.tenure[rows],
            self.satisfaction_before[rows], self.usual[rows],
        )  # fmt: skip
        passed = Passed(
            self.satisfaction[rows], self.sessions[rows], self.usual[rows], self.fall[rows],
            self.failed[rows], self.lapsed[rows],
        )  # fmt: skip
        return begun, passed


@dataclass(frozen=True, slots=True)
class _State:
    """Of all customers between two months, changed in place; each (n,).

    `voucher`: log-odds that the last voucher adds to decisions before `voucher_until` (seconds).
    """

    active: BoolArray
    tenure: IntArray
    satisfaction: FloatArray
    usual: FloatArray
    voucher: FloatArray
    voucher_until: IntArray

    def begun(self, who: IntArray, start: IntArray) -> Begun:
        """The months of `who` that begin now."""
        return Begun(who, start, self.tenure[who], self.satisfaction[who], self.usual[who])


def live(
    config: StreamingConfig, persons: Persons, arms: BoolArray, rng: np.random.Generator
) -> Months:
    """Every paid month that begins within the simulated time; `arms`: (campaigns, n), treated."""
    n = config.customers
    state = _State(
        np.zeros(n, bool), np.zeros(n, int), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n, int)
    )
    numbers = range(-(-config.seconds // MONTH))
    parts = [_one_month(config, persons, arms, state, number=number, rng=rng) for number in numbers]
    return Months(
        *(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Months))
    )


def _one_month(
    config: StreamingConfig,
    persons: Persons,
    arms: BoolArray,
    state: _State,
    *,
    number: int,
    rng: np.random.Generator,
) -> Months:
    """The month of this number of all who subscribe in it; `state` moves on."""
    _join(config, persons, state, number, rng)
    who = np.flatnonzero(state.active & (persons.signed_up + number * MONTH < config.seconds))
    begun = state.begun(who, persons.signed_up[who] + number * MONTH)
    passed = pass_month(config, persons, begun, rng)
    _offer(config, persons, arms, state, begun=begun, lapsed=passed.lapsed)
    end = begun.start + MONTH
    voucher = np.where(end < state.voucher_until[who], state.voucher[who], 0.0)
    p_cancel = probability(log_odds_of_cancelling(config, persons, begun, passed) + voucher)
    p_cancel[passed.lapsed | (end >= config.seconds)] = np.nan
    cancelled = rng.random(len(who)) < p_cancel
    state.active[who] = ~(passed.lapsed | cancelled)
    state.tenure[who] = begun.tenure + 1
    state.satisfaction[who] = passed.satisfaction
    state.usual[who] = passed.next_usual()
    return Months(
        who, np.full(len(who), number), begun.tenure, begun.start, begun.satisfaction,
        passed.satisfaction, passed.sessions, passed.usual, passed.fall, passed.failed,
        passed.lapsed, voucher, p_cancel, cancelled,
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
    state.voucher_until[who] = 0


def _offer(
    config: StreamingConfig,
    persons: Persons,
    arms: BoolArray,
    state: _State,
    *,
    begun: Begun,
    lapsed: BoolArray,
) -> None:
    """Vouchers to the treated whose month a campaign falls into."""
    if_treated = voucher_log_odds(config, persons, begun)
    end = month_end(begun.start, lapsed)
    for second, treated in zip(config.offered, arms, strict=True):
        here = (begun.start <= second) & (second < end)
        who = begun.customer[here]
        state.voucher[who] = if_treated[here] * treated[who]
        state.voucher_until[who] = second + HORIZON
