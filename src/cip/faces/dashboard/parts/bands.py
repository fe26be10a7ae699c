"""The grid where nothing is known of value: customers by risk alone, a band a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import look, sentences
from cip.faces.dashboard.formats import count, customers, percent

Cell = Mapping[str, Any]

_WIDTHS: Final = (0.62, 3)


def show(summary: Mapping[str, Any], chosen_key: str) -> Cell:
    """Draw the bands with what to see beside them; gives the band that is chosen.

    `chosen_key`: where the session keeps the name of the chosen cell.
    """
    bands: Sequence[Cell] = summary["cells"]
    chosen = _chosen(bands, st.session_state.get(chosen_key))
    left, right = st.columns([1.85, 1], gap="small")
    with left.container(key="card_grid", height="stretch"):
        st.html(look.block(look.heading(_headline(bands), _BELOW)))
        _draw(summary, bands, chosen, chosen_key)
    with right.container(key="card_see", height="stretch"):
        st.html(
            look.block(
                look.heading("What to see"),
                look.paragraphs([str(summary["value"]["reason"]), *sentences.drivers(summary)]),
                look.to_do(
                    f"{sentences.cell_name(chosen)}:", sentences.what_to_do(summary, chosen)
                ),
            )
        )
    return chosen


_BELOW: Final = "Customers still here, by risk. Choose a band to list its customers."


def _chosen(bands: Sequence[Cell], name: str | None) -> Cell:
    """The band chosen in this session, else the riskiest that has customers."""
    found = (band for band in bands if sentences.cell_name(band) == name)
    riskiest = (band for band in bands if band["customers"])
    return next(found, next(riskiest, bands[0]))


def _headline(bands: Sequence[Cell]) -> str:
    everybody = max(1, sum(int(band["customers"]) for band in bands))
    riskiest = bands[0]
    share = percent(riskiest["customers"] / everybody, 0)
    return f"{customers(riskiest['customers'])} at high risk, {share} of those still here"


def _draw(summary: Mapping[str, Any], bands: Sequence[Cell], chosen: Cell, chosen_key: str) -> None:
    most = max(int(band["customers"]) for band in bands)
    with st.container(key="grid"):
        for band in bands:
            name = band["churn_band"]
            columns = st.columns(_WIDTHS, gap="xsmall", vertical_alignment="center", wrap=False)
            words = look.escape(sentences.churn_words(summary, name))
            axis = f'<p class="axis row"><b>{name} churn</b><small>{words}</small></p>'
            columns[0].html(look.block(axis))
            step = look.ramp_step(float(band["customers"]), float(most))
            columns[1].button(
                f"**{count(band['customers'])}** customers",
                key=f"cell_{name}_s{step}".lower(),
                type="primary" if band is chosen else "secondary",
                width="stretch",
                on_click=_choose,
                args=(chosen_key, sentences.cell_name(band)),
            )


def _choose(chosen_key: str, name: str) -> None:
    st.session_state[chosen_key] = name
