"""Cohort triangles: customers by the month they started in, and what became of them since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr.types import Table
from numpy.typing import NDArray

from cip import columns as c
from cip.contract.config import LabelRule
from cip.engine.arrays import numbers
from cip.engine.daily import payments_by_day
from cip.engine.days import day_number, month_number, month_of
from cip.engine.eligibility import PURCHASE, READS, decisive_days
from cip.engine.events import Events, all_by_day, read_events, spells_by_day
from cip.engine.feature import settled
from cip.engine.passes import plan_passes, run_passes
from cip.ports import EventStore
from cip.types import FloatArray

_MONTH: Final = "month"
_START: Final = "start"
_SINCE: Final = "since"


@dataclass(frozen=True, slots=True)
class Cohorts:
    """A row for each of m calendar months that are over at the data's end, in order.

    `start`: (m,) datetime64[M]; `active` and `revenue`: (m, m) float64, column k is the month k
    months after `start`: how many of the customers who started then were active, and their amounts
    net of refunds.  NaN for months that are not over.  Column 0 of `active` is the cohort's size.
    The first cohort holds everybody who had started before the data begin, too.
    """

    start: NDArray[np.datetime64]
    active: FloatArray
    revenue: FloatArray


def cohorts(
    con: ibis.BaseBackend,
    store: EventStore,
    data_end: datetime,
    *,
    rule: LabelRule = PURCHASE,
    rows_per_pass: int,
) -> Cohorts:
    """Who started when, and how long they stayed, from everything known today.

    What shows that a customer is there is what the rule looks at: a purchase, an interaction of
    the active kinds, a spell's day before the day of its end; under a given label any event.  A
    customer starts in the first month that shows it.

    Raises: ContractError C-202 when `data_end` is no midnight; NotReadyError C-206 without the
    table that the rule reads.
    """
    until = month_number(day_number(data_end, store.zone))

    def compute(buckets: Sequence[int]) -> pa.Table:
        events = read_events(con, store, buckets).as_known_today
        return _triangle(events, rule, until).to_pyarrow()

    passes = plan_passes(con, store, rows_per_pass, READS[rule.kind])
    made = pa.concat_tables(run_passes(passes, compute, None))
    return _filled(made, until)


def _triangle(events: Events, rule: LabelRule, until: int) -> Table:
    """(start, since, active, revenue) of the customers in these events."""
    there = _active_months(events, rule, until)
    first = there.group_by(c.CUSTOMER_ID).aggregate(there[_MONTH].min().name(_START))
    each = there.mutate(ibis.literal(1, "int64").name("active"), _nothing().name("net"))
    if events.transactions is not None:
        each = each.union(_revenue(events.transactions, until))
    rows = each.join(first, c.CUSTOMER_ID)
    rows = rows.filter(rows[_MONTH] >= rows[_START])
    rows = rows.mutate((rows[_MONTH] - rows[_START]).name(_SINCE))
    return rows.group_by(_START, _SINCE).aggregate(
        active=rows["active"].sum(), revenue=settled(rows["net"].sum())
    )


def _active_months(events: Events, rule: LabelRule, until: int) -> Table:
    """(customer, month) in which the customer was there, of the months before `until`."""
    if rule.kind == "cancellation":
        months = _spell_months(events.subscriptions, until)
    elif rule.kind == "given":
        days = all_by_day(events)
        months = days.select(c.CUSTOMER_ID, month_of(days["day"]).name(_MONTH))
    else:
        days = decisive_days(events, rule)
        months = days.select(c.CUSTOMER_ID, month_of(days["day"]).name(_MONTH))
    return months.filter(months[_MONTH] < until).distinct()


def _spell_months(subscriptions: Table, until: int) -> Table:
    spells = spells_by_day(subscriptions)
    last = ibis.greatest(spells["ended_day"].fill_null(spells["day"]) - 1, spells["day"])
    open_ended = spells["ended_day"].isnull()
    over = open_ended.ifelse(ibis.literal(until, "int64"), month_of(last) + 1)
    begun = spells.select(c.CUSTOMER_ID, begun=month_of(spells["day"]), over=over)
    # a range that would run backwards
    begun = begun.filter((begun["begun"] < until) & (begun["begun"] < begun["over"]))
    months = ibis.range(begun["begun"], ibis.least(begun["over"], until)).unnest()
    return begun.select(c.CUSTOMER_ID, months.cast("int64").name(_MONTH))


def _revenue(transactions: Table, until: int) -> Table:
    days = payments_by_day(transactions)
    made = days.select(
        c.CUSTOMER_ID,
        month_of(days["day"]).name(_MONTH),
        ibis.literal(0, "int64").name("active"),
        days["net"].cast("float64").name("net"),
    )
    return made.filter(made[_MONTH] < until)


def _nothing() -> ibis.expr.types.FloatingScalar:
    return ibis.literal(0, "float64")


def _filled(made: pa.Table, until: int) -> Cohorts:
    """The rows of all passes as triangles: 0 where nothing was, NaN where nothing is known."""
    start = numbers(made, _START).astype(np.int64)
    since = numbers(made, _SINCE).astype(np.int64)
    first = int(start.min()) if len(start) else until
    months = until - first
    begun, later = np.meshgrid(np.arange(months), np.arange(months), indexing="ij")
    unseen = np.where(begun + later < months, 0.0, np.nan)
    active, revenue = unseen.copy(), unseen.copy()
    np.add.at(active, (start - first, since), numbers(made, "active"))
    np.add.at(revenue, (start - first, since), numbers(made, "revenue"))
    return Cohorts(
        np.arange(first, until).astype("datetime64[M]"), active, np.asarray(np.round(revenue, 6))
    )
