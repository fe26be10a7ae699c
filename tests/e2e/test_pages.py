"""Every page in a real browser, on a run that has every part, and on one that has few."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.serving import served

from cip.flows.actors import local_owner
from cip.flows.results import Wanted, cells_by_segment, list_customers, open_results
from cip.flows.threshold import saved_threshold
from cip.settings import Workspace

pytestmark = pytest.mark.browser

PAGES = {
    "": "Who is about to leave",
    "lookup": "",
    "clusters": "Which kinds of customers",
    "performance": "How good is the model",
    "about": "What is this",
}
WAIT = 30_000
PLOTLY = re.compile("plotly", re.IGNORECASE)
OWNER = local_owner()


@dataclass
class Watched:
    """What a page asked for, and what it complained about."""

    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)

    def request(self, url: str) -> None:
        host = re.match(r"(?:https?|wss?)://([^/:]+)", url)
        if host:
            self.hosts.add(host[1])
        if url.endswith(".js"):
            self.scripts.append(url)

    def console(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


Opened = tuple[Page, Watched]


@pytest.fixture(scope="module")
def port(
    whole_workspace: Workspace, simulated_workspace: Workspace, published_workspace: Workspace
) -> Iterator[int]:
    with served(whole_workspace, simulated_workspace, published_workspace) as taken:
        yield taken


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opened]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page, watched = context.new_page(), Watched()
    page.on("request", lambda request: watched.request(request.url))
    page.on("console", watched.console)
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    yield page, watched
    context.close()
    assert watched.complaints == []
    assert watched.hosts == {"127.0.0.1"}


def go(page: Page, port: int, address: str = "", **parameters: str) -> None:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    page.goto(f"http://127.0.0.1:{port}/{address}?{query}")
    expect(page.locator("h1")).to_contain_text(PAGES[address], timeout=WAIT)


def choose_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()


def set_slider(page: Page, label: str, presses: str, times: int) -> None:
    slider = page.get_by_role("slider", name=label)
    for _ in range(times):
        slider.press(presses)


def test_the_menu_leads_to_every_page_and_the_address_keeps_the_workspace(
    opened: Opened, port: int
) -> None:
    page, _ = opened
    go(page, port, workspace="streaming")
    for title, address in (
        ("User Lookup", "lookup"),
        ("Cluster Insights", "clusters"),
        ("Model Performance", "performance"),
        ("About", "about"),
        ("Overview", ""),
    ):
        page.get_by_role("link", name=title, exact=True).click()
        expect(page.locator("h1")).to_contain_text(PAGES[address], timeout=WAIT)
        expect(page.locator(".simulated")).to_be_visible(timeout=WAIT)
        page.wait_for_url(re.compile(rf"/{address}\?.*workspace=streaming"))


def test_the_first_request_of_a_server_may_be_a_link_to_any_page(
    opened: Opened, published_workspace: Workspace
) -> None:
    page, _ = opened
    with served(published_workspace) as port:
        go(page, port, "about")
        expect(page.locator("[data-testid=stSidebar]")).not_to_contain_text("Workspace")


def test_the_switch_changes_the_workspace_and_the_run_with_it(opened: Opened, port: int) -> None:
    page, _ = opened
    go(page, port, "about")
    expect(page.locator(".answer")).to_contain_text("A shop", timeout=WAIT)
    expect(page.locator(".simulated")).to_have_count(0)
    page.get_by_role("combobox", name="Workspace").click()
    page.get_by_role("option", name="A stream (simulated)").click()
    expect(page.locator(".answer")).to_contain_text("simulated rows of A stream", timeout=WAIT)
    page.wait_for_url(re.compile("workspace=streaming"))


def test_a_workspace_that_is_not_served_is_said_so(opened: Opened, port: int) -> None:
    page, _ = opened
    page.goto(f"http://127.0.0.1:{port}/about?workspace=elsewhere")
    expect(page.get_by_role("alert")).to_contain_text("no workspace 'elsewhere'", timeout=WAIT)
    expect(page.locator("h1")).to_have_text("This page cannot be shown")


def test_an_unknown_customer_and_an_unknown_run_are_said_so_below_one_title(
    opened: Opened, port: int
) -> None:
    page, _ = opened
    for address, title in (
        ("lookup?customer=nobody", "Who is this customer?"),
        ("performance?run=never", "This page cannot be shown"),
    ):
        page.goto(f"http://127.0.0.1:{port}/{address}")
        expect(page.get_by_role("alert")).to_contain_text("Nothing was changed", timeout=WAIT)
        expect(page.locator("h1")).to_have_text(title)


def test_a_customer_is_looked_up_without_plotly(
    opened: Opened, port: int, whole_workspace: Workspace
) -> None:
    page, watched = opened
    results = open_results(whole_workspace, actor=OWNER)
    fifth = list_customers(results, Wanted(), actor=OWNER).customers[4]
    go(page, port, "lookup")
    page.get_by_placeholder("Find another customer").fill(fifth.customer_id)
    page.locator(".st-key-hits button").first.click(timeout=WAIT)
    expect(page.locator("h1")).to_have_text(fifth.title, timeout=WAIT)
    expect(page.locator(".st-key-search1 input")).to_have_value("", timeout=WAIT)
    page.wait_for_url(re.compile(f"customer={fifth.customer_id}"))
    expect(page.locator(".kpi")).to_have_count(4)
    expect(page.locator(".kpi").last).to_contain_text("No. 5")
    expect(page.locator(".wf")).to_contain_text("Typical customer")
    expect(page.locator(".st-key-card_who")).to_contain_text(fifth.segment_name or "?")
    assert not any(PLOTLY.search(script) for script in watched.scripts)


def test_the_overview_s_drawer_leads_to_the_full_profile(
    opened: Opened, port: int, whole_workspace: Workspace
) -> None:
    page, watched = opened
    results = open_results(whole_workspace, actor=OWNER)
    first = list_customers(results, Wanted(), actor=OWNER).customers[0]
    go(page, port, customer=first.customer_id)
    page.get_by_role("button", name="Open the full profile").click(timeout=WAIT)
    expect(page.locator("h1")).to_have_text(first.title, timeout=WAIT)
    page.wait_for_url(re.compile(f"/lookup.*customer={first.customer_id}"))
    page.get_by_role("button", name="See everybody in this cell").click()
    expect(page.locator(".st-key-card_list")).to_contain_text(first.priority_segment, timeout=WAIT)
    assert not any(PLOTLY.search(script) for script in watched.scripts)


def test_recommendations_follow_the_sliders_and_say_why(
    opened: Opened, port: int, whole_workspace: Workspace
) -> None:
    page, _ = opened
    results = open_results(whole_workspace, actor=OWNER)
    known, cold = (list_customers(results, Wanted(), actor=OWNER).customers[k] for k in (3, 4))
    go(page, port, "lookup", customer=known.customer_id)
    choose_tab(page, "What would they like next?")
    listed = page.locator(".recs .n")
    expect(listed).to_have_count(10, timeout=WAIT)
    expect(page.locator(".recs")).to_contain_text("because of")
    expect(page.locator(".st-key-card_why .bars")).to_be_visible()
    set_slider(page, "How many", "ArrowLeft", 3)
    expect(listed).to_have_count(7, timeout=WAIT)
    set_slider(page, "Least predicted rating", "ArrowRight", 7)
    expect(listed).to_have_count(2, timeout=WAIT)
    go(page, port, "lookup", customer=cold.customer_id)
    choose_tab(page, "What would they like next?")
    expect(page.locator(".st-key-card_why")).to_contain_text("Popular now, for", timeout=WAIT)
    expect(page.locator(".recs .mark")).to_have_count(0)


def test_every_fact_is_found_by_its_words(opened: Opened, port: int) -> None:
    page, _ = opened
    go(page, port, "lookup")
    choose_tab(page, "Every fact")
    facts = page.locator(".st-key-card_why tbody tr")
    expect(facts).to_have_count(6, timeout=WAIT)
    page.get_by_placeholder("e.g. last 90 days").fill("money 90 days")
    expect(facts).to_have_count(1, timeout=WAIT)
    expect(facts.first).to_contain_text("GBP")


def test_segments_have_personas_and_a_grid_that_lists_one_segment(
    opened: Opened, port: int, whole_workspace: Workspace
) -> None:
    page, _ = opened
    go(page, port, "clusters")
    expect(page.locator(".persona")).to_have_count(5, timeout=WAIT)
    results = open_results(whole_workspace, actor=OWNER)
    items = results.summary["segments"]["items"]
    cells = [cell for cell in cells_by_segment(results, actor=OWNER) if cell["segment"] == 2]
    top = max(cells, key=lambda cell: cell["expected_value_loss"])
    page.get_by_role("combobox", name="Segment").click()
    page.get_by_role("option", name=items[2]["name"]).click()
    expect(page.get_by_text(f"Only {items[2]['name']}: {items[2]['customers']} ")).to_be_visible(
        timeout=WAIT
    )
    listed = page.locator(".st-key-card_list")
    expect(listed).to_contain_text(f"{top['customers']} customers", timeout=WAIT)
    grid = page.locator(".st-key-grid button")
    for cell in cells:
        name = f"st-key-cell_{cell['churn_band']}_{cell['clv_band']}_".lower()
        button = page.locator(f"[class*='{name}'] button").first  # the old one goes at the end
        expect(button).to_contain_text(f"{cell['customers']} customer", timeout=WAIT)
    expect(grid).to_have_count(9, timeout=WAIT)


def test_radar_dots_sizes_and_the_choice_of_k_are_drawn(opened: Opened, port: int) -> None:
    page, _ = opened
    go(page, port, "clusters")
    choose_tab(page, "How do they differ?")
    expect(page.locator(".st-key-radar .polar")).to_be_visible(timeout=WAIT)
    expect(page.locator(".st-key-radar .polarlayer .trace")).to_have_count(4)
    expect(page.locator(".st-key-dots .scatterlayer .point").first).to_be_visible()
    choose_tab(page, "How big are they?")
    expect(page.locator(".st-key-card_sizes tbody tr")).to_have_count(5, timeout=WAIT)
    expect(page.locator(".st-key-card_stake .bars .b")).to_have_count(5)
    choose_tab(page, "Why this many?")
    expect(page.locator(".st-key-card_number")).to_contain_text("5 chosen", timeout=WAIT)


def test_curves_and_the_comparison_and_the_labels_are_shown(opened: Opened, port: int) -> None:
    page, _ = opened
    go(page, port, "performance")
    for figure in ("roc", "pr", "calibration"):
        expect(page.locator(f".st-key-{figure} .scatterlayer")).to_be_visible(timeout=WAIT)
    choose_tab(page, "Which model?")
    models = page.locator(".st-key-card_models tbody tr")
    expect(models.last).to_contain_text("Accuracy", timeout=WAIT)
    expect(page.locator(".st-key-card_labels")).to_contain_text("cross-validation")
    expect(page.locator(".st-key-card_sensitivity")).to_contain_text("With 28 days 68")
    choose_tab(page, "What moves the risk?")
    expect(page.locator(".st-key-card_moves .bars .b")).to_have_count(3, timeout=WAIT)


def test_a_threshold_is_weighed_saved_and_read_back(
    opened: Opened, port: int, whole_workspace: Workspace
) -> None:
    page, _ = opened
    go(page, port, "performance")
    choose_tab(page, "Where to draw the line?")
    card, today = page.locator(".st-key-card_line"), page.locator(".st-key-card_today")
    expect(card).to_contain_text("From 50", timeout=WAIT)
    set_slider(page, "Flag every customer from a risk of", "ArrowLeft", 8)
    expect(card).to_contain_text("From 42", timeout=WAIT)
    p = open_results(whole_workspace, actor=OWNER).tables.columns("test_predictions")
    caught = int(((p["p_churn"] >= 0.42) & p["churned"]).sum())
    expect(card.locator(".hit").first).to_contain_text(str(caught))
    counts = [int(text) for text in card.locator(".four b").all_inner_texts()]
    assert sum(counts) == len(p["churned"])
    page.get_by_role("button", name="Save this threshold").click()
    expect(today).to_contain_text("Saved: 42", timeout=WAIT)
    saved = saved_threshold(whole_workspace, actor=OWNER)
    assert saved is not None
    assert saved.value == 0.42
    go(page, port, "performance")
    choose_tab(page, "Where to draw the line?")
    expect(card).to_contain_text("From 42", timeout=WAIT)


def test_costs_move_the_line_and_the_money_and_leave_the_saved_threshold_alone(
    opened: Opened, port: int, whole_workspace: Workspace
) -> None:
    page, _ = opened
    before = saved_threshold(whole_workspace, actor=OWNER)
    go(page, port, "performance")
    expect(page.locator(".verdict", has_text="Probabilities")).to_contain_text(
        "calibrated", timeout=WAIT
    )
    choose_tab(page, "Where to draw the line?")
    card = page.locator(".st-key-card_profit")
    expect(card.locator("h4")).to_contain_text("Best by profit: from a risk of", timeout=WAIT)
    expect(card).to_contain_text("As many at random")
    stored = card.locator("h4").inner_text()
    cost = page.get_by_label("A contact costs, GBP")
    cost.fill("30")
    cost.press("Enter")
    expect(card).to_contain_text("Counted again with your figures", timeout=WAIT)
    expect(card.locator("h4")).not_to_contain_text(stored)
    cost.fill("500")
    cost.press("Enter")
    expect(card.locator("h4")).to_contain_text("no contact pays", timeout=WAIT)
    assert saved_threshold(whole_workspace, actor=OWNER) == before


def test_lists_are_held_against_what_is_popular_by_length_of_history(
    opened: Opened, port: int
) -> None:
    page, _ = opened
    go(page, port, "performance")
    choose_tab(page, "Are the lists any good?")
    card = page.locator(".st-key-card_lists")
    expect(card).to_contain_text("199 of 240 items are on somebody's list", timeout=WAIT)
    cold = page.locator(".st-key-card_cold")
    expect(cold).to_contain_text("With nothing known, NDCG is 0.031")
    expect(cold).to_contain_text("Show them what is popular")
    set_slider(page, "Interactions known of a customer", "ArrowRight", 3)
    expect(cold).to_contain_text("With 10+ interactions known, NDCG is 0.127", timeout=WAIT)
    expect(cold).to_contain_text("Show them their own list")


def test_lists_that_are_not_served_are_not_shown_as_if_they_were(
    opened: Opened, port: int, simulated_workspace: Workspace
) -> None:
    page, _ = opened
    results = open_results(simulated_workspace, actor=OWNER)
    known = list_customers(results, Wanted(), actor=OWNER).customers[3]
    go(page, port, "performance", workspace="streaming")
    choose_tab(page, "Are the lists any good?")
    card = page.locator(".st-key-card_lists")
    expect(card.locator("th.on").first).to_have_text("Popular now", timeout=WAIT)
    expect(card).to_contain_text("tried, not served")
    expect(card).to_contain_text("12 of 240 items are on somebody's list")
    expect(card).not_to_contain_text("Recent popularity:")
    set_slider(page, "Interactions known of a customer", "ArrowRight", 3)
    expect(page.locator(".st-key-card_cold .do")).to_contain_text("They are shown what is popular")
    go(page, port, "lookup", workspace="streaming", customer=known.customer_id)
    choose_tab(page, "What would they like next?")
    least = page.get_by_role("slider", name="Least predicted rating")
    expect(least).to_be_disabled(timeout=WAIT)
    ratings = page.locator(".st-key-card_why .verdict", has_text="Ratings")
    expect(ratings).to_contain_text("no signal")


def test_what_was_chosen_in_a_tab_is_still_chosen_after_another_tab(
    opened: Opened, port: int
) -> None:
    page, _ = opened
    go(page, port, "performance")
    choose_tab(page, "Where to draw the line?")
    title = page.locator(".st-key-card_line h4")
    expect(title).to_contain_text("From", timeout=WAIT)
    set_slider(page, "Flag every customer from a risk of", "ArrowRight", 7)
    slider = page.get_by_role("slider", name="Flag every customer from a risk of")
    chosen = f"From {slider.get_attribute('aria-valuetext')} up"
    expect(title).to_contain_text(chosen, timeout=WAIT)
    choose_tab(page, "Are the lists any good?")
    expect(page.locator(".st-key-card_cold")).to_be_visible(timeout=WAIT)
    choose_tab(page, "Where to draw the line?")
    expect(title).to_contain_text(chosen, timeout=WAIT)
    go(page, port, "lookup")
    choose_tab(page, "What would they like next?")
    expect(page.locator(".recs .n")).to_have_count(10, timeout=WAIT)
    set_slider(page, "How many", "ArrowLeft", 3)
    expect(page.locator(".recs .n")).to_have_count(7, timeout=WAIT)
    choose_tab(page, "Every fact")
    expect(page.locator(".st-key-facts")).to_be_visible(timeout=WAIT)
    choose_tab(page, "What would they like next?")
    expect(page.locator(".recs .n")).to_have_count(7, timeout=WAIT)
    go(page, port, "clusters")
    page.get_by_role("combobox", name="Segment").click(timeout=WAIT)
    page.get_by_role("option").nth(3).click()
    note = page.get_by_text(re.compile(r"^Only .*: \d+ customers\.$"))
    expect(note).to_be_visible(timeout=WAIT)
    chosen = note.inner_text()
    choose_tab(page, "How big are they?")
    expect(page.locator(".st-key-card_sizes")).to_be_visible(timeout=WAIT)
    choose_tab(page, "Where is the value at risk?")
    expect(page.get_by_text(chosen)).to_be_visible(timeout=WAIT)


def test_all_models_are_seen_at_once_and_validation_on_demand(opened: Opened, port: int) -> None:
    page, _ = opened
    go(page, port, "performance")
    choose_tab(page, "Which model?")
    box = page.locator(".st-key-card_models .wide")
    expect(box).to_have_attribute("tabindex", "0", timeout=WAIT)
    assert box.evaluate("box => box.scrollWidth <= box.clientWidth")
    expect(box).not_to_contain_text("v 0")
    page.get_by_text("Show the validation date as well").click()
    expect(box).to_contain_text("v 0", timeout=WAIT)
    assert box.evaluate("box => box.scrollWidth <= box.clientWidth")


def test_about_tells_sources_findings_words_and_versions(opened: Opened, port: int) -> None:
    page, _ = opened
    go(page, port, "about")
    expect(page.locator(".st-key-card_data")).to_contain_text("retail.parquet", timeout=WAIT)
    expect(page.locator(".st-key-card_data")).to_contain_text("C-110")
    expect(page.locator(".st-key-card_words")).to_contain_text("no purchase", ignore_case=True)
    expect(page.locator(".st-key-card_run")).to_contain_text("0.1.0")
    page.get_by_role("button", name="See who is about to leave").click()
    expect(page.locator("h1")).to_contain_text("Who is about to leave", timeout=WAIT)


def test_without_a_signal_no_page_shows_a_score(opened: Opened, port: int) -> None:
    page, _ = opened
    go(page, port, "lookup", workspace="streaming")
    expect(page.locator(".kpi").first).to_contain_text("not shown", timeout=WAIT)
    expect(page.locator(".wf")).to_have_count(0)
    expect(page.locator(".st-key-card_who")).not_to_contain_text("churn")
    go(page, port, "clusters", workspace="streaming")
    expect(page.locator(".persona").first).not_to_contain_text("risk", timeout=WAIT)
    expect(page.get_by_text("No risk is shown")).to_be_visible(timeout=WAIT)
    page.get_by_role("button", name="See the evidence").click()
    expect(page.locator("h1")).to_contain_text(PAGES["performance"], timeout=WAIT)
    choose_tab(page, "Where to draw the line?")
    expect(page.get_by_role("button", name="Save this threshold")).to_be_disabled(timeout=WAIT)


def test_a_run_without_the_newer_parts_says_what_is_missing(
    opened: Opened, port: int, published_workspace: Workspace
) -> None:
    page, _ = opened
    name = published_workspace.root.name
    go(page, port, "lookup", workspace=name)
    expect(page.locator(".wf")).to_be_visible(timeout=WAIT)
    choose_tab(page, "What would they like next?")
    expect(page.get_by_text("No list for this customer")).to_be_visible(timeout=WAIT)
    choose_tab(page, "Every fact")
    expect(page.get_by_text("No facts kept")).to_be_visible(timeout=WAIT)
    go(page, port, "clusters", workspace=name)
    expect(page.locator(".answer")).to_contain_text("This run has no segments", timeout=WAIT)
    expect(page.locator(".st-key-grid button")).to_have_count(9)
    go(page, port, "performance", workspace=name)
    expect(page.get_by_text("No curves kept")).to_be_visible(timeout=WAIT)
    choose_tab(page, "Where to draw the line?")
    expect(page.get_by_text("No outcome kept")).to_be_visible(timeout=WAIT)
    choose_tab(page, "Which model?")
    expect(page.locator(".st-key-card_models")).to_be_visible(timeout=WAIT)
    expect(page.locator(".st-key-card_labels")).to_have_count(0)
    choose_tab(page, "Are the lists any good?")
    expect(page.get_by_text("This run made no recommendations")).to_be_visible(timeout=WAIT)
    go(page, port, "about", workspace=name)
    expect(page.locator(".st-key-card_words")).to_be_visible(timeout=WAIT)
