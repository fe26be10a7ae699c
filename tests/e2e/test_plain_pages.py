"""Every page opens on a run of one customer table without time, and says what it cannot know."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.serving import served
from tests.forked import Cip
from tests.plain import MONEY, plain_toml

from cip.flows.actors import local_owner
from cip.flows.results import Wanted, list_customers, open_results
from cip.settings import Workspace
from cip.worlds.plain import PlainConfig, simulate_plain

pytestmark = pytest.mark.browser

WAIT = 30_000
OWNER = local_owner()
CONFIG = plain_toml(["logistic_regression", "lightgbm"], more="[segments]\nk = 3\n")


def made(cip: Cip, root: Path, more: str = "", **world: float) -> Workspace:
    root.mkdir()
    simulated = simulate_plain(PlainConfig(customers=900, **world))
    pacsv.write_csv(pa.table(dict(simulated.columns)), root / "table.csv")
    (root / "cip.toml").write_text(CONFIG + more, encoding="utf-8")
    ended = cip("run", "-w", root)
    assert ended.returncode == 0, ended.stderr
    return Workspace(root)


@pytest.fixture(scope="module")
def workspaces(tmp_path_factory: pytest.TempPathFactory, cip: Cip) -> dict[str, Workspace]:
    folder = tmp_path_factory.mktemp("plain")
    return {
        "worth": made(cip, folder / "worth", MONEY),
        "bare": made(cip, folder / "bare"),
        "nothing": made(cip, folder / "nothing", MONEY, strength=0.0),
    }


@pytest.fixture(scope="module")
def port(workspaces: dict[str, Workspace]) -> Iterator[int]:
    with served(*workspaces.values()) as taken:
        yield taken


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []


def go(page: Page, port: int, address: str, **parameters: str) -> None:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    page.goto(f"http://127.0.0.1:{port}/{address}?{query}")
    expect(page.locator("h1").first).to_be_visible(timeout=WAIT)
    expect(page.locator("[data-testid=stStatusWidget]")).to_have_count(0, timeout=WAIT)


def is_whole(page: Page) -> None:
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def choose(page: Page, tab: str) -> None:
    """Streamlit forgets a click that comes while it still draws the tab before: click again."""
    wanted = page.get_by_role("tab", name=tab)
    expect(wanted).to_be_visible(timeout=WAIT)
    for _ in range(5):
        wanted.click()
        with suppress(AssertionError):
            expect(wanted).to_have_attribute("aria-selected", "true", timeout=WAIT / 5)
            return
    expect(wanted).to_have_attribute("aria-selected", "true")


TABS = {
    "": ("Where is it at stake?", "How sure are we?"),
    "lookup": ("Why this risk?", "What would they like next?", "Every fact"),
    "clusters": (
        "Where is the value at risk?",
        "How do they differ?",
        "How big are they?",
        "Why this many?",
    ),
    "performance": (
        "Can it be believed?",
        "Where to draw the line?",
        "Which model?",
        "What moves the risk?",
        "Are the lists any good?",
    ),
    "about": (),
}


@pytest.mark.parametrize("name", ["worth", "bare", "nothing"])
@pytest.mark.parametrize("address", list(TABS))
def test_every_view_of_every_page_opens(page: Page, port: int, name: str, address: str) -> None:
    go(page, port, address, workspace=name)
    expect(page.get_by_text("One customer table without time: every")).to_be_visible(timeout=WAIT)
    is_whole(page)
    for tab in () if (name, address) == ("nothing", "") else TABS[address]:
        choose(page, tab)
        expect(page.locator("[data-testid=stStatusWidget]")).to_have_count(0, timeout=WAIT)
        is_whole(page)
    text = page.locator("body").inner_text()
    assert not {"None", "nan"} & set(text.splitlines())


def test_the_data_page_opens(page: Page, port: int) -> None:
    go(page, port, "data", workspace="worth")
    page.wait_for_timeout(1_000)
    is_whole(page)


def test_the_front_page_says_what_cannot_be_known(page: Page, port: int) -> None:
    go(page, port, "", workspace="worth")
    page.get_by_role("tab", name="How sure are we?").click()
    said = page.locator(".st-key-card_unknown")
    expect(said).to_contain_text("When somebody leaves", timeout=WAIT)
    expect(said).to_contain_text("control group")


def test_without_a_value_the_bands_of_risk_list_who_is_still_here(
    page: Page, port: int, workspaces: dict[str, Workspace]
) -> None:
    go(page, port, "", workspace="bare")
    expect(page.get_by_text("what they are worth is not known")).to_be_visible(timeout=WAIT)
    page.locator(".st-key-grid button").nth(1).click()
    results = open_results(workspaces["bare"], actor=OWNER)
    medium = list_customers(results, Wanted(churn_band="Medium"), actor=OWNER)
    expect(page.locator(".st-key-card_list h4").first).to_contain_text(
        f"{medium.totals.customers} customers", timeout=WAIT
    )
    assert not any(customer.has_left for customer in medium.customers)


def test_who_has_left_is_shown_as_such(
    page: Page, port: int, workspaces: dict[str, Workspace]
) -> None:
    results = open_results(workspaces["worth"], actor=OWNER)
    gone = list_customers(results, Wanted(churn_band="Left already"), actor=OWNER).customers[0]
    go(page, port, "lookup", workspace="worth", customer=gone.customer_id)
    expect(page.locator("h1")).to_contain_text(gone.customer_id)
    expect(page.get_by_text("Has left already.", exact=True)).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("Nothing to keep:")).to_be_visible()
    is_whole(page)
