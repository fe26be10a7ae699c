"""What happened after a cutoff, from everything that is known today."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import ibis
from ibis.expr.types import IntegerValue, Table

from cip import columns as c
from cip.contract.config import LabelRule
from cip.engine.eligibility import decisive_days
from cip.engine.events import Events, spells_by_day
from cip.engine.feature import settled
from cip.engine.point_in_time import CUTOFF_DAY, KEYS, known_before, runs
from cip.engine.stored import SUPERSEDED_DAY, newest
from cip.engine.typed import as_text
from cip.errors import ContractError
from cip.wording import last_day

WAIT: Final = "wait"


def check_horizon(cutoffs: Sequence[datetime], horizon_days: int, data_end: datetime) -> None:
    """Raises ContractError C-205 when the horizon of a cutoff runs past the data's end.

    A customer who bought nothing in days that nobody has seen yet has not churned.
    """
    for cutoff in cutoffs:
        if cutoff + timedelta(days=horizon_days) > data_end:
            raise ContractError(
                "C-205",
                f"the horizon of {horizon_days} days after {last_day(cutoff)} runs past the data's "
                f"last day, {last_day(data_end)}.",
                "choose an earlier cutoff or a shorter horizon",
            )


def with_churned(rows: Table, events: Events, rule: LabelRule, horizon_days: int) -> Table:
    """`rows` (customer, cutoff day, ...) with `churned`, 1 or 0.

    `purchase`: no purchase in [cutoff, cutoff + horizon); `inactivity`: no interaction of the
    active kinds there; `cancellation`: see `cancellations`; `given`: the attribute is one of
    `rule.left`, capitals do not matter, and rows of customers without the attribute are left out.
    When something was known does not matter.
    """
    if rule.kind == "given":
        return _with_given(rows, events.customers, rule)
    waits = first_waits(rows.select(*KEYS), events, rule, horizon_days)
    joined = rows.left_join(waits, KEYS)
    left = joined[WAIT].notnull() if ends_by_event(rule) else joined[WAIT].isnull()
    return joined.select(*rows.columns, left.ifelse(1, 0).name(c.CHURNED))


def with_future_value(rows: Table, payments: Table | None, horizon_days: int) -> Table:
    """`rows` with `future_value`: the sum of all amounts in [cutoff, cutoff + horizon).

    `payments` are the daily ones as known today.

    Refunds are included; 0 if there are no amounts, or no transactions at all.
    """
    if payments is None:
        return rows.mutate(ibis.literal(0.0, "float64").name(c.FUTURE_VALUE))
    after = future(payments, rows.select(*KEYS), horizon_days)
    seen = after.group_by(KEYS).aggregate(net=settled(after["net"].sum()))
    joined = rows.left_join(seen, KEYS)
    return joined.select(
        *rows.columns,
        joined["net"].fill_null(0).cast("float64").name(c.FUTURE_VALUE),
    )


def ends_by_event(rule: LabelRule) -> bool:
    """Whether the rule waits for an event that says goodbye, and not for one that shows life."""
    return rule.kind == "cancellation"


def first_waits(pairs: Table, events: Events, rule: LabelRule, horizon_days: int) -> Table:
    """(customer, cutoff day, `wait`): days from the cutoff to the first event that decides.

    Only pairs with such an event in [cutoff, cutoff + horizon) have a row.
    """
    if ends_by_event(rule):
        return cancellations(pairs, events.subscriptions, horizon_days, rule.grace_days)
    after = future(decisive_days(events.as_known_today, rule), pairs, horizon_days)
    return after.group_by(KEYS).aggregate(_days_after(after).min().name(WAIT))


def cancellations(pairs: Table, subscriptions: Table, horizon_days: int, grace_days: int) -> Table:
    """(customer, cutoff day, `wait`) of pairs whose spell ends in [cutoff, cutoff + horizon).

    It is the spell that runs at the cutoff as known before it (of several, the last to end); when
    it ends is what is known today, and an end before the cutoff that nobody knew yet counts as one
    at the cutoff.  The customer stays who has another spell that begins no later than `grace_days`
    calendar days after the end's day and runs beyond that day.  A grace that runs past the data's
    end is judged by what is known: nobody has come back in days that nobody has seen.
    """
    spells = spells_by_day(subscriptions)
    known = known_before(spells, pairs)
    running = known.filter(runs(known))
    today = spells_by_day(newest(subscriptions))
    if SUPERSEDED_DAY in spells.columns:
        running = _as_known_today(running, today)
    ends = running.group_by(KEYS).aggregate(
        open_ended=running["ended_day"].isnull().ifelse(1, 0).sum(),
        day=running["ended_day"].max(),
    )
    inside = _days_after(ends) < horizon_days
    ended = ends.filter((ends["open_ended"] == 0) & inside)
    back = ended.join(
        today,
        [
            ended[c.CUSTOMER_ID] == today[c.CUSTOMER_ID],
            today["day"] <= ended["day"] + grace_days,
            today["ended_day"].isnull() | (today["ended_day"] > ended["day"]),
        ],
        rname="back_{name}",
    )
    left = ended.anti_join(back.select(*KEYS).distinct(), KEYS)
    return left.select(*KEYS, _days_after(left).name(WAIT))


def _as_known_today(running: Table, today: Table) -> Table:
    """The running spells with the end that is known today, never before the cutoff."""
    ends = today.select(c.CUSTOMER_ID, c.STARTED_AT, end="ended_day")
    met = running.join(ends, [c.CUSTOMER_ID, c.STARTED_AT])
    end = ibis.greatest(met["end"], met[CUTOFF_DAY])
    return met.select(*KEYS, ended_day=met["end"].isnull().ifelse(ibis.null("int64"), end))


def future(daily: Table, pairs: Table, horizon_days: int) -> Table:
    """Daily rows of each pair's customer in [cutoff, cutoff + horizon)."""
    return daily.join(
        pairs,
        [
            daily[c.CUSTOMER_ID] == pairs[c.CUSTOMER_ID],
            daily["day"] >= pairs[CUTOFF_DAY],
            daily["day"] < pairs[CUTOFF_DAY] + horizon_days,
        ],
    ).drop(f"{c.CUSTOMER_ID}_right")


def _days_after(rows: Table) -> IntegerValue:
    return rows["day"] - rows[CUTOFF_DAY]


def _with_given(rows: Table, customers: Table, rule: LabelRule) -> Table:
    said = customers.select(c.CUSTOMER_ID, said=as_text(customers[rule.column]).lower())
    known = said["said"].notnull()
    if rule.stayed:
        known = said["said"].isin([value.lower() for value in (*rule.left, *rule.stayed)])
    told = rows.join(said.filter(known), c.CUSTOMER_ID)
    left = told["said"].isin([value.lower() for value in rule.left])
    return told.select(*rows.columns, left.ifelse(1, 0).name(c.CHURNED))
