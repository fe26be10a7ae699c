"""Attributes of customers that differ between two loads, though they are called static."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import numpy as np
from ibis.expr.types import BooleanValue, Table

from cip import columns as c
from cip.engine.arrays import numbers, texts
from cip.engine.connect import read_files
from cip.types import BoolArray, ObjectArray


@dataclass(frozen=True, slots=True)
class Changes:
    """Customers of both loads, (n,) by id, and for each attribute whether its value differs."""

    customer_id: ObjectArray
    changed: Mapping[str, BoolArray]

    def of(self, customer_id: ObjectArray) -> dict[str, BoolArray]:
        """(m,) for these customers; one who is not in both loads has changed nothing."""
        if not len(self.customer_id):
            return {name: np.zeros(len(customer_id), dtype=np.bool_) for name in self.changed}
        place = np.searchsorted(self.customer_id, customer_id)
        place = np.minimum(place, len(self.customer_id) - 1)
        known = self.customer_id[place] == customer_id
        return {name: known & values[place] for name, values in self.changed.items()}


def changed_attributes(
    con: ibis.BaseBackend, old_files: Sequence[str], new_files: Sequence[str], names: Sequence[str]
) -> Changes:
    """Those of `names` that both loads have; a value that comes or goes has changed, too.

    `old_files` and `new_files` are the customers table at two versions of the lake.
    """
    old, new = read_files(con, old_files), read_files(con, new_files)
    both = [name for name in names if name in old.columns and name in new.columns]
    kept = old.select(c.CUSTOMER_ID, **{f"before_{name}": old[name] for name in both})
    rows = new.select(c.CUSTOMER_ID, *both).inner_join(kept, c.CUSTOMER_ID)
    made = (
        rows.select(c.CUSTOMER_ID, **{name: _differs(rows, name).ifelse(1, 0) for name in both})
        .to_pyarrow()
        .sort_by(c.CUSTOMER_ID)
    )
    changed = {name: np.asarray(numbers(made, name) == 1, dtype=np.bool_) for name in both}
    return Changes(texts(made, c.CUSTOMER_ID), changed)


def _differs(rows: Table, name: str) -> BooleanValue:
    """A mapping may have made a number of a text since: then they are compared as text."""
    now, before = rows[name], rows[f"before_{name}"]
    if now.type() != before.type():
        now, before = now.cast("string"), before.cast("string")
    return ~now.identical_to(before)
