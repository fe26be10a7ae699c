"""Who met which item, and when: what lists and predicted ratings are learned from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from cip import columns as c
from cip.engine.connect import read_files
from cip.engine.days import DAY_SECONDS, day_number, day_of
from cip.engine.passes import plan_passes, run_passes
from cip.ports import EventStore

DAYS_AGO: Final = "days_ago"
WEIGHT: Final = "weight"
STARS: Final = "stars"
DAY: Final = "day"

_ROWS_PER_PASS: Final = 2_000_000
_PAIR: Final = (c.CUSTOMER_ID, c.ITEM_ID)


def histories(
    con: ibis.BaseBackend,
    store: EventStore,
    cutoff: datetime,
    *,
    kinds: Sequence[str],
    rows_per_pass: int = _ROWS_PER_PASS,
) -> pa.Table:
    """A row a customer and item met before the cutoff, as known before it, sorted by both.

    `customer_id`, `item_id`; `days_ago`: float64, days from the latest meeting to the cutoff, to
    the second, above 0 (a meeting in the last second counts as one second ago); `weight`: float64,
    how many meetings.  Only interactions of these kinds with an item.

    Raises: ContractError C-202 for a cutoff that is no midnight; NotReadyError C-206 without
    interactions.
    """
    day_number(cutoff, store.zone)  # is it a midnight?
    midnight = int(cutoff.timestamp())

    def made(rows: Table) -> Table:
        known = known_before(of_kinds(rows, kinds), cutoff)
        # not every engine gives whole seconds
        ago = midnight - known[c.OCCURRED_AT].epoch_seconds().floor().cast("int64")
        counted = known.group_by(_PAIR).aggregate(ago=ago.min(), met=known.count())
        return counted.select(
            *_PAIR,
            (counted["ago"].cast("float64") / ibis.literal(DAY_SECONDS)).name(DAYS_AGO),
            counted["met"].cast("float64").name(WEIGHT),
        )

    return _in_passes(con, store, rows_per_pass, made)


def consumed(
    con: ibis.BaseBackend,
    store: EventStore,
    cutoff: datetime,
    horizon_days: int,
    kinds: Sequence[str],
    *,
    rows_per_pass: int = _ROWS_PER_PASS,
) -> pa.Table:
    """`customer_id`, `item_id` of every item met in [cutoff, cutoff + horizon), sorted by both.

    From everything known today.

    Raises: as `histories`.
    """
    first = day_number(cutoff, store.zone)

    def made(rows: Table) -> Table:
        met = of_kinds(rows, kinds)
        day = day_of(met[c.OCCURRED_AT], store.zone)
        return met.filter((day >= first) & (day < first + horizon_days)).select(_PAIR).distinct()

    return _in_passes(con, store, rows_per_pass, made)


def ratings(
    con: ibis.BaseBackend,
    store: EventStore,
    cutoff: datetime | None,
    *,
    rows_per_pass: int = _ROWS_PER_PASS,
) -> pa.Table:
    """The last rating of each customer and item known before the cutoff, or all that are known.

    `customer_id`, `item_id`; `stars`: float64, the higher one of two at the same instant; `day`:
    int64, the business's day number since 1970-01-01 on which it was given.  Sorted by both ids.

    Raises: as `histories`.
    """

    def made(rows: Table) -> Table:
        if c.VALUE not in rows.columns:
            rows = rows.mutate(ibis.null("float64").name(c.VALUE))
        rated = of_kinds(rows, ["rate"]).filter(rows[c.VALUE].notnull())
        known = rated if cutoff is None else known_before(rated, cutoff)
        newest = [known[c.OCCURRED_AT].desc(), known[c.VALUE].desc()]
        place = ibis.row_number().over(group_by=_PAIR, order_by=newest)
        ranked = known.mutate(place=place)
        last = ranked.filter(ranked["place"] == 0)
        return last.select(
            *_PAIR,
            last[c.VALUE].name(STARS),
            day_of(last[c.OCCURRED_AT], store.zone).cast("int64").name(DAY),
        )

    return _in_passes(con, store, rows_per_pass, made)


def item_texts(con: ibis.BaseBackend, store: EventStore) -> pa.Table:
    """`item_id`, `title`, `category` of the items, as text, sorted by id; null where not known.

    Without an items table it has no rows.
    """
    names = (c.ITEM_ID, c.TITLE, c.CATEGORY)
    files = store.files("items") if store.has("items") else []
    if not files:
        return pa.table({name: pa.array([], pa.string()) for name in names})
    rows = read_files(con, files)
    made = {n: rows[n] if n in rows.columns else ibis.null("string") for n in names}
    return rows.select(**made).to_pyarrow().sort_by(c.ITEM_ID)


def of_kinds(rows: Table, kinds: Sequence[str]) -> Table:
    """Interactions of these kinds with an item; where no item is mapped there are none."""
    if c.ITEM_ID not in rows.columns:
        rows = rows.mutate(ibis.null("string").name(c.ITEM_ID))
    return rows.filter(rows[c.KIND].isin(list(kinds)) & rows[c.ITEM_ID].notnull())


def known_before(rows: Table, cutoff: datetime) -> Table:
    """Interactions that happened, and were known, strictly before the cutoff."""
    instant = ibis.literal(cutoff.astimezone(UTC))
    return rows.filter((rows[c.OCCURRED_AT] < instant) & (rows[c.KNOWN_AT] < instant))


def _in_passes(
    con: ibis.BaseBackend, store: EventStore, rows_per_pass: int, made: Callable[[Table], Table]
) -> pa.Table:
    def compute(buckets: Sequence[int]) -> pa.Table:
        return made(read_files(con, store.files("interactions", buckets))).to_pyarrow()

    passes = plan_passes(con, store, rows_per_pass, "interactions")
    rows = pa.concat_tables(run_passes(passes, compute, None))
    return rows.sort_by([(name, "ascending") for name in _PAIR])
