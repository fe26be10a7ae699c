"""Values of widgets that outlive their tab: Streamlit forgets a widget that is not drawn.

`begin` stands before the widget, which takes the key and no default; `keep` takes what it gave.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar

import streamlit as st

_Value = TypeVar("_Value")


def begin(key: str, *, start: Any, among: Collection[Any] | None = None) -> None:
    """Let the widget hold its last value of this session, else `start`.

    `start` too where the last value is not `among` those that can be chosen now.
    """
    known = key in st.session_state
    last = st.session_state[key] if known else st.session_state.get(_kept(key), start)
    is_possible = among is None or last in among
    if not known or not is_possible:
        st.session_state[key] = last if is_possible else start


def keep(key: str, value: _Value) -> _Value:
    """The value, remembered for `begin`."""
    st.session_state[_kept(key)] = value
    return value


def _kept(key: str) -> str:
    return f"last_{key}"
