"""Any table added up by day, for features that people define."""

from __future__ import annotations

from collections.abc import Sequence

from ibis.expr.types import Table

from cip import columns as c
from cip.engine.declared import kinds_or_acts
from cip.engine.events import Events, by_day, with_days
from cip.engine.feature import DailyRows, Shares, count, settled, within


def rows_by_day(events: Events, daily: DailyRows) -> Table:
    """A row a (customer, day, known day), kind and thing; see `DailyRows`.

    Rows whose thing is null are left out.  Table and columns must be there.
    """
    rows = _rows(events, daily)
    if daily.thing is not None:
        rows = rows.filter(rows[daily.thing].notnull()).mutate(thing=rows[daily.thing])
    time = c.STARTED_AT if daily.table == "subscriptions" else c.OCCURRED_AT
    rows = with_days(rows, time)
    said = [name for name in (c.KIND, "thing") if name in rows.columns]
    made = {"rows": rows.count()}
    if daily.number is not None:
        number = rows[daily.number]
        made |= {
            "total": settled(number.sum().fill_null(0)),
            "valued": count(number.notnull()),
            "highest": number.max(),
            "lowest": number.min(),
        }
    return rows.group_by(*by_day(rows), *said).aggregate(**made)


def shares(known: Table, wanted: Shares, keys: Sequence[str]) -> Table:
    """A row a thing met in the window, of daily rows known before each cutoff."""
    inside = known.filter(within(known, wanted.days) & kinds_or_acts(known, wanted.kinds))
    return inside.group_by(*keys, "thing").aggregate(rows=inside["rows"].sum())


def _rows(events: Events, daily: DailyRows) -> Table:
    rows: Table = getattr(events, daily.table)
    if daily.thing != c.CATEGORY or events.items is None:
        return rows
    return rows.join(events.items.select(c.ITEM_ID, c.CATEGORY), c.ITEM_ID)
