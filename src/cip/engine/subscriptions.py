"""Whose spell runs at a cutoff, at what price, and for how long it has run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import ibis
import numpy as np
import pyarrow as pa

from cip import columns as c
from cip.contract.config import LabelRule
from cip.engine.arrays import numbers, texts
from cip.engine.days import day_number
from cip.engine.eligibility import eligible
from cip.engine.events import read_events, spells_by_day
from cip.engine.passes import plan_passes, run_passes
from cip.engine.point_in_time import KEYS, known_before, runs
from cip.ports import EventStore
from cip.types import FloatArray, ObjectArray


@dataclass(frozen=True, slots=True)
class RunningSpells:
    """Customers with a spell that runs at the cutoff, sorted by id; each (n,).

    Of several running spells the one that began last speaks.  `price`: of a month, NaN where it
    is not known; `age_days`: days from the spell's first day to the cutoff, at least 1.
    """

    customer_id: ObjectArray
    price: FloatArray
    age_days: FloatArray

    def __len__(self) -> int:
        return len(self.customer_id)


def running_spells(
    con: ibis.BaseBackend, store: EventStore, cutoff: datetime, *, rows_per_pass: int
) -> RunningSpells:
    """Every spell that began before the cutoff and runs at it, as known before; see `runs`.

    Raises: ContractError C-202 for a cutoff that is no midnight; NotReadyError C-206 without
    subscriptions.
    """
    rule, cutoff_days = LabelRule(kind="cancellation"), [day_number(cutoff, store.zone)]

    def compute(buckets: Sequence[int]) -> pa.Table:
        events = read_events(con, store, buckets)
        pairs = eligible(events, rule, cutoff_days, 0)
        spells = known_before(spells_by_day(events.subscriptions), pairs)
        running = spells.filter(runs(spells))
        made = {"age_days": running["age"].min()}
        if c.PRICE in running.columns:
            said = running[c.PRICE].notnull()
            made[c.PRICE] = running[c.PRICE].argmax(running[c.STARTED_AT], where=said)
        return running.group_by(KEYS).aggregate(**made).to_pyarrow()

    passes = plan_passes(con, store, rows_per_pass, "subscriptions")
    made = pa.concat_tables(run_passes(passes, compute, None)).sort_by(c.CUSTOMER_ID)
    priced = c.PRICE in made.column_names
    return RunningSpells(
        customer_id=texts(made, c.CUSTOMER_ID),
        price=numbers(made, c.PRICE) if priced else np.full(made.num_rows, np.nan),
        age_days=numbers(made, "age_days"),
    )
