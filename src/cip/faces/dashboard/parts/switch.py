"""The workspace switch: shown where there are several."""

from __future__ import annotations

from typing import Final

import streamlit as st

from cip.faces.dashboard import state
from cip.faces.dashboard.formats import distinct

_CHOICE: Final = "workspace_choice"


def show() -> None:
    """The switch in the sidebar; nothing where there is one workspace only."""
    found = state.workspaces()
    if len(found) < 2:
        return
    titles = distinct({name: state.title(each) for name, each in found.items()})
    names = list(found)
    shown = st.query_params.get(state.WORKSPACE, names[0])
    st.sidebar.selectbox(
        "Workspace",
        names,
        index=names.index(shown) if shown in found else None,
        format_func=titles.__getitem__,
        key=_CHOICE,
        on_change=_choose,
    )


def _choose() -> None:
    name = st.session_state[_CHOICE]
    if name is not None:
        state.choose_workspace(name)
