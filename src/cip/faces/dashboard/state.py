"""What a page script needs from outside: the workspace, who looks, and the run that is shown."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import streamlit as st

from cip.errors import CipError, NotFoundError, NotReadyError
from cip.flows.actors import local_owner
from cip.flows.results import Results, RunLabel, current_run_id, open_results, published_runs
from cip.settings import WORKSPACE_VARIABLE, Workspace, find_workspace
from cip.types import Principal

DEMOS: Final = (Path("workspaces/retail"), Path("workspaces/streaming"))
RUN: Final = "run"
WORKSPACE: Final = "workspace"
"""Names of the query parameters that hold run and workspace, so that a page is a link."""
PAGES: Final = "pages"
"""Where the session keeps the pages by their address."""

_KEPT: Final = (WORKSPACE, RUN)


def actor() -> Principal:
    """Who looks: until there is a sign-in, the owner of this machine's CIP."""
    return local_owner()


def keep_choices() -> None:
    """Let the address name the workspace and the run chosen in this session, on every page."""
    for name in _KEPT:
        if name in st.query_params:
            st.session_state[_kept(name)] = st.query_params[name]
        elif _kept(name) in st.session_state:
            st.query_params[name] = st.session_state[_kept(name)]


def choose_run(run_id: str) -> None:
    """Let the address name this run."""
    st.query_params[RUN] = run_id


def choose_workspace(name: str) -> None:
    """Let the address name this workspace; what was chosen in the one before is forgotten."""
    st.session_state.clear()
    st.query_params.from_dict({WORKSPACE: name})


def go(address: str, **parameters: str) -> None:
    """Open another page; the run of the script ends here."""
    st.switch_page(st.session_state[PAGES][address], query_params=parameters)


def workspaces() -> dict[str, Workspace]:
    """The workspaces that can be looked at, by their name in the address.

    Those that `CIP_WORKSPACE` names, else the working folder's, else the demos'.
    """
    named = os.environ.get(WORKSPACE_VARIABLE)
    if named:
        return _by_name([Workspace(Path(root)) for root in named.split(os.pathsep)])
    try:
        return _by_name([find_workspace(Path())])
    except NotReadyError:
        demos = [Workspace(root.resolve()) for root in DEMOS if Workspace(root).exists()]
        if demos:
            return _by_name(demos)
        raise


def workspace() -> Workspace:
    """The workspace that the address names, else the first.

    Raises: NotFoundError H-110 for another name; NotReadyError S-001 where there is none.
    """
    found = workspaces()
    name = st.query_params.get(WORKSPACE, next(iter(found)))
    if name not in found:
        known = ", ".join(found)
        raise NotFoundError("H-110", f"there is no workspace {name!r} here.", f"one of {known}")
    return find_workspace(found[name].root)


def title(shown: Workspace) -> str:
    """What people call the workspace: the name its current run gives, else its folder's."""
    return _title(str(shown.root))


def results() -> Results:
    """The run that the address names, else the current one; opened once a process."""
    root = str(workspace().root)
    return _opened(root, st.query_params.get(RUN) or _current(root))


def runs() -> list[RunLabel]:
    """Published runs, newest first."""
    return _published(str(workspace().root))


def _kept(name: str) -> str:
    return f"kept_{name}"


def _by_name(found: list[Workspace]) -> dict[str, Workspace]:
    """Each by the name of its folder; a name that comes twice gets a number."""
    named: dict[str, Workspace] = {}
    for each in found:
        name, number = each.root.name, 2
        while name in named:
            name, number = f"{each.root.name}-{number}", number + 1
        named[name] = each
    return named


@st.cache_data(show_spinner=False, ttl=60)
def _title(root: str) -> str:
    try:
        described = _opened(root, _current(root)).summary["workspace"]
    except CipError:
        return Path(root).name
    name = described["name"] or Path(root).name
    is_unsaid = described.get("simulated") and "simulated" not in name.lower()
    return f"{name} (simulated)" if is_unsaid else name


@st.cache_resource(show_spinner=False, max_entries=4)
def _opened(root: str, run_id: str | None) -> Results:
    return open_results(Workspace(Path(root)), run_id, actor=actor())


@st.cache_data(show_spinner=False, ttl=5)
def _current(root: str) -> str | None:
    return current_run_id(Workspace(Path(root)), actor=actor())


@st.cache_data(show_spinner=False, ttl=5)
def _published(root: str) -> list[RunLabel]:
    return published_runs(Workspace(Path(root)), actor=actor())
