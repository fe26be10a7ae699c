"""What followed treatments: each treated customer's outcome, and sums per arm.

The first treatment of a customer counts.  Its window begins at the instant of the treatment,
[treated, treated + horizon), and what fell into it is everything known today; it ends when the
business's clocks show the same time again after so many days.  A treatment whose
window runs past the data's end has no outcome yet: it is left out and counted, never taken for
somebody who paid nothing or stayed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr.types import Table
from numpy.typing import NDArray

from cip import columns as c
from cip.contract.config import LabelRule
from cip.engine.arrays import numbers, texts
from cip.engine.eligibility import PURCHASE
from cip.engine.events import Events, read_events
from cip.engine.feature import count, settled
from cip.engine.labels import ends_by_event, with_churned
from cip.engine.passes import plan_passes, run_passes
from cip.engine.stored import newest, read_table
from cip.engine.zones import days_later
from cip.ports import EventStore
from cip.types import BoolArray, FloatArray, ObjectArray

TREATED_AT: Final = "treated_at"
_VALUE: Final = "value"
_ELIGIBLE: Final = "eligible"
_UNSEEN: Final = "unseen"


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Customers whose window lies inside the data, sorted by id; each (n,).

    `treated_at`: datetime64[us], UTC; `value`: amounts net of refunds in the window, 0 where there
    were none; `eligible`: who could leave, see `treatment_outcomes`; `churned`: 1 left, 0 stayed,
    NaN for who was not eligible.  `unseen`: how many more were treated, with a window that is not
    over.
    """

    customer_id: ObjectArray
    arm: ObjectArray
    treated_at: NDArray[np.datetime64]
    value: FloatArray
    eligible: BoolArray
    churned: FloatArray
    unseen: int

    def __len__(self) -> int:
        return len(self.customer_id)


@dataclass(frozen=True, slots=True)
class ArmSums:
    """All that a comparison of arms needs to know of one.

    `value`, `value_squared`: sums over its `customers`; `left`: how many of the `eligible` left.
    `unseen` more were treated, with a window that is not over: they are in no other figure.
    """

    arm: str
    customers: int
    value: float
    value_squared: float
    eligible: int
    left: int
    unseen: int


def treatment_outcomes(
    con: ibis.BaseBackend,
    store: EventStore,
    *,
    horizon_days: int,
    data_end: datetime,
    active_days: int,
    rows_per_pass: int,
    rule: LabelRule = PURCHASE,
) -> Outcomes:
    """What became of each treated customer.

    Eligible is, for `purchase` and `inactivity`, who did it in [treated - active_days, treated),
    known before; for `cancellation`, who had a spell that ran at the treatment; under a given
    label, of whom it says something.  An eligible customer left, for `purchase` and `inactivity`,
    without doing it in the window; for `cancellation`, when the last of the running spells to end
    did so in the window and no other began within `grace_days` of it and ran beyond it.

    Raises: NotReadyError C-206 without treatments.
    """
    question = _Question(rule, horizon_days, data_end, active_days, store.zone)

    def compute(buckets: Sequence[int]) -> pa.Table:
        return _outcomes(con, store, buckets, question).to_pyarrow()

    passes = plan_passes(con, store, rows_per_pass, "treatments")
    made = pa.concat_tables(run_passes(passes, compute, None)).sort_by(c.CUSTOMER_ID)
    unseen = numbers(made, _UNSEEN) == 1
    seen = made.filter(pa.array(~unseen))
    eligible = numbers(seen, _ELIGIBLE) == 1
    return Outcomes(
        customer_id=texts(seen, c.CUSTOMER_ID),
        arm=texts(seen, c.ARM),
        treated_at=seen[TREATED_AT].cast(pa.timestamp("us")).to_numpy(),
        value=numbers(seen, _VALUE),
        eligible=np.asarray(eligible),
        churned=np.where(eligible, numbers(seen, c.CHURNED), np.nan),
        unseen=int(unseen.sum()),
    )


def arm_sums(
    con: ibis.BaseBackend,
    store: EventStore,
    *,
    horizon_days: int,
    data_end: datetime,
    active_days: int,
    rows_per_pass: int,
    rule: LabelRule = PURCHASE,
) -> tuple[ArmSums, ...]:
    """The same added up by arm, in order of their names.

    Raises: as `treatment_outcomes`.
    """
    question = _Question(rule, horizon_days, data_end, active_days, store.zone)

    def compute(buckets: Sequence[int]) -> pa.Table:
        return _by_arm(_outcomes(con, store, buckets, question)).to_pyarrow()

    passes = plan_passes(con, store, rows_per_pass, "treatments")
    made = pa.concat_tables(run_passes(passes, compute, None))
    figures = [name for name in made.column_names if name != c.ARM]
    added = made.group_by(c.ARM).aggregate([(name, "sum") for name in figures])
    rows = added.rename_columns([c.ARM, *figures]).sort_by(c.ARM).to_pylist()
    return tuple(
        ArmSums(
            arm=row[c.ARM],
            customers=int(row["customers"]),
            value=round(row["value"], 6),
            value_squared=round(row["value_squared"], 6),
            eligible=int(row["eligible"]),
            left=int(row["left"]),
            unseen=int(row["unseen"]),
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class _Question:
    rule: LabelRule
    horizon_days: int
    data_end: datetime
    active_days: int
    zone: str


def _by_arm(rows: Table) -> Table:
    seen = rows[_UNSEEN] == 0
    value = seen.ifelse(rows[_VALUE], ibis.literal(0, "float64"))
    left = (rows[_ELIGIBLE] == 1) & (rows[c.CHURNED] == 1)
    return rows.group_by(c.ARM).aggregate(
        customers=count(seen),
        value=settled(value.sum()),
        value_squared=settled((value * value).sum()),
        eligible=count(seen & (rows[_ELIGIBLE] == 1)),
        left=count(seen & left),
        unseen=count(~seen),
    )


def _outcomes(
    con: ibis.BaseBackend, store: EventStore, buckets: Sequence[int], question: _Question
) -> Table:
    """(customer, arm, treated at, unseen, value, eligible, churned), a row a treated customer."""
    treated = _first(read_table(con, store, "treatments", buckets), question)
    events = read_events(con, store, buckets).as_known_today
    rows = _with(treated, _value(treated, events.transactions), _VALUE)
    return _with_leaving(rows, treated, events, question)


def _first(treatments: Table, question: _Question) -> Table:
    rows = newest(treatments)
    order = [rows[c.OCCURRED_AT], rows[c.ARM]]
    place = ibis.row_number().over(group_by=c.CUSTOMER_ID, order_by=order)
    ranked = rows.mutate(place=place)
    first = ranked.filter(ranked["place"] == 0)
    over = days_later(first[c.OCCURRED_AT], question.horizon_days, question.zone)
    unseen = over > ibis.literal(question.data_end.astimezone(UTC))
    return first.select(
        c.CUSTOMER_ID,
        c.ARM,
        first[c.OCCURRED_AT].name(TREATED_AT),
        over.name("over"),
        unseen.ifelse(1, 0).name(_UNSEEN),
    )


def _value(treated: Table, transactions: Table | None) -> Table | None:
    if transactions is None:
        return None
    after = _in_window(transactions, treated)
    return after.group_by(c.CUSTOMER_ID).aggregate(settled(after[c.AMOUNT].sum()).name(_VALUE))


def _with(rows: Table, added: Table | None, name: str) -> Table:
    """`rows` with the column `name` of `added`; 0 for customers who have none."""
    if added is None:
        return rows.mutate(ibis.literal(0, "float64").name(name))
    joined = rows.left_join(added.select(c.CUSTOMER_ID, name), c.CUSTOMER_ID)
    return joined.select(*rows.columns, joined[name].fill_null(0).cast("float64").name(name))


def _in_window(events: Table, treated: Table) -> Table:
    """Events of each treated customer in [treated, treated + horizon)."""
    rows = events.join(treated, c.CUSTOMER_ID)
    inside = (rows[c.OCCURRED_AT] >= rows[TREATED_AT]) & (rows[c.OCCURRED_AT] < rows["over"])
    return rows.filter(inside)


def _with_leaving(rows: Table, treated: Table, events: Events, question: _Question) -> Table:
    """`rows` with `eligible` and `churned`, 1 or 0."""
    rule = question.rule
    if rule.kind == "given":
        told = with_churned(treated, events, rule, question.horizon_days)
        return _with(_marked(rows, told, _ELIGIBLE), told, c.CHURNED)
    if ends_by_event(rule):
        spells = _running(events.subscriptions, treated)
        gone = _cancelled(spells, events.subscriptions, rule.grace_days, question.zone)
        return _marked(_marked(rows, spells, _ELIGIBLE), gone, c.CHURNED)
    signs = _signs(events, rule)
    rows = _marked(rows, _lately(signs, treated, question), _ELIGIBLE)
    rows = _marked(rows, _in_window(signs, treated), c.CHURNED)
    return rows.mutate((1 - rows[c.CHURNED]).name(c.CHURNED))


def _marked(rows: Table, some: Table, name: str) -> Table:
    """`rows` with 1 for the customers of `some`, and 0 for the others."""
    customers = some.select(c.CUSTOMER_ID).distinct()
    return _with(rows, customers.mutate(ibis.literal(1, "float64").name(name)), name)


def _signs(events: Events, rule: LabelRule) -> Table:
    """(customer, occurred at, known at) of what shows that a customer is still there."""
    if rule.kind == "purchase":
        rows = _purchases(events.transactions)
    else:
        rows = _of_kinds(events.interactions, rule.active_kinds)
    return rows.select(c.CUSTOMER_ID, c.OCCURRED_AT, c.KNOWN_AT)


def _purchases(transactions: Table) -> Table:
    return transactions.filter(transactions[c.AMOUNT] > 0)


def _of_kinds(interactions: Table, kinds: Sequence[str]) -> Table:
    return interactions.filter(interactions[c.KIND].isin(kinds))


def _lately(signs: Table, treated: Table, question: _Question) -> Table:
    rows = signs.join(treated, c.CUSTOMER_ID)
    since = days_later(rows[TREATED_AT], -question.active_days, question.zone)
    known = (rows[c.OCCURRED_AT] < rows[TREATED_AT]) & (rows[c.KNOWN_AT] < rows[TREATED_AT])
    return rows.filter(known & (rows[c.OCCURRED_AT] >= since))


def _spells(subscriptions: Table) -> Table:
    never = ibis.null(subscriptions[c.STARTED_AT].type())
    ended = subscriptions[c.ENDED_AT] if c.ENDED_AT in subscriptions.columns else never
    return subscriptions.select(c.CUSTOMER_ID, c.STARTED_AT, ended.name(c.ENDED_AT))


def _running(subscriptions: Table, treated: Table) -> Table:
    """The spells that ran at each treatment."""
    rows = _spells(subscriptions).join(treated, c.CUSTOMER_ID)
    begun = rows[c.STARTED_AT] < rows[TREATED_AT]
    return rows.filter(begun & (rows[c.ENDED_AT].isnull() | (rows[c.ENDED_AT] >= rows[TREATED_AT])))


def _cancelled(running: Table, subscriptions: Table, grace_days: int, zone: str) -> Table:
    """Customers whose running spells all ended in the window, and none began soon after."""
    ends = running.group_by(c.CUSTOMER_ID, "over").aggregate(
        open_ended=count(running[c.ENDED_AT].isnull()), end=running[c.ENDED_AT].max()
    )
    ended = ends.filter((ends["open_ended"] == 0) & (ends["end"] < ends["over"]))
    others = _spells(subscriptions).join(ended, c.CUSTOMER_ID)
    within = others[c.STARTED_AT] <= days_later(others["end"], grace_days, zone)
    beyond = others[c.ENDED_AT].isnull() | (others[c.ENDED_AT] > others["end"])
    return ended.anti_join(others.filter(within & beyond), c.CUSTOMER_ID)
