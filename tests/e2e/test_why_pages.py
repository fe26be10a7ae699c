"""The pages that say why: by themselves, and in a real browser where somebody moves something."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from streamlit.testing.v1 import AppTest
from tests.e2e import conftest, whole_run, whole_why
from tests.e2e.serving import served
from tests.e2e.test_pages import WAIT, choose_tab, go, set_slider

from cip.faces.dashboard.parts import values
from cip.flows import live as asked
from cip.flows.actors import local_owner
from cip.flows.compared import against_segment
from cip.flows.results import Results, Wanted, find_customer, list_customers, open_results
from cip.settings import WORKSPACE_VARIABLE, Workspace
from cip.types import FeatureInfo
from cip.wording import THIN

pytestmark = [
    pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
OWNER = local_owner()


def why_run(root: Path, name: str = "lightgbm") -> Workspace:
    workspace, table = Workspace(root), whole_run.with_segments(conftest.customers())
    said = whole_why.parts(table, name)
    churn = conftest.churn(table.to_pylist()) | {
        "features": whole_run.features_in_words(),
        "importance": said.pop("importance"),
        "champion": name,
    }
    parts = {"churn": churn, **whole_run.parts(table), **said}
    conftest.publish(
        workspace, table, parts, whole=True, more=lambda at, t: whole_why.write(at, t, name)
    )
    return workspace


@pytest.fixture(scope="module")
def why_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return why_run(tmp_path_factory.mktemp("why") / "shop")


@pytest.fixture
def results(why_workspace: Workspace) -> Iterator[Results]:
    opened = open_results(why_workspace, actor=OWNER)
    yield opened
    opened.lookup.close()


def _lookup() -> None:
    from cip.faces.dashboard.screens import lookup

    lookup.page()


def _clusters() -> None:
    from cip.faces.dashboard.screens import clusters

    clusters.page()


def _performance() -> None:
    from cip.faces.dashboard.screens import performance

    performance.page()


def shown(
    page: Any, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, **state: str
) -> AppTest:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.root))
    app = AppTest.from_function(page, default_timeout=60)
    app.query_params["customer"] = in_a_segment(workspace)
    for name, value in state.items():
        app.session_state[name] = value
    app.run()
    assert not app.exception
    return app


def in_a_segment(workspace: Workspace) -> str:
    results = open_results(workspace, actor=OWNER)
    return list_customers(results, Wanted(segment=1), actor=OWNER).customers[0].customer_id


def said(app: AppTest) -> str:
    return " ".join(str(block.proto.body) for block in app.get("html"))


CHANGE = "What would change it?"


def test_a_moved_fact_moves_the_risk_and_says_by_how_much(
    why_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = shown(_lookup, why_workspace, monkeypatch, lookup_view=CHANGE)
    assert "As it is, the risk is" in said(app)
    assert "A model is not a cause" in said(app)
    slider = next(s for s in app.slider if s.label.startswith("Days from the last purchase"))
    slider.set_value(int(slider.max)).run()
    assert not app.exception
    assert re.search(r"The risk would be [\d.]+", said(app))
    assert "As it would be" in said(app)
    app.button(key="whatif_back").click().run()
    assert "As it is, the risk is" in said(app)


def test_the_answer_on_the_page_is_that_of_the_published_model(results: Results) -> None:
    live = asked.open_live(results, actor=OWNER)
    assert not isinstance(live, str)
    first = list_customers(results, Wanted(), actor=OWNER, size=1).customers[0].customer_id
    known = asked.values_of(live, first, actor=OWNER)
    assert known is not None
    answer = asked.try_changes(live, known, {"recency_days": 1.0})
    assert answer.p_after == live.model.predict(_frame({**known, "recency_days": 1.0}))[0]
    assert sum(answer.points.values()) == pytest.approx(answer.p_after - answer.p_before)


def _frame(values: dict[str, Any]) -> Any:
    import numpy as np

    from cip.types import FeatureFrame

    columns = {
        n: np.array([v], dtype=object if isinstance(v, str | None) else float)
        for n, v in values.items()
    }
    return FeatureFrame(np.array(["x"], dtype=object), np.zeros(1, "datetime64[us]"), columns)


def test_the_nearest_change_keeps_to_what_the_business_declared(results: Results) -> None:
    live = asked.open_live(results, actor=OWNER)
    assert not isinstance(live, str)
    found = 0
    for customer in list_customers(results, Wanted(), actor=OWNER, size=20).customers:
        known = asked.values_of(live, customer.customer_id, actor=OWNER)
        assert known is not None
        now = asked.try_changes(live, known, {}).p_before
        nearest = asked.nearest_change(live, known, now - 0.05)
        if nearest.what_if is None or not nearest.reaches:
            continue
        found += 1
        assert nearest.what_if.p_after < now - 0.05
        assert set(nearest.changes) <= set(whole_why.CHANGEABLE)
        if "recency_days" in nearest.changes:
            assert 1 <= float(nearest.changes["recency_days"]) < float(known["recency_days"] or 0)
        if "spend_90d" in nearest.changes:
            assert float(known["spend_90d"] or 0) < float(nearest.changes["spend_90d"]) <= 500
    assert found > 3


def test_beside_the_nearest_change_stands_what_each_fact_does_alone(
    results: Results, why_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = asked.open_live(results, actor=OWNER)
    assert not isinstance(live, str)
    customer = list_customers(results, Wanted(segment=1), actor=OWNER).customers[0]
    known = asked.values_of(live, customer.customer_id, actor=OWNER)
    assert known is not None
    found = asked.nearest_change(live, known, 0.01)
    now = asked.try_changes(live, known, {}).p_before
    assert len(found.alone) == 2
    for one in found.alone:
        assert len(one.changes) == 1
        assert one.p_after == pytest.approx(asked.try_changes(live, known, one.changes).p_after)
        assert one.p_after < now
    assert [one.p_after for one in found.alone] == sorted(one.p_after for one in found.alone)
    app = shown(_lookup, why_workspace, monkeypatch, lookup_view=CHANGE)
    assert "Each of these facts by itself" in said(app)


def test_reasons_against_the_segment_end_at_the_customer_s_risk(results: Results) -> None:
    live = asked.open_live(results, actor=OWNER)
    assert not isinstance(live, str)
    listed = list_customers(results, Wanted(segment=1), actor=OWNER).customers
    customer = find_customer(results, listed[0].customer_id, actor=OWNER)
    theirs = against_segment(results, customer, live, actor=OWNER)
    assert theirs is not None
    total = theirs.start + sum(reason.points for reason in theirs.reasons) + theirs.rest
    assert total == pytest.approx(customer.p_churn)


def test_a_customer_is_compared_with_their_segment_when_asked(
    why_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = shown(_lookup, why_workspace, monkeypatch)
    assert "Typical customer" in said(app)
    app.segmented_control(key="against").set_value(True).run()
    assert not app.exception
    assert "Mean of the segment" in said(app)
    for view in (CHANGE, "Why this risk?"):  # the choice outlives another view
        app.session_state["lookup_view"] = view
        app.run()
    assert app.segmented_control(key="against").value is True


def test_what_drives_a_segment_is_said_against_the_rest(
    why_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = shown(_clusters, why_workspace, monkeypatch, clusters_view="What drives their risk?")
    assert "points higher than everybody else" in said(app) or "points lower" in said(app)
    assert said(app).count("Everybody else") >= 2
    box = app.selectbox(key="driver_segment")
    other = next(number for number in (1, 2, 3) if number != box.value)
    box.set_value(other).run()
    for view in ("How big are they?", "What drives their risk?"):
        app.session_state["clusters_view"] = view
        app.run()
    assert app.selectbox(key="driver_segment").value == other


def test_importance_swarm_dependence_and_pairs_are_drawn(
    why_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = shown(_performance, why_workspace, monkeypatch, performance_view="What moves the risk?")
    assert "95" in said(app)
    assert "of risk for nine of ten customers" in said(app)
    assert "Friedman and Popescu" in said(app)
    assert len(app.get("plotly_chart")) == 2
    box = app.selectbox(key="dependence_fact")
    for option in box.options:
        box.select(option).run()
        assert not app.exception


def test_groups_are_compared_without_a_verdict(
    why_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said(shown(_performance, why_workspace, monkeypatch))
    assert "Is the model as good for every group?" in text
    assert "The model reads country itself" in text
    assert "The model does not read age" in text
    assert "described, not judged" in text
    assert "United Kingdom" in text


def test_a_run_of_before_says_that_a_new_one_adds_the_rest(
    whole_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for = (
        (_lookup, {"lookup_view": CHANGE}, "Run again to have them"),
        (_lookup, {}, "A new run adds the comparison"),
        (_clusters, {"clusters_view": "What drives their risk?"}, "A new run adds it"),
        (_performance, {"performance_view": "What moves the risk?"}, "A new run adds"),
        (_performance, {}, "made before CIP compared groups"),
    )
    for page, state, words in asked_for:
        assert words in said(shown(page, whole_workspace, monkeypatch, **state))


def test_without_a_signal_nothing_is_asked_of_the_model(
    simulated_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = shown(_lookup, simulated_workspace, monkeypatch, lookup_view=CHANGE)
    assert "it has no answer" in said(app)
    assert not app.slider


def test_a_linear_model_says_that_it_adds_its_facts_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = why_run(tmp_path / "linear", "logistic_regression")
    app = shown(_performance, workspace, monkeypatch, performance_view="What moves the risk?")
    assert "No two facts work together: the model adds them up" in said(app)


def test_a_tampered_model_answers_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = why_run(tmp_path / "tampered")
    (encoder,) = workspace.published.rglob("model/encoder.json")
    said_before = json.loads(encoder.read_text(encoding="utf-8"))
    encoder.write_text(json.dumps(said_before | {"style": "spline"}), encoding="utf-8")
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.root))
    app = AppTest.from_function(_lookup, default_timeout=60)
    app.session_state["lookup_view"] = CHANGE
    app.run()
    assert app.exception


@pytest.fixture(scope="module")
def page_of(browser: Browser, why_workspace: Workspace) -> Iterator[tuple[Page, int]]:
    with served(why_workspace) as port:
        yield browser.new_context(viewport={"width": 1440, "height": 1000}).new_page(), port


@pytest.mark.browser
def test_a_slider_moves_the_risk_at_once(page_of: tuple[Page, int]) -> None:
    page, port = page_of
    go(page, port, "lookup")
    choose_tab(page, CHANGE)
    card = page.locator(".st-key-card_why")
    expect(card).to_contain_text("As it is, the risk is", timeout=WAIT)
    set_slider(page, "Days from the last purchase day to the cutoff", "End", 1)
    expect(card).to_contain_text("The risk would be", timeout=WAIT)
    expect(card.locator(".wf").first).to_contain_text("As it would be")
    page.get_by_role("button", name="Back to how it is").click()
    expect(card).to_contain_text("As it is, the risk is", timeout=WAIT)


@pytest.mark.browser
def test_the_swarm_and_the_dependence_are_drawn_in_a_browser(page_of: tuple[Page, int]) -> None:
    page, port = page_of
    go(page, port, "performance")
    expect(page.locator(".st-key-card_groups tbody tr").first).to_be_visible(timeout=WAIT)
    choose_tab(page, "What moves the risk?")
    expect(page.locator(".st-key-swarm .scatterlayer .point").first).to_be_visible(timeout=WAIT)
    expect(page.locator(".st-key-dependence .scatterlayer .point").first).to_be_visible()


def test_a_fact_is_named_by_its_phrase_with_the_value_in_it() -> None:
    info = FeatureInfo(
        "purchase_days_28d", "number", "days", "Distinct days with a purchase.",
        "Bought on {v} days in the last 28 days (typical {usual})", "purchase days", 28,
    )  # fmt: skip
    assert values.short(info) == "Bought on … days in the last 28 days"
    assert values.from_to(0.0, 4.0, info) == "Bought on 0 → 4 days in the last 28 days"
    assert values.lower(replace(info, phrase="{v} ({usual})")) == "distinct days with a purchase"
    plan = replace(info, phrase="Contract is {v} (typical {usual})")
    assert values.short(plan) == "Contract"
    assert values.from_to("Monthly", "Two year", plan) == "Contract is Monthly → Two year"
    pays = replace(info, phrase="Monthly charges: {v} USD (typical {usual})")
    assert values.short(pays) == "Monthly charges, USD"
    share = replace(info, unit="share", phrase="{v} of all was at a weekend (typical {usual})")
    assert values.from_to(0.25, None, share) == f"25.0{THIN}% → not known of all was at a weekend"
