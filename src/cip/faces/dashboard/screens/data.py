"""What this workspace reads, and a wizard that proposes a workspace for other data."""

from __future__ import annotations

from typing import Final

import streamlit as st

from cip.faces.dashboard import look, state
from cip.faces.dashboard.formats import count
from cip.faces.dashboard.parts import sources, wizard
from cip.flows.job import read_config

QUESTION: Final = "What data does CIP read, and how do I bring mine?"


def page() -> None:
    """The whole page; it needs no run."""
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
    st.html(look.block(look.answer(answer)))
    now, mine = st.tabs(
        ["What is read now?", "Bring your own data"], on_change="rerun", key="data_view"
    )
    if now.open:
        with now:
            sources.show(config)
    if mine.open:
        with mine:
            wizard.show()
