"""The page script that Streamlit runs; `cip serve` starts it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from cip.errors import CipError
from cip.faces.dashboard import look
from cip.faces.dashboard.pages import overview

HERE = Path(__file__).parent

st.set_page_config(page_title="Customer Intelligence", page_icon="📈", layout="wide")
st.logo(HERE / "static" / "logo.svg", size="large")
st.html(HERE / "look.css")
page = st.navigation([st.Page(overview.page, title="Overview", default=True)], position="hidden")
try:
    page.run()
except CipError as error:
    st.html(look.error_box(error))
