"""How long subscriptions last, as far as a cutoff can know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import ibis
import numpy as np

from cip import columns as c
from cip.engine.arrays import numbers
from cip.engine.days import day_number, day_of
from cip.engine.stored import in_force, read_table
from cip.ports import EventStore
from cip.types import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Durations:
    """Every spell that began before a cutoff; each (n,).

    `days`: from its beginning to its end, or to the cutoff while it runs (`observed` False).
    """

    days: FloatArray
    observed: BoolArray


def spell_durations(con: ibis.BaseBackend, store: EventStore, cutoff: datetime) -> Durations:
    """As known before the cutoff: an end at or after it is not known, so the spell runs."""
    rows = read_table(con, store, "subscriptions")
    midnight = ibis.literal(cutoff.astimezone(UTC))
    known = rows.filter((rows[c.STARTED_AT] < midnight) & in_force(rows, midnight))
    if c.ENDED_AT not in known.columns:
        known = known.mutate(known[c.STARTED_AT].nullif(known[c.STARTED_AT]).name(c.ENDED_AT))
    first, last = (day_of(known[name], store.zone) for name in (c.STARTED_AT, c.ENDED_AT))
    over = known[c.ENDED_AT].notnull() & (known[c.ENDED_AT] < midnight)
    made = known.select(
        days=over.ifelse(last - first, day_number(cutoff, store.zone) - first).cast("float64"),
        over=over.ifelse(1, 0),
    ).to_pyarrow()
    return Durations(numbers(made, "days"), np.asarray(numbers(made, "over") == 1))
