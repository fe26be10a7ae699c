"""What a page script needs from outside: the workspace, who looks, and the run that is shown."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import streamlit as st

from cip.errors import NotReadyError
from cip.flows.actors import local_owner
from cip.flows.results import Results, RunLabel, current_run_id, open_results, published_runs
from cip.settings import WORKSPACE_VARIABLE, Workspace, find_workspace
from cip.types import Principal

DEMO: Final = Path("workspaces/retail")
RUN: Final = "run"
"""Name of the query parameter that holds the run, so that a page is a link."""


def actor() -> Principal:
    """Who looks: until there is a sign-in, the owner of this machine's CIP."""
    return local_owner()


def workspace() -> Workspace:
    """The workspace `CIP_WORKSPACE` names, else the working folder's, else the demo's."""
    named = os.environ.get(WORKSPACE_VARIABLE)
    if named:
        return find_workspace(Path(named))
    try:
        return find_workspace(Path())
    except NotReadyError:
        if Workspace(DEMO).exists():
            return find_workspace(DEMO)
        raise


def results() -> Results:
    """The run that the address names, else the current one; opened once a process."""
    root = str(workspace().root)
    return _opened(root, st.query_params.get(RUN) or _current(root))


def runs() -> list[RunLabel]:
    """Published runs, newest first."""
    return _published(str(workspace().root))


@st.cache_resource(show_spinner=False, max_entries=4)
def _opened(root: str, run_id: str | None) -> Results:
    return open_results(Workspace(Path(root)), run_id, actor=actor())


@st.cache_data(show_spinner=False, ttl=5)
def _current(root: str) -> str | None:
    return current_run_id(Workspace(Path(root)), actor=actor())


@st.cache_data(show_spinner=False, ttl=5)
def _published(root: str) -> list[RunLabel]:
    return published_runs(Workspace(Path(root)), actor=actor())
