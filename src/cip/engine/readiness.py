"""What each use case could learn from, counted before anything is trained.

Who is eligible and who leaves is what `eligibility` and `labels` say, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import ibis
import pyarrow as pa

from cip import columns as c
from cip.contract.config import LabelRule
from cip.engine.days import day_number
from cip.engine.eligibility import READS, eligible
from cip.engine.events import read_events
from cip.engine.labels import check_horizon, with_churned
from cip.engine.passes import plan_passes, run_passes
from cip.engine.stored import newest, read_table
from cip.ports import EventStore

CONTROL_ARMS: Final = ("control", "holdout", "none", "no offer", "no_offer", "no e-mail", "placebo")
"""Names of an arm to which nothing was offered; capitals do not matter."""


@dataclass(frozen=True, slots=True)
class Leavers:
    """Of the eligible customers of one cutoff, how many left in the horizon."""

    customers: int
    left: int


def leavers(
    con: ibis.BaseBackend,
    store: EventStore,
    cutoff: datetime,
    *,
    rule: LabelRule,
    horizon_days: int,
    active_days: int,
    data_end: datetime,
    rows_per_pass: int,
) -> Leavers:
    """Counted as a run would label them.

    Raises: ContractError C-205 when the horizon runs past `data_end`; NotReadyError C-206 without
    the table that the rule reads.
    """
    check_horizon([cutoff], horizon_days, data_end)
    day = day_number(cutoff, store.zone)

    def compute(buckets: Sequence[int]) -> pa.Table:
        events = read_events(con, store, buckets)
        pairs = eligible(events, rule, [day], active_days)
        rows = with_churned(pairs, events, rule, horizon_days)
        return rows.aggregate(
            customers=rows.count(), left=rows[c.CHURNED].sum().fill_null(0)
        ).to_pyarrow()

    passes = plan_passes(con, store, rows_per_pass, READS[rule.kind])
    counted = pa.concat_tables(run_passes(passes, compute, None)).to_pydict()
    return Leavers(sum(counted["customers"]), sum(counted["left"]))


@dataclass(frozen=True, slots=True)
class Met:
    """Interactions of the kinds that lists are made of, each with an item."""

    interactions: int
    customers: int
    returning: int
    items: int


def met_items(con: ibis.BaseBackend, store: EventStore, kinds: Sequence[str]) -> Met:
    """`returning` customers met at least two items; without an item column nothing is counted."""
    rows = newest(read_table(con, store, "interactions"))
    if c.ITEM_ID not in rows.columns:
        return Met(0, 0, 0, 0)
    told = rows.filter(rows[c.KIND].isin(list(kinds)) & rows[c.ITEM_ID].notnull())
    each = told.group_by(c.CUSTOMER_ID).aggregate(n=told.count(), items=told[c.ITEM_ID].nunique())
    sums = each.aggregate(
        interactions=each["n"].sum().fill_null(0),
        customers=each.count(),
        returning=(each["items"] > 1).ifelse(1, 0).sum().fill_null(0),
    )
    found = sums.to_pyarrow().to_pylist()[0]
    items = told.aggregate(n=told[c.ITEM_ID].nunique()).to_pyarrow().to_pylist()[0]["n"]
    return Met(**found, items=items)


@dataclass(frozen=True, slots=True)
class Arms:
    """Customers of each arm of the treatments, the largest first; which one is the control.

    `followed`: treated customers of whom anything is known after their first treatment.
    """

    customers: dict[str, int]
    control: str | None
    followed: int


def arms(con: ibis.BaseBackend, store: EventStore) -> Arms:
    """Who was offered what, and whether outcomes can be measured."""
    rows = newest(read_table(con, store, "treatments"))
    counted = rows.group_by(c.ARM).aggregate(n=rows[c.CUSTOMER_ID].nunique()).to_pyarrow()
    sizes = sorted(counted.to_pylist(), key=lambda row: (-row["n"], row[c.ARM]))
    customers = {row[c.ARM]: row["n"] for row in sizes}
    control = next((arm for arm in customers if arm.strip().lower() in CONTROL_ARMS), None)
    return Arms(customers, control, _followed(con, store, rows))


def _followed(con: ibis.BaseBackend, store: EventStore, rows: ibis.Table) -> int:
    first = rows.group_by(c.CUSTOMER_ID).aggregate(first=rows[c.OCCURRED_AT].min())
    ends = {
        "transactions": c.OCCURRED_AT,
        "interactions": c.OCCURRED_AT,
        "subscriptions": c.ENDED_AT,
    }
    seen = [
        _after(newest(read_table(con, store, table)), first, end)
        for table, end in ends.items()
        if store.has(table)
    ]
    return max(seen, default=0)


def _after(events: ibis.Table, first: ibis.Table, end: str) -> int:
    """Treated customers with an event, or a subscription that runs on, after the treatment."""
    met = events.join(first, c.CUSTOMER_ID)
    if end in met.columns:
        met = met.filter(met[end].isnull() | (met[end] >= met["first"]))
    told = met.aggregate(n=met[c.CUSTOMER_ID].nunique()).to_pyarrow().to_pylist()
    return int(told[0]["n"])
