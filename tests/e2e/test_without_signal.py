"""The pages of a run whose churn model shows no signal and whose customers are invented."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from tests.unit.contract.lines import LINES

from cip.flows import invented
from cip.settings import WORKSPACE_VARIABLE, Workspace

pytestmark = [
    pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
SIGNAL = "It is not shown to rank better than a coin."


def _overview() -> None:
    from cip.faces.dashboard.screens import overview

    overview.page()


def _lookup() -> None:
    from cip.faces.dashboard.screens import lookup

    lookup.page()


def _clusters() -> None:
    from cip.faces.dashboard.screens import clusters

    clusters.page()


def _performance() -> None:
    from cip.faces.dashboard.screens import performance

    performance.page()


def _data() -> None:
    from cip.faces.dashboard.screens import data

    data.page()


def _unknown() -> None:
    import streamlit as st

    from cip.errors import NotFoundError
    from cip.faces.dashboard.screens import lookup

    st.query_params["customer"] = "nobody"
    try:
        lookup.page()
    except NotFoundError:
        st.html("F-202")


def said(page: Any, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, **state: str) -> str:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.root))
    app = AppTest.from_function(page, default_timeout=60)
    for name, value in state.items():
        app.session_state[name] = value
    app.run()
    assert not app.exception
    return " ".join(str(block.proto.body) for block in app.get("html"))


@pytest.mark.parametrize("page", [_overview, _lookup, _clusters])
def test_the_sentence_of_the_verdict_stands_once_beside_its_evidence(
    page: Any, simulated_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = said(page, simulated_workspace, monkeypatch)
    assert html.count(SIGNAL) == 1
    assert "no signal</span>" in html


def test_a_view_without_the_evidence_keeps_the_sentence_in_the_header(
    simulated_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = said(_lookup, simulated_workspace, monkeypatch, lookup_view="Every fact")
    assert html.count(SIGNAL) == 1
    assert "more than a coin." not in html
    assert "more than a coin." in said(_lookup, simulated_workspace, monkeypatch)


def test_a_customer_who_is_not_found_leaves_the_verdicts_in_sight(
    simulated_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = said(_unknown, simulated_workspace, monkeypatch)
    assert "F-202" in html
    assert "no signal</span>" in html
    assert "<b>Value</b>" in html
    assert invented.note({"simulated": True}) in html


def test_the_data_page_has_the_verdicts_and_the_note_of_the_run_there_is(
    simulated_workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = copytree(simulated_workspace.root, tmp_path / "stream")
    settings = LINES.replace('currency = "GBP"', 'currency = "GBP"\nsimulated = true')
    (root / "cip.toml").write_text(f'{settings}columns.amount = "price"\n', encoding="utf-8")
    html = said(_data, Workspace(root), monkeypatch)
    assert "no signal</span>" in html
    assert "<b>Value</b>" in html
    assert invented.note({"simulated": True}) in html


def test_the_segments_show_no_value_without_its_verdict_nor_shapes_by_what_is_at_stake(
    simulated_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = said(_clusters, simulated_workspace, monkeypatch, clusters_view="How do they differ?")
    assert "<b>Value</b>" in html
    assert "most at stake" not in html
    assert "the largest segments" in html


def test_performance_says_it_in_the_answer_itself_and_nothing_is_shown_to_move_the_risk(
    simulated_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = said(_performance, simulated_workspace, monkeypatch)
    assert "<b>No signal.</b>" in html
    assert "not shown to be better than chance" in html


def test_what_is_claimed_of_the_truth_is_what_the_settings_declare() -> None:
    assert invented.note({"simulated": False}) == invented.note({}) == ""
    assert "truth" not in invented.note({"simulated": True})
    assert "truth is known" in invented.note({"simulated": True, "truth_known": True})
