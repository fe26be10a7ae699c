"""Who is looked at under each rule of leaving, from what was known strictly before the cutoff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import ibis
from ibis.expr.types import Table

from cip import columns as c
from cip.contract.config import LabelRule
from cip.contract.tables import TableName
from cip.engine.events import (
    Events,
    all_by_day,
    by_day,
    known_on,
    spells_by_day,
    with_days,
)
from cip.engine.point_in_time import CUTOFF_DAY, KEYS, runs
from cip.engine.spans import edges, in_spans

PURCHASE: Final = LabelRule()

READS: Final[Mapping[str, TableName]] = {
    "purchase": "transactions",
    "inactivity": "interactions",
    "cancellation": "subscriptions",
    "given": "customers",
}
"""The one table that each kind of rule cannot do without."""


def eligible(
    events: Events, rule: LabelRule, cutoff_days: Sequence[int], active_days: int
) -> Table:
    """(customer, cutoff day) of everybody who is looked at under the rule.

    `purchase`: a purchase day in [cutoff - active_days, cutoff), known before the cutoff.
    `inactivity`: the same with an interaction of the active kinds.  `cancellation`: a spell that
    runs at the cutoff as known before it, see `runs`.  `given`: customers of the customers table
    with any event or spell before the cutoff, known before it.
    """
    if rule.kind == "given":
        listed = all_by_day(events).semi_join(events.customers, c.CUSTOMER_ID)
        seen = _before(listed.distinct(), cutoff_days)
    elif rule.kind == "cancellation":
        spells = _before(spells_by_day(events.subscriptions), cutoff_days)
        seen = spells.filter(runs(spells))
    else:
        spans = in_spans(_decisive(events, rule), edges(cutoff_days, [active_days]))
        days = _before(spans, cutoff_days)
        seen = days.filter(days["day"] >= days[CUTOFF_DAY] - active_days)
    return seen.select(*KEYS).distinct()


def decisive_days(events: Events, rule: LabelRule) -> Table:
    """(customer, day, known day) of what shows that a customer is still there.

    Only for the rules `purchase` and `inactivity`.
    """
    rows = _decisive(events, rule)
    return rows.select(*by_day(rows)).distinct()


def _decisive(events: Events, rule: LabelRule) -> Table:
    """Rows with days, of tables by day where they are at hand."""
    if rule.kind == "purchase":
        by_day = events.daily.get("payments")
        if by_day is not None:
            return by_day.filter(by_day["purchases"] > 0)
        paid: Table = events.transactions
        return with_days(paid.filter(paid[c.AMOUNT] > 0))
    done: Table = events.daily.get("kinds", events.interactions)
    return with_days(done.filter(done[c.KIND].isin(rule.active_kinds)))


def _before(daily: Table, cutoff_days: Sequence[int]) -> Table:
    """The daily rows that happened and were known before each of the cutoffs."""
    cutoffs = ibis.literal(list(cutoff_days), "array<int64>").unnest()
    spread = daily.mutate(cutoffs.name(CUTOFF_DAY))
    happened = spread["day"] < spread[CUTOFF_DAY]
    return spread.filter(happened & known_on(spread, spread[CUTOFF_DAY]))
