"""What a contact costs is one figure on the page, that of the run."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from cip.flows.actors import local_owner
from cip.flows.results import open_results
from cip.settings import WORKSPACE_VARIABLE, Workspace

pytestmark = [
    pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def _performance() -> None:
    from cip.faces.dashboard.screens import performance

    performance.page()


def test_the_line_and_the_profit_below_it_count_with_one_cost_of_a_contact(
    whole_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = open_results(whole_workspace, actor=local_owner())
    costs = results.summary["churn"]["profit"]["costs"]
    results.lookup.close()
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(whole_workspace.root))
    app = AppTest.from_function(_performance, default_timeout=60)
    app.session_state["performance_view"] = "Where to draw the line?"
    app.run()
    assert not app.exception
    asked = [field for field in app.number_input if "contact costs" in field.label.lower()]
    assert [field.value for field in asked] == [pytest.approx(costs["contact"], abs=0.01)]
    said = " ".join(str(block.proto.body) for block in app.get("html"))
    assert f"{costs['contact']:,.2f} GBP each, offers not counted" in said.replace("\u00a0", " ")
