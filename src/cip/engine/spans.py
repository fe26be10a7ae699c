"""Days put together where no cutoff can tell them apart, so that little is spread over cutoffs.

A window of `w` days before a cutoff begins at the day `cutoff - w` and ends before the cutoff.
Between two such edges all days are alike to every window of every cutoff, so the rows of a span
may be added up before they meet the cutoffs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import product

import ibis
from ibis.expr.types import IntegerValue, Table, Value

from cip import columns as c
from cip.engine.events import by_day


def edges(cutoff_days: Sequence[int], windows: Iterable[int]) -> tuple[int, ...]:
    """The days on which a span begins, in rising order: cutoffs, and beginnings of windows."""
    days = product(cutoff_days, {0, *windows})
    return tuple(sorted({cutoff - window for cutoff, window in days}))


def last_of_span(day: IntegerValue, edges: Sequence[int]) -> IntegerValue:
    """The last day of the span in which a day lies; the last edge for days from there on."""
    spans = [(day < edge, ibis.literal(edge - 1, "int64")) for edge in edges]
    return ibis.cases(*spans, else_=ibis.literal(edges[-1], "int64"))


def in_spans(
    daily: Table, edges: Sequence[int], *keys: str, **values: Callable[[Table], Value]
) -> Table:
    """Daily rows added up by span: `values` are sums, or the least or greatest of something.

    The days of a row are the last ones of its spans: on either side of every edge they lie where
    the days lay that went into it.  Rows that no cutoff knows are left out.
    """
    known = daily.filter(daily["day"] < edges[-1], daily["known_day"] < edges[-1])
    days = {name: last_of_span(known[name], edges) for name in by_day(known)[1:]}
    if not values:
        return known.select(c.CUSTOMER_ID, *keys, **days).distinct()
    return known.group_by(c.CUSTOMER_ID, *keys, **days).aggregate(**values)


def last_meetings(met: Table) -> Table:
    """Daily rows of things met, with `until_day`: the last cutoff at which it is the last meeting.

    A later meeting counts from the day after it became known; null if there is none.  At a cutoff
    a customer has met as many things as there are rows known before it with no `until_day`, or one
    that is not before it.
    """
    known = ibis.greatest(met["day"], met["known_day"])
    later = ibis.window(
        group_by=[met[c.CUSTOMER_ID], met["thing"]], order_by=met["day"], following=(1, None)
    )
    return met.mutate(until_day=known.min().over(later))
