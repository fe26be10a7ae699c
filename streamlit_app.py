"""`streamlit run streamlit_app.py` shows the same pages as `cip serve`, behind the same guard."""

import streamlit as st
from starlette.middleware import Middleware

from cip.faces.guard import Guard
from cip.faces.serve import SCRIPT

app = st.App(SCRIPT, middleware=[Middleware(Guard)])
