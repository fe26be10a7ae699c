"""What is known of somebody whom a run did not score: that they exist, and when they last did.

Read from the lake as it is now, one bucket of it, and only when somebody asks: who was taken out of
the lake is not known here either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from cip import columns as c
from cip.contract.tables import TABLES, TableName
from cip.engine.bucket import bucket_of
from cip.engine.zones import clock_of
from cip.flows.recommender import open_recommender
from cip.stores.lake import Lake, LakeSnapshot
from cip.stores.run_tables import RunTables

_EVENTS: Final[Mapping[TableName, str]] = {
    "interactions": c.OCCURRED_AT,
    "transactions": c.OCCURRED_AT,
    "subscriptions": c.STARTED_AT,
}
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Unscored:
    """A customer of the lake: the last thing they did before the run's cutoff, and its day.

    `last` is "" for somebody who did nothing that the run could know.
    """

    customer_id: str
    last: str = ""

    @property
    def sentence(self) -> str:
        """`customer 'u5' is known (last play on 2024-11-03)`."""
        return f"customer {self.customer_id!r} is known ({self.last or 'nothing done so far'})"


def unscored(lake: Path, customer_id: str, summary: Mapping[str, Any]) -> Unscored | None:
    """The customer as the lake has them, or None where it has nobody of this id."""
    if not lake.is_dir():
        return None
    folder = Lake(lake)
    held = folder.pinned(folder.versions(), summary["workspace"].get("time_zone", "UTC"))
    is_listed = any(_rows(held, "customers", customer_id))
    if held.has("customers") and not is_listed:
        return None  # somebody types a name: what customers did is not read for each letter
    score = summary["calendar"].get("score")
    done = [] if score is None else list(_done(held, customer_id))  # a table may have no time
    if not done:
        return Unscored(customer_id) if is_listed else None
    kinds = summary["config"]["churn"]["label"].get("active_kinds")
    before = [each for each in done if each[0] < datetime.fromisoformat(score)]
    counted = [each for each in before if each[1] in kinds] if kinds else before
    if not counted:
        return Unscored(customer_id)
    at, kind = max(counted)
    return Unscored(
        customer_id, f"last {_in_words(kind)} on {at.astimezone(clock_of(held.zone)):%Y-%m-%d}"
    )


def popular_now(tables: RunTables) -> list[str]:
    """Titles at the head of the list of what is popular; [] where the run has no lists."""
    folder = tables.folder / "recommender"
    if not folder.is_dir():
        return []
    listed = [line.item_id for line in open_recommender(folder).list_for((), k=_SHOWN)]
    titles = tables.texts("recommendations", c.TITLE, by=c.ITEM_ID, of=listed)
    return [titles.get(item) or item for item in listed]


def what_then(summary: Mapping[str, Any], popular: Sequence[str]) -> str:
    """When somebody who was not scored will be, and what to offer them until then."""
    label = summary["config"]["churn"]["label"]
    again = _AGAIN.get(label["kind"], "once they are among those")
    if label.get("active_kinds"):
        again = f"after their next {' or '.join(map(_in_words, label['active_kinds']))}"
    said = f"they are scored again {again}"
    if not popular:
        return said
    to_whom = _TO_WIN_BACK if label["kind"] == "cancellation" else _TO_OFFER
    return f"{said}; {to_whom} what is popular now: {', '.join(popular)}"


_AGAIN: Final[Mapping[str, str]] = {
    "cancellation": "once they have a running subscription",
    "purchase": "once they buy again",
}
_TO_WIN_BACK: Final = "to win them back, name"
_TO_OFFER: Final = "until then they can be offered"


def _in_words(kind: str) -> str:
    """`failed payment` of `payment_failed`."""
    return _KINDS.get(kind, kind.replace("_", " "))


_KINDS: Final[Mapping[str, str]] = {"payment_failed": "failed payment", "rate": "rating"}


def _done(held: LakeSnapshot, customer_id: str) -> Iterator[tuple[datetime, str]]:
    """When the customer did what."""
    for table, time in _EVENTS.items():
        usual = {"transactions": "payment", "subscriptions": "subscription"}.get(table, "event")
        for row in _rows(held, table, customer_id, time, c.KIND):
            yield row[time], row.get(c.KIND) or usual


def _rows(
    held: LakeSnapshot, table: TableName, customer_id: str, *columns: str
) -> Iterator[dict[str, Any]]:
    """The customer's rows; columns that the table does not have are left out."""
    if not held.has(table):
        return
    there = [c.CUSTOMER_ID, *(name for name in columns if TABLES[table].column(name))]
    for path in held.files(table, [bucket_of(customer_id)]):
        is_theirs = [(c.CUSTOMER_ID, "=", customer_id)]
        yield from pq.read_table(path, columns=there, filters=is_theirs).to_pylist()
