"""What this workspace reads, and a wizard that proposes a workspace for other data."""

from __future__ import annotations

from typing import Final

import streamlit as st

from cip.errors import CipError
from cip.faces.dashboard import look, state
from cip.faces.dashboard.formats import count
from cip.faces.dashboard.parts import header, sources, wizard
from cip.flows.job import read_config

QUESTION: Final = "What data does CIP read, and how do I bring mine?"


def page() -> None:
    """The whole page; it needs no run, and shows the verdicts of the one there is."""
    workspace = state.workspace()
    config = read_config(workspace, actor=state.actor())
    title, _ = st.columns([4, 1.45])
    title.title(QUESTION, anchor=False)
    tables = ", ".join(config.tables)
    answer = (
        f"<b>{look.escape(config.workspace.name)}</b> reads "
        f"<b>{count(len(config.sources))} source{'s' * (len(config.sources) != 1)}</b> into "
        f"{look.escape(tables)}"
    )
    made_up = header.simulated(config.workspace.model_dump())
    st.html(look.block(look.answer(answer), made_up, *_verdicts()))
    now, mine = st.tabs(
        ["What is read now?", "Bring your own data"], on_change="rerun", key="data_view"
    )
    if now.open:
        with now:
            sources.show(config)
    if mine.open:
        with mine:
            wizard.show()


def _verdicts() -> list[str]:
    """What the run that is shown is worth; nothing where there is none, or none that can be read.

    What is wrong with a run is said on the pages that show it: data can be brought all the same.
    """
    try:
        summary = state.results().summary
    except CipError:
        return []
    return [header.churn_line(summary), header.value_line(summary)]
