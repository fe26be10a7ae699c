"""The pages, in the order in which the menu shows them."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import state
from cip.faces.dashboard.screens import about, clusters, data, lookup, overview, performance

OVERVIEW: Final = ""


def chosen() -> Any:
    """The page that the address names; the others stand in the menu."""
    menu = {
        "Customers": [
            st.Page(overview.page, title="Overview", default=True),
            st.Page(lookup.page, title="User Lookup", url_path="lookup"),
        ],
        "Understand": [
            st.Page(clusters.page, title="Cluster Insights", url_path="clusters"),
            st.Page(performance.page, title="Model Performance", url_path="performance"),
            st.Page(about.page, title="About", url_path="about"),
            st.Page(data.page, title="Data", url_path="data"),
        ],
    }
    st.session_state[state.PAGES] = {p.url_path: p for pages in menu.values() for p in pages}
    return st.navigation(menu, expanded=True)
