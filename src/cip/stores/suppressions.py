"""Customers who are never to be loaded, as digests: the list holds nobody's id."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import insert, select

from cip.stores import schema
from cip.stores.records import Records
from cip.types import Principal


def suppressed(records: Records) -> frozenset[str]:
    """Every digest on the list."""
    with records.reading() as connection:
        return frozenset(connection.scalars(select(schema.suppressed.c.digest)))


def add_suppressed(records: Records, actor: Principal, digests: Collection[str]) -> int:
    """How many of the digests are new on the list; the audit line says the number alone."""
    table = schema.suppressed
    with records.writing(actor) as to:
        there = set(to.connection.scalars(select(table.c.digest)))
        new = sorted(set(digests) - there)
        values = {"added_at": to.now, "added_by": actor.name}
        if new:
            to.connection.execute(insert(table), [{"digest": each, **values} for each in new])
        to.audit("suppress", "customers", {"asked": len(digests), "new": len(new)})
    return len(new)
