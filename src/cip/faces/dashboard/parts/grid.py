"""The value-at-risk grid: customer value against risk, money and customers in each cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import look, sentences
from cip.faces.dashboard.formats import amount, customers
from cip.faces.dashboard.parts import bands, plain
from cip.flows.shape import has_value

CHOSEN: Final = "cell"
"""Where the session keeps the name of the chosen cell."""

_WIDTHS: Final = (0.62, 1, 1, 1)
_CLV_BANDS: Final = ("Low", "Medium", "High")
_CHURN_BANDS: Final = ("High", "Medium", "Low")


def show(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    """Draw the grid with what to see beside it; gives the cell that is chosen."""
    if not has_value(summary):
        return bands.show(summary, CHOSEN)
    cells = summary["cells"]
    chosen = _chosen(cells)
    left, right = st.columns([1.85, 1], gap="small")
    with left.container(key="card_grid", height="stretch"):
        st.html(look.block(look.heading(sentences.grid_headline(cells), _subtitle(summary))))
        _draw(summary, chosen)
    with right.container(key="card_see", height="stretch"):
        st.html(
            look.block(
                look.heading("What to see"),
                look.paragraphs(sentences.what_to_see(summary)),
                look.to_do(
                    f"{sentences.cell_name(chosen)}:", sentences.what_to_do(summary, chosen)
                ),
            )
        )
    return chosen


def _chosen(cells: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The cell chosen in this session, else the costliest."""
    name = st.session_state.get(CHOSEN)
    found = (cell for cell in cells if sentences.cell_name(cell) == name)
    return next(found, sentences.costliest(cells))


def _subtitle(summary: Mapping[str, Any]) -> str:
    currency, score = summary["workspace"]["currency"], plain.scored_on(summary)
    return (
        f"Expected value loss in {currency} (bold) and customers, by value and risk {score}. "
        "Choose a cell to list its customers."
    )


def _draw(summary: Mapping[str, Any], chosen: Mapping[str, Any]) -> None:
    by_band = {(cell["churn_band"], cell["clv_band"]): cell for cell in summary["cells"]}
    greatest = float(sentences.costliest(summary["cells"])["expected_value_loss"])
    currency = summary["workspace"]["currency"]
    with st.container(key="grid"):
        for churn_band in _CHURN_BANDS:
            columns = st.columns(_WIDTHS, gap="xsmall", vertical_alignment="center", wrap=False)
            words = sentences.churn_words(summary, churn_band)
            columns[0].html(_axis(f"{churn_band} churn", words, "row"))
            for column, clv_band in zip(columns[1:], _CLV_BANDS, strict=True):
                cell = by_band.get((churn_band, clv_band))
                if cell is not None:
                    with column:
                        _button(cell, currency, greatest, is_chosen=cell is chosen)
        feet = st.columns(_WIDTHS, gap="xsmall", wrap=False)
        for column, clv_band in zip(feet[1:], _CLV_BANDS, strict=True):
            words = sentences.clv_words(summary, clv_band)
            column.html(_axis(f"{clv_band} CLV", words, "column"))


def _button(cell: Mapping[str, Any], currency: str, greatest: float, *, is_chosen: bool) -> None:
    step = look.ramp_step(float(cell["expected_value_loss"]), greatest)
    money = amount(cell["expected_value_loss"], currency).removesuffix(f" {currency}")
    name = sentences.cell_name(cell)
    st.button(
        f"**{money}** {customers(cell['customers'])}",
        key=f"cell_{cell['churn_band']}_{cell['clv_band']}_s{step}".lower(),
        type="primary" if is_chosen else "secondary",
        width="stretch",
        on_click=_choose,
        args=(name,),
    )


def _choose(name: str) -> None:
    st.session_state[CHOSEN] = name


def _axis(name: str, words: str, kind: str) -> str:
    below = look.escape(words)
    return look.block(f'<p class="axis {kind}"><b>{name}</b><small>{below}</small></p>')
