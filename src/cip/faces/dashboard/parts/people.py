"""The customers behind the grid: search, order, pages, and a row that opens the customer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from cip.faces.dashboard import look, sentences, state
from cip.faces.dashboard.formats import MISSING, THIN, amount, count, plain, time_since
from cip.faces.dashboard.parts import kept, person
from cip.flows.results import (
    PAGE,
    Customer,
    CustomerPage,
    Results,
    Wanted,
    export_customers,
    list_customers,
    search_customers,
)
from cip.flows.shape import has_value, is_plain, left_already

ORDERS: Final = {
    "Expected loss": "expected_value_loss",
    "Risk": "p_churn",
    "Customer value": "clv",
    "Longest inactive": "last_purchase_days",
    "Customer id": "customer_id",
}
CELL, EVERYBODY = "Chosen cell", "All customers"
_ROW_PIXELS: Final = 32
_REASON_PIXELS: Final = 450
"""What a window of 1440 leaves: some 70 letters; the grid wraps none in rows of one line."""
_TOPS: Final = (1, 2, 5, 10, 20, 30, 40, 50, 60, 80, 100)
"""Where the bars of risk may end, in per cent."""


def show(results: Results, cell: Mapping[str, Any], *, segment: int | None = None) -> None:
    """The list for the chosen cell, or for what was searched; a row opens the customer.

    `segment` narrows the list to one segment; search looks among everybody.
    """
    with st.container(key="card_list"):
        head = st.empty()
        with st.container(horizontal=True, vertical_alignment="bottom"):
            text = st.text_input(
                "Find", key="find", type="search", live="150ms", placeholder="Name or customer id"
            )
            scope = _choice("Show", (CELL, EVERYBODY), "scope", 170, disabled=bool(text))
            orders = _orders(results.summary)
            by = _choice("Order by", list(orders), "order", 230, disabled=bool(text))
        order = orders[by]
        if text:
            title, below = _found(results, text)
        elif scope == EVERYBODY:
            title, below = "All customers", _everybody(results.summary)
            _listed(results, Wanted(order=order, segment=segment), _named("all", segment))
        else:
            wanted = Wanted(cell["churn_band"], cell["clv_band"], order=order, segment=segment)
            title, below = _cell_words(results.summary, cell)
            _listed(results, wanted, _named(sentences.cell_name(cell), segment))
        head.html(look.block(look.heading(title, f"{below} Choose a row to see why.")))
    person.show_chosen(results)


def _choice(label: str, names: Sequence[str], key: str, width: int, *, disabled: bool) -> str:
    """A select box that remembers what was chosen; the first name where nothing was."""
    kept.begin(key, start=names[0], among=names)
    return kept.keep(key, st.selectbox(label, names, key=key, width=width, disabled=disabled))


def _orders(summary: Mapping[str, Any]) -> dict[str, str]:
    """What the list can be ordered by: what the run knows; the rank without values is by risk."""
    lacking = {"last_purchase_days"} if is_plain(summary) else set()
    if not has_value(summary):
        lacking |= {"clv", "expected_value_loss"}
    return {name: order for name, order in ORDERS.items() if order not in lacking}


def _everybody(summary: Mapping[str, Any]) -> str:
    if left_already(summary):
        return "Everybody of the table; who has left already comes last."
    return "Everybody who was scored in this run."


def _named(name: str, segment: int | None) -> str:
    return name if segment is None else f"{name} segment {segment + 1}"


def _cell_words(summary: Mapping[str, Any], cell: Mapping[str, Any]) -> tuple[str, str]:
    title = sentences.cell_title(cell, summary["workspace"]["currency"])
    return title, f"{sentences.cell_name(cell)}: {sentences.cell_bounds(summary, cell)}."


def _found(results: Results, text: str) -> tuple[str, str]:
    found = search_customers(results, text, actor=state.actor())
    if found:
        _table(found, results, f"find{text}")
        return f"Customers like «{text}»", f"The first {len(found)}, among all customers."
    help_ = (
        "Try three letters of the name, or the beginning of the id. Customers who were not active "
    )
    return f"No customer is like «{text}»", f"{help_}lately are not scored."


def _listed(results: Results, wanted: Wanted, name: str) -> None:
    """A page of the list, and below it where one is, the pages, and the download."""
    key = f"{name}{wanted.order}"
    body = st.container()
    has_money = has_value(results.summary)
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        note = st.empty()
        page = st.session_state.get(f"page{key}", 1)
        shown = list_customers(results, wanted, actor=state.actor(), page=page)
        pages = max(1, -(-shown.totals.customers // PAGE))
        if pages > 1:
            st.pagination(pages, key=f"page{key}", width=330)
        st.download_button(
            "Download this list (CSV)",
            partial(export_customers, results, wanted, actor=state.actor()),
            file_name=_file_name(results.run_id, name),
            mime="text/csv",
            key=f"download{key}",
            on_click="ignore",
        )
    currency = results.summary["workspace"]["currency"] if has_money else None
    note.caption(_where(shown, currency), width=400)
    with body:
        _table(shown.customers, results, f"{key}{page}")


def _where(shown: CustomerPage, currency: str | None) -> str:
    """Which customers of how many; and what is at stake, in a currency where it is known."""
    if not shown.customers:
        return "Nobody is in this cell."
    last = shown.first + len(shown.customers) - 1
    said = f"{count(shown.first)}–{count(last)} of {count(shown.totals.customers)} customers"
    if currency is None:
        return said
    return f"{said} · {amount(shown.totals.expected_value_loss, currency)} expected loss"


def _file_name(run_id: str, name: str) -> str:
    words = "-".join(name.lower().replace("/", " ").split())
    return f"customers-{words}-{run_id}.csv"


def _table(customers: Sequence[Customer], results: Results, key: str) -> None:
    if not customers:
        return
    currency = results.summary["workspace"]["currency"]
    frame = _frame(customers, currency)
    closed = st.session_state.get(person.CLOSED, 0)
    picked = st.dataframe(
        _styled(frame, currency),
        hide_index=True,
        height=_ROW_PIXELS * len(frame) + 38,
        row_height=_ROW_PIXELS,
        on_select="rerun",
        selection_mode="single-cell",
        key=f"table{key}{closed}",
        column_config=_columns(currency, bar_end(frame["Risk"].max())),
        alt="Customers in order, one a row; choose a row to open the customer.",
    )
    if picked.selection.cells:
        person.choose(customers[picked.selection.cells[0][0]].customer_id)


def _frame(customers: Sequence[Customer], currency: str) -> pd.DataFrame:
    """One row a customer; the first attribute of the user's data stands beside a bare id.

    Where there is a name, the id stands there and the reason needs the room.
    """
    rows = pd.DataFrame({"Customer": [c.title for c in customers]})
    if any(c.name for c in customers):
        rows["Id"] = [c.customer_id for c in customers]
    else:
        for name in list(customers[0].attributes)[:1]:
            rows[_title(name)] = [plain(c.attributes.get(name)) for c in customers]
    rows["Risk"] = [100 * c.p_churn for c in customers]
    known = {
        f"Value, {currency}": [c.clv for c in customers],
        f"Expected loss, {currency}": [c.expected_value_loss for c in customers],
        "Last activity": [c.last_purchase_days for c in customers],
    }
    for name, values in known.items():
        if any(value is not None for value in values):  # a run may know none of it
            rows[name] = values
    rows["Main reason"] = [reason_of(c) for c in customers]
    return rows


_ASIDE: Final = re.compile(
    r" \((?:as is typical|the most common|typical: [^()]*|typical [\d.,]+ days)\)$"
)
"""What is said of a value that is not known or not remarkable, and takes the room of a row."""


def reason_of(customer: Customer) -> str:
    """The main reason as a row has room for it."""
    said = _ASIDE.sub("", customer.main_reason or MISSING)
    return f"Has left already. {said}" if customer.has_left else said


def _styled(frame: pd.DataFrame, currency: str) -> Any:
    """Numbers in our own format; the grid still sorts them as numbers."""
    said: dict[str, Any] = {"Last activity": time_since}
    said |= {f"{what}, {currency}": count for what in ("Value", "Expected loss")}
    there = {name: how for name, how in said.items() if name in frame.columns}
    return frame.style.format(there, na_rep=MISSING)


def bar_end(greatest: float) -> int:
    """Where the bars of risk end, in per cent: the least round number that holds them all."""
    return next((top for top in _TOPS if greatest <= top), _TOPS[-1])


def _columns(currency: str, top: int) -> dict[str, Any]:
    """`top`: the risk, in per cent, at which a bar is full."""
    config = st.column_config
    return {
        "Customer": config.TextColumn(width=128),
        "Id": config.TextColumn(width=62),
        "Risk": config.ProgressColumn(
            "Risk",
            help=f"A full bar is a risk of {top}{THIN}%.",
            format="%.1f %%",
            min_value=0,
            max_value=top,
            width=118,
            color="#D4513D",
        ),
        f"Value, {currency}": config.NumberColumn(
            width=78, help="Expected future margin; the chance that they leave is in it."
        ),
        f"Expected loss, {currency}": config.NumberColumn(
            f"Exp. loss, {currency}",
            width=98,
            help=f"In {currency}: risk times what they are worth if they stay, which is more than "
            "Value.",
        ),
        "Last activity": config.NumberColumn(width=96),
        "Main reason": config.TextColumn(width=_REASON_PIXELS),
    }


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()
