"""What a published run says, for whoever may read it: summary, list, one customer, search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cip import columns as c
from cip.access.roles import require
from cip.errors import NotFoundError, NotReadyError
from cip.flows.csv_text import csv_text
from cip.flows.shape import has_value
from cip.flows.without_model import scored
from cip.settings import Workspace
from cip.stores.customer_list import CustomerList, Totals
from cip.stores.customers import HAS_LEFT, INTERVAL_COLUMNS, LIST, LOOKUP, SEGMENT
from cip.stores.lookup import Lookup
from cip.stores.published import read_summary, run_folder
from cip.stores.records import open_records
from cip.stores.run_tables import RunTables
from cip.types import Principal, Reason

PAGE: Final = 25
SCORES: Final = (
    c.RANK,
    c.P_CHURN,
    *INTERVAL_COLUMNS,
    c.CHURN_BAND,
    c.EXPECTED_VALUE_LOSS,
    c.PRIORITY_SEGMENT,
)
"""What rests on the churn model alone: empty in a file of a run in which none serves."""


@dataclass(frozen=True, slots=True)
class Results:
    """One published run, open for reading by many threads; `lake` knows whom it did not score."""

    run_id: str
    summary: Mapping[str, Any]
    customers: CustomerList
    lookup: Lookup
    tables: RunTables
    lake: Path | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """What is known of one customer: `rank` 1 has most at stake, money in the run's currency.

    `segment` is None in a run without segments; money and `clv_band` in one without values.
    `p_churn_low`, `p_churn_high`: where the calibration gives an interval (Venn-Abers), else None.
    `has_left`: by the label, in a run on a table without time; they rank after all others.
    `reasons` are filled for one customer at a time; in a list they are empty.
    """

    rank: int
    customer_id: str
    name: str | None
    p_churn: float
    churn_band: str
    clv: float | None
    clv_if_retained: float | None
    expected_value_loss: float | None
    clv_band: str | None
    priority_segment: str
    p_alive: float | None
    last_purchase_days: float | None
    purchase_days: float | None
    main_reason: str | None
    segment: int | None = None
    segment_name: str | None = None
    has_left: bool = False
    p_churn_low: float | None = None
    p_churn_high: float | None = None
    reasons: tuple[Reason, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What to call them: the name, else the id."""
        return self.name or self.customer_id


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which customers, in which order; None means any."""

    churn_band: str | None = None
    clv_band: str | None = None
    priority_segment: str | None = None
    segment: int | None = None
    order: str = c.EXPECTED_VALUE_LOSS

    def where(self) -> dict[str, Any]:
        """The filters that are set."""
        chosen = {
            c.CHURN_BAND: self.churn_band,
            c.CLV_BAND: self.clv_band,
            c.PRIORITY_SEGMENT: self.priority_segment,
            SEGMENT: self.segment,
        }
        return {name: value for name, value in chosen.items() if value is not None}


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """One page of a list, with how many customers the whole list has and what is at stake."""

    customers: tuple[Customer, ...]
    totals: Totals
    first: int


@dataclass(frozen=True, slots=True)
class RunLabel:
    """A published run that can be looked at."""

    run_id: str
    created_at: datetime


def published_runs(workspace: Workspace, *, actor: Principal, limit: int = 20) -> list[RunLabel]:
    """The newest published runs, newest first."""
    require(actor, "read")
    with open_records(workspace.records_url) as records:
        runs = records.runs(limit)
    return [RunLabel(run.run_id, run.created_at) for run in runs if run.state == "published"]


def current_run_id(workspace: Workspace, *, actor: Principal) -> str | None:
    """The run that is current, or None before the first one."""
    require(actor, "read")
    with open_records(workspace.records_url) as records:
        return records.current_run_id()


def open_results(workspace: Workspace, run_id: str | None = None, *, actor: Principal) -> Results:
    """The run of this name, else the current one.

    Raises: NotReadyError F-201 when no run was published yet; NotFoundError P-104 for an unknown
    name.
    """
    require(actor, "read")
    wanted = run_id or current_run_id(workspace, actor=actor)
    if wanted is None:
        raise NotReadyError(
            "F-201",
            f"no run has been published in {workspace.root.name} yet.",
            f"make one: `cip run -w {workspace.root}`",
        )
    folder = run_folder(workspace.published, wanted)
    return Results(
        wanted,
        read_summary(folder),
        CustomerList(folder / f"{LIST}.parquet"),
        Lookup(folder / LOOKUP),
        RunTables(folder),
        workspace.lake,
    )


def find_customer(results: Results, customer_id: str, *, actor: Principal) -> Customer:
    """The customer with the reasons of their risk.

    Raises: NotFoundError F-202 for an id that the run did not score; it says what is known of a
    customer who was merely not active enough.
    """
    require(actor, "read")
    found = results.lookup.customer(customer_id)
    if found is None:
        raise _not_scored(results, customer_id, actor)
    return _customer(found)


def why_not_scored(results: Results, customer_id: str, *, actor: Principal) -> str:
    """What is known of a customer whom the run did not score; "" where nobody has this id."""
    from cip.flows.unscored import unscored  # noqa: PLC0415 (the lake is slow to import)

    require(actor, "read")
    lake = results.lake
    known = None if lake is None else unscored(lake, customer_id, results.summary)
    if known is None:
        return ""
    scored = str(results.summary["churn"]["population"]["sentence"]).rstrip(".")
    return f"{known.sentence}, but not scored: run {results.run_id} scored {scored}."


def _not_scored(results: Results, customer_id: str, actor: Principal) -> NotFoundError:
    from cip.flows.unscored import popular_now, what_then  # noqa: PLC0415 (the same)

    why = why_not_scored(results, customer_id, actor=actor)
    if not why:
        return NotFoundError(
            "F-202",
            f"run {results.run_id} has no customer {customer_id!r}.",
            "customers who were not active lately are not scored; search for part of the id",
        )
    return NotFoundError("F-202", why, what_then(results.summary, popular_now(results.tables)))


def search_customers(
    results: Results, text: str, *, actor: Principal, limit: int = PAGE
) -> list[Customer]:
    """Customers whose id begins with `text`, or whose name contains or resembles it."""
    require(actor, "read")
    return [_customer(row) for row in results.lookup.search(text, limit)]


def list_customers(
    results: Results, wanted: Wanted, *, actor: Principal, page: int = 1, size: int = PAGE
) -> CustomerPage:
    """Page `page` (from 1) of the customers wanted."""
    require(actor, "read")
    offset = (max(page, 1) - 1) * size
    where = wanted.where()
    rows = results.customers.page(where, wanted.order, limit=size, offset=offset)
    found = tuple(_customer(row) for row in rows)
    return CustomerPage(found, results.customers.totals(where), offset + 1)


def cells_by_segment(results: Results, *, actor: Principal) -> list[dict[str, Any]]:
    """The cells of the value-at-risk grid, segment by segment; see `CustomerList.cells`."""
    require(actor, "read")
    return results.customers.cells()


def export_customers(results: Results, wanted: Wanted, *, actor: Principal) -> str:
    """All customers wanted, as CSV; the role needs the permission to take results away.

    Without signal there is no score: `SCORES` are empty, and the order is that of the ids.
    Whose value nobody knows has no band of it either, in a run that knows values.
    """
    require(actor, "export")
    shown = scored(results.summary)
    rows = results.customers.every(wanted.where(), wanted.order if shown else c.CUSTOMER_ID)
    unknown = {} if shown else dict.fromkeys(SCORES)
    unbanded = _UNBANDED if has_value(results.summary) else {}
    return csv_text(
        results.customers.columns,
        ({**row, **unknown, **(unbanded if row[c.CLV] is None else {})} for row in rows),
    )


_UNBANDED: Final[Mapping[str, None]] = dict.fromkeys((c.CLV_BAND, c.PRIORITY_SEGMENT))


_KNOWN: Final = frozenset(f.name for f in fields(Customer)) - {"reasons", "attributes"}


def _customer(row: Mapping[str, Any]) -> Customer:
    """The row in words; columns beyond the known ones are attributes of the user's data."""
    reasons = tuple(Reason(**reason) for reason in row.get("reasons", ()))
    known: dict[str, Any] = {name: row.get(name) for name in _KNOWN}
    known[HAS_LEFT] = bool(known[HAS_LEFT])
    others = {name: row[name] for name in row if name not in _KNOWN and name != "reasons"}
    return Customer(**known, reasons=reasons, attributes=others)
