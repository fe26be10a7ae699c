"""What the customers table says about each customer, for people to read."""

from __future__ import annotations

from collections.abc import Sequence

import ibis

from cip import columns as c
from cip.engine.arrays import texts
from cip.engine.connect import read_files
from cip.ports import EventStore
from cip.types import ObjectArray


def customer_texts(
    con: ibis.BaseBackend, store: EventStore, names: Sequence[str]
) -> dict[str, ObjectArray]:
    """`customer_id` and those of `names` that are there, as text, sorted by id; None where empty.

    Without a customers table there is nothing: {}.
    """
    if not store.has("customers"):
        return {}
    rows = read_files(con, store.files("customers"))
    wanted = [c.CUSTOMER_ID, *(name for name in names if name in rows.columns)]
    made = rows.select(wanted).to_pyarrow().sort_by(c.CUSTOMER_ID)
    return {name: texts(made, name) for name in wanted}
