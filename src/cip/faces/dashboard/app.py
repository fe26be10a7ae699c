"""The page script that Streamlit runs; `cip serve` starts it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from cip.errors import CipError
from cip.faces.dashboard import look, navigation, state
from cip.faces.dashboard.parts import switch

HERE = Path(__file__).parent

st.set_page_config(page_title="Customer Intelligence", page_icon="📈", layout="wide")
st.logo(HERE / "static" / "logo.svg", size="large")
st.html(HERE / "look.css")
state.keep_choices()
page = navigation.chosen()
try:
    switch.show()
    page.run()
except CipError as error:  # raised before a page has its title
    st.title("This page cannot be shown", anchor=False)
    st.html(look.error_box(error))
