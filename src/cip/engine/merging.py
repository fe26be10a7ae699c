"""Customers and items of a delivery, merged by key with those that are there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_

import ibis
from ibis.expr.types import Table

from cip import columns as c
from cip.engine.connect import together
from cip.engine.rows import NOT_CONTENT, Arrival


def merged(rows: Table, there: Table | None) -> Table:
    """The delivered rows, and those that are there and were not delivered, in the same columns.

    A delivered row counts as it is, empty cells too; nobody is dropped for not being delivered.  A
    column that the delivery has and the others lack is empty for them.
    """
    if there is None:
        return rows
    others = there.anti_join(rows, c.ROW_KEY)
    kinds = rows.schema()
    known = [name for name in rows.columns if name in others.columns]
    kept = others.select(
        **{
            name: others[name]
            if others[name].type() == kinds[name]
            else others[name].try_cast(kinds[name])
            for name in known
        }
    )
    return together([rows, kept]).select(*rows.columns)


def arrival_of(rows: Table, there: Table | None) -> Arrival:
    """How many of the delivered rows are new, there already, or there with other content."""
    total = rows.count().to_pyarrow().as_py()
    if there is None:
        return Arrival(total, 0, 0)
    content = [name for name in rows.columns if name in there.columns and name not in NOT_CONTENT]
    met = rows.join(there, c.ROW_KEY, rname="there_{name}")
    pairs = ((met[name], met[f"there_{name}"]) for name in content)
    equal = [one.cast("string").identical_to(other.cast("string")) for one, other in pairs]
    said = met.aggregate(
        met=met.count(),
        same=reduce(and_, equal, met[c.ROW_KEY].notnull()).ifelse(1, 0).sum().fill_null(0),
    )
    found = said.to_pyarrow().to_pylist()[0]
    return Arrival(total - found["met"], found["same"], found["met"] - found["same"])


def one_of_each(parts: Sequence[Table]) -> Table:
    """The rows of all parts; of those that share key and `known_at` the one of the last part."""
    numbers = enumerate(parts)
    rows = together([part.mutate(_part=ibis.literal(place)) for place, part in numbers])
    within = [name for name in (c.ROW_KEY, c.KNOWN_AT) if name in rows.columns]
    last = ibis.row_number().over(group_by=within, order_by=rows["_part"].desc())
    told = rows.mutate(_last=last)
    return told.filter(told["_last"] == 0).drop("_part", "_last")


def filled(rows: Table, ids: Sequence[str], customer_id: str, bucket: int) -> Table:
    """One row of the rows of these ids: each column's first value in the order of `ids`.

    It belongs to `customer_id`; there is no row when none of the ids has one.
    """
    some = rows.filter(rows[c.CUSTOMER_ID].isin(list(ids)))
    places = [(each, place) for place, each in enumerate(ids)]
    some = some.mutate(_place=some[c.CUSTOMER_ID].cases(*places, else_=len(places)))
    own = {
        c.CUSTOMER_ID: ibis.literal(customer_id),
        c.ROW_KEY: ibis.literal(customer_id),
        c.BUCKET: ibis.literal(bucket, "int32"),
    }
    firsts = {
        name: some[name].argmin(some["_place"], where=some[name].notnull())
        for name in rows.columns
        if name not in own
    }
    one = some.aggregate(_rows=some.count(), **firsts)
    return one.filter(one["_rows"] > 0).mutate(**own).select(*rows.columns)
