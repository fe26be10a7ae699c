"""How long from a cutoff until each customer leaves, as far as the data can know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr.types import Table

from cip import columns as c
from cip.contract.config import LabelRule
from cip.engine.arrays import numbers, texts
from cip.engine.days import day_number
from cip.engine.eligibility import READS, decisive_days, eligible
from cip.engine.events import Events, read_events, spells_by_day
from cip.engine.labels import check_horizon, ends_by_event, future
from cip.engine.passes import plan_passes, run_passes
from cip.engine.point_in_time import CUTOFF_DAY, KEYS
from cip.errors import ContractError
from cip.ports import EventStore
from cip.types import BoolArray, FloatArray, ObjectArray

_LEAVES: Final = "leaves"
_NEVER: Final = 10**9
"""A day number after all days."""


@dataclass(frozen=True, slots=True)
class TimesToLeave:
    """Every customer who is eligible at a cutoff, sorted by id; each (n,).

    `days`: from the cutoff to leaving, at least 0; where `observed` is False the customer had not
    left after so many days, and nobody knows more (censored).
    """

    customer_id: ObjectArray
    days: FloatArray
    observed: BoolArray

    def __len__(self) -> int:
        return len(self.customer_id)


def times_to_leave(
    con: ibis.BaseBackend,
    store: EventStore,
    cutoff: datetime,
    *,
    rule: LabelRule,
    horizon_days: int,
    data_end: datetime,
    active_days: int,
    rows_per_pass: int,
) -> TimesToLeave:
    """From everything known today; who is eligible is what was known before the cutoff.

    `purchase` and `inactivity`: a customer leaves on the first day, at or after the cutoff, that
    begins `horizon_days` without a purchase, or an interaction of the active kinds: so `days` is 0
    for whom the label of the cutoff says that they left.  `cancellation`: on the last day of the
    spells that follow one another with at most `grace_days` between.

    Leaving shows only when these days have passed, so everybody is censored that long before
    `data_end`: nobody counts as left, or as staying, in days that nobody has seen.

    Raises: ContractError C-202 for times that are no midnight, C-205 when not even the first day
    could show it, C-216 for a given label, which has no date; NotReadyError C-206 without the
    table that the rule reads.
    """
    if rule.kind == "given":
        raise ContractError(
            "C-216",
            f"the label {rule.column} has no date, so how long it took is not known.",
            "choose a label of purchases, inactivity or cancellation",
        )
    shows_after = rule.grace_days + 1 if ends_by_event(rule) else horizon_days
    check_horizon([cutoff], shows_after, data_end)
    first = day_number(cutoff, store.zone)
    last = day_number(data_end, store.zone) - shows_after

    def compute(buckets: Sequence[int]) -> pa.Table:
        events = read_events(con, store, buckets)
        pairs = eligible(events, rule, [first], active_days)
        today = events.as_known_today
        if ends_by_event(rule):
            return _last_days(pairs, today.subscriptions, rule.grace_days).to_pyarrow()
        return _quiet_from(pairs, today, rule, horizon_days, last).to_pyarrow()

    passes = plan_passes(con, store, rows_per_pass, READS[rule.kind])
    made = pa.concat_tables(run_passes(passes, compute, None)).sort_by(c.CUSTOMER_ID)
    leaves = numbers(made, _LEAVES)
    return TimesToLeave(
        customer_id=texts(made, c.CUSTOMER_ID),
        days=np.clip(np.minimum(leaves, last) - first, 0, None),
        observed=np.asarray(leaves <= last),
    )


def _quiet_from(
    pairs: Table, events: Events, rule: LabelRule, horizon_days: int, last: int
) -> Table:
    """(customer, cutoff day, `leaves`): the first day from which so many are quiet."""
    beyond = last + horizon_days  # the first day that nobody has seen
    seen = future(decisive_days(events, rule), pairs, _NEVER).select(*KEYS, "day")
    seen = seen.filter(seen["day"] < beyond)
    before = pairs.select(*KEYS, (pairs[CUTOFF_DAY] - 1).cast("int64").name("day"))
    days = before.union(seen.mutate(seen["day"].cast("int64").name("day"))).distinct()
    following = days["day"].lead().over(ibis.window(group_by=KEYS, order_by="day"))
    days = days.mutate(following=following)
    quiet = days["following"].isnull() | (days["following"] > days["day"] + horizon_days)
    return days.filter(quiet).group_by(KEYS).aggregate((_first(days) + 1).name(_LEAVES))


def _first(days: Table) -> ibis.expr.types.IntegerScalar:
    return days["day"].min()


def _last_days(pairs: Table, subscriptions: Table, grace_days: int) -> Table:
    """(customer, cutoff day, `leaves`): when the spells around the cutoff are over for good."""
    spells = spells_by_day(subscriptions)
    spells = spells.select(
        c.CUSTOMER_ID,
        spells["day"].cast("int64").name("day"),
        ended=spells["ended_day"].fill_null(_NEVER).cast("int64"),
    )
    rows = spells.join(pairs, c.CUSTOMER_ID)
    order = [rows["day"], rows["ended"]]
    so_far = ibis.window(group_by=KEYS, order_by=order, preceding=None, following=0)
    rows = rows.mutate(
        reach=rows["ended"].max().over(so_far),
        following=rows["day"].lead().over(ibis.window(group_by=KEYS, order_by=order)),
    )
    gap = rows["following"].isnull() | (rows["following"] > rows["reach"] + grace_days)
    around = rows["following"].isnull() | (rows["following"] >= rows[CUTOFF_DAY])
    over = rows.filter(gap & around)
    return over.group_by(KEYS).aggregate(over["reach"].min().name(_LEAVES))
