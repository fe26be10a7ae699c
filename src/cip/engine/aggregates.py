"""Sums a customer: recency, frequency and value for everybody who ever bought, and totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr.types import Table

from cip import columns as c
from cip.contract.config import LabelRule
from cip.engine.arrays import numbers, texts
from cip.engine.daily import payments_by_day
from cip.engine.days import day_number
from cip.engine.eligibility import PURCHASE, READS, eligible
from cip.engine.events import read_events
from cip.engine.feature import settled, total
from cip.engine.labels import (
    WAIT,
    check_horizon,
    ends_by_event,
    first_waits,
    with_churned,
    with_future_value,
)
from cip.engine.passes import OnPass, plan_passes, run_passes
from cip.engine.point_in_time import CUTOFF_DAY, KEYS, known_before
from cip.engine.stored import newest, read_table
from cip.errors import NotReadyError
from cip.ports import EventStore
from cip.types import FloatArray, ObjectArray


@dataclass(frozen=True, slots=True)
class RfmArrays:
    """Everybody with a purchase known before the cutoff, sorted by id; each (n,), float64.

    `frequency`: purchase days after the first; `recency_days`: first to last purchase day;
    `age_days`: first purchase day to the cutoff; `mean_value`: all amounts, net of refunds, over
    purchase days; `spend_before`: net amounts in [cutoff - window, cutoff); `future_value`: net
    amounts in [cutoff, cutoff + horizon), NaN where no horizon was asked for.
    """

    customer_id: ObjectArray
    frequency: FloatArray
    recency_days: FloatArray
    age_days: FloatArray
    mean_value: FloatArray
    spend_before: FloatArray
    future_value: FloatArray

    def __len__(self) -> int:
        return len(self.customer_id)


def rfm(
    con: ibis.BaseBackend,
    store: EventStore,
    cutoff: datetime,
    *,
    window_days: int,
    rows_per_pass: int,
    horizon: tuple[int, datetime] | None = None,
    on_pass: OnPass | None = None,
) -> RfmArrays:
    """What the value models read; see `RfmArrays`.

    `horizon` is (days, the data's end): with it `future_value` is everything known today.

    Raises: ContractError C-202 for a cutoff that is no midnight, C-205 when the horizon runs
    past the data's end; NotReadyError C-206 without transactions.
    """
    if horizon is not None:
        check_horizon([cutoff], *horizon)
    cutoff_day = day_number(cutoff, store.zone)

    def compute(buckets: Sequence[int]) -> pa.Table:
        transactions = read_table(con, store, "transactions", buckets)
        rows = _rfm(payments_by_day(transactions), cutoff_day, window_days)
        if horizon is not None:
            rows = with_future_value(rows, payments_by_day(newest(transactions)), horizon[0])
        return rows.to_pyarrow()

    passes = plan_passes(con, store, rows_per_pass, "transactions")
    made = pa.concat_tables(run_passes(passes, compute, on_pass)).sort_by(c.CUSTOMER_ID)
    return RfmArrays(
        customer_id=texts(made, c.CUSTOMER_ID),
        frequency=numbers(made, "frequency"),
        recency_days=numbers(made, "recency_days"),
        age_days=numbers(made, "age_days"),
        mean_value=numbers(made, "mean_value"),
        spend_before=numbers(made, "spend_before"),
        future_value=_future_value(made),
    )


def _future_value(made: pa.Table) -> FloatArray:
    asked = c.FUTURE_VALUE in made.column_names
    return numbers(made, c.FUTURE_VALUE) if asked else np.full(made.num_rows, np.nan)


def _rfm(payments: Table, cutoff_day: int, window_days: int) -> Table:
    customers = payments.select(c.CUSTOMER_ID).distinct()
    pairs = customers.mutate(ibis.literal(cutoff_day, "int64").name(CUTOFF_DAY))
    known = known_before(payments, pairs)
    days = known.group_by(*KEYS, "age").aggregate(
        purchases=known["purchases"].sum(), net=settled(known["net"].sum())
    )
    paid = days["purchases"] > 0
    sums = days.group_by(KEYS).aggregate(
        purchase_days=paid.ifelse(1, 0).sum(),
        first=days["age"].max(where=paid),
        last=days["age"].min(where=paid),
        net=settled(days["net"].sum()),
        spend_before=total(days["net"], days["age"] <= window_days),
    )
    bought = sums.filter(sums["purchase_days"] > 0)
    return bought.select(
        *KEYS,
        frequency=bought["purchase_days"] - 1,
        recency_days=bought["first"] - bought["last"],
        age_days=bought["first"],
        mean_value=bought["net"].cast("float64") / bought["purchase_days"].cast("float64"),
        spend_before=bought["spend_before"],
    )


@dataclass(frozen=True, slots=True)
class Totals:
    """What the transactions hold: rows, customers, and revenue net of refunds."""

    rows: int
    customers: int
    revenue: float


def totals(con: ibis.BaseBackend, store: EventStore) -> Totals:
    """The size of the business as loaded.  Raises: NotReadyError C-206 without transactions."""
    if not store.has("transactions"):
        raise NotReadyError("C-206", "no transactions were loaded.", "load data: `cip ingest`")
    rows = newest(read_table(con, store, "transactions"))
    made = rows.aggregate(
        rows=rows.count(),
        customers=rows[c.CUSTOMER_ID].nunique(),
        revenue=settled(rows[c.AMOUNT].sum()),
    )
    return Totals(**made.to_pyarrow().to_pylist()[0])


@dataclass(frozen=True, slots=True)
class ChurnRate:
    """Of the customers eligible under a rule at one cutoff, the share who left in the horizon.

    `horizon_days` is None for a given label, which has no date; then `customers` are those of whom
    it says something.
    """

    rule: LabelRule
    horizon_days: int | None
    customers: int
    rate: float


def sensitivity(
    con: ibis.BaseBackend,
    store: EventStore,
    cutoff: datetime,
    horizons: Sequence[int],
    *,
    active_days: int,
    data_end: datetime,
    rows_per_pass: int,
    rules: Sequence[LabelRule] = (PURCHASE,),
) -> tuple[ChurnRate, ...]:
    """How much the churn rate, and of how many, depends on the definition and on the horizon.

    Rule by rule in their order, horizons rising; those past `data_end` are left out.  `rate` is NaN
    when nobody is eligible.

    Raises: NotReadyError C-206 without a table that a rule reads.
    """
    lengths = sorted(days for days in horizons if cutoff + timedelta(days=days) <= data_end)
    asked = {
        "cutoff_day": day_number(cutoff, store.zone),
        "active_days": active_days,
        "rows_per_pass": rows_per_pass,
    }
    return tuple(rate for rule in rules for rate in _rates(con, store, rule, lengths, **asked))


def _rates(
    con: ibis.BaseBackend,
    store: EventStore,
    rule: LabelRule,
    lengths: Sequence[int],
    *,
    cutoff_day: int,
    active_days: int,
    rows_per_pass: int,
) -> tuple[ChurnRate, ...]:
    given = rule.kind == "given"
    if not lengths and not given:
        return ()

    def compute(buckets: Sequence[int]) -> pa.Table:
        events = read_events(con, store, buckets)
        pairs = eligible(events, rule, [cutoff_day], active_days)
        if given:
            return _counted(with_churned(pairs, events, rule, 0), {None: 1}, c.CHURNED)
        rows = pairs.left_join(first_waits(pairs, events, rule, lengths[-1]), KEYS)
        return _counted(rows, {days: days for days in lengths}, WAIT)

    passes = plan_passes(con, store, rows_per_pass, READS[rule.kind])
    made = pa.concat_tables(run_passes(passes, compute, None)).to_pydict()
    customers = sum(made["customers"])
    return tuple(
        ChurnRate(rule, days, customers, _rate(sum(made[f"within_{days}"]), customers, rule))
        for days in ([None] if given else lengths)
    )


def _counted(rows: Table, below: Mapping[int | None, int], column: str) -> pa.Table:
    """How many customers, and of how many the column lies below each of these."""
    counts = {
        f"within_{name}": (rows[column].notnull() & (rows[column] < bound)).ifelse(1, 0).sum()
        for name, bound in below.items()
    }
    filled = {name: value.fill_null(0) for name, value in counts.items()}
    return rows.aggregate(customers=rows.count(), **filled).to_pyarrow()


def _rate(decided: int, customers: int, rule: LabelRule) -> float:
    if not customers:
        return np.nan
    share = decided / customers
    return share if ends_by_event(rule) else 1 - share
