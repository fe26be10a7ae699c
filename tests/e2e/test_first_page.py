"""The first page in a real browser, served as `cip serve` serves it."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Browser, Page, expect
from streamlit.testing.v1 import AppTest

from cip.faces.serve import SCRIPT
from cip.flows.actors import local_owner
from cip.flows.results import Results, open_results
from cip.settings import Workspace

QUESTION = "Who is about to leave, and what is at stake?"
HEADER_PIXELS, ROW_PIXELS = 38, 32
WAIT = 30_000


@dataclass
class Watched:
    """What a page asked for, and what it complained about."""

    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def port(published_workspace: Workspace) -> Iterator[int]:
    command = [sys.executable, "-m", "cip", "serve", "-w", str(published_workspace.root)]
    with subprocess.Popen(
        [*command, "--port", "0"], stdout=subprocess.PIPE, text=True, cwd=published_workspace.root
    ) as server:
        assert server.stdout is not None
        said = server.stdout.readline()
        yield int(re.findall(r":(\d+)", said)[0])
        server.terminate()


@pytest.fixture
def opened(browser: Browser, port: int) -> Iterator[tuple[Page, Watched]]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page, watched = context.new_page(), Watched()
    page.on("request", lambda request: _note_host(watched, request.url))
    page.on("console", lambda message: _note_complaint(watched, message))
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.goto(f"http://127.0.0.1:{port}/")
    expect(page.get_by_role("heading", name=QUESTION)).to_be_visible(timeout=WAIT)
    yield page, watched
    context.close()


def _note_host(watched: Watched, url: str) -> None:
    host = re.match(r"(?:https?|wss?)://([^/:]+)", url)
    if host:
        watched.hosts.add(host[1])


def _note_complaint(watched: Watched, message: Any) -> None:
    if message.type == "error":
        watched.complaints.append(message.text)


def results(workspace: Workspace) -> Results:
    return open_results(workspace, actor=local_owner())


def costliest(found: Results) -> dict[str, Any]:
    cells: list[dict[str, Any]] = found.summary["cells"]
    return max(cells, key=lambda cell: cell["expected_value_loss"])


def points(text: str) -> float:
    return float(text.replace("\u202f%", "").replace("−", "-"))


def open_row(page: Page, row: int) -> None:
    grid = page.locator("[data-testid=stDataFrame] canvas").first
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 60, box["y"] + HEADER_PIXELS + ROW_PIXELS * row + ROW_PIXELS // 2)


@pytest.mark.browser
def test_the_page_answers_its_question_with_numbers_and_a_verdict(
    opened: tuple[Page, Watched], published_workspace: Workspace
) -> None:
    page, watched = opened
    totals = results(published_workspace).summary["totals"]
    answer = page.locator(".answer")
    expect(answer).to_contain_text(f"{totals['at_risk_customers']} of {totals['customers']}")
    expect(page.locator(".verdict").first).to_contain_text("useful")
    expect(page.locator(".verdict").first).to_contain_text("ROC-AUC 0.74 (0.72–0.76)")
    expect(page.locator(".kpi")).to_have_count(4)
    expect(page.locator("[data-testid=stDataFrame]")).to_be_visible(timeout=WAIT)
    assert watched.complaints == []
    assert watched.hosts == {"127.0.0.1"}


@pytest.mark.browser
def test_a_cell_lists_its_customers_and_a_row_opens_the_customer(
    opened: tuple[Page, Watched], published_workspace: Workspace
) -> None:
    page, watched = opened
    found = results(published_workspace)
    top = costliest(found)
    listed = page.locator(".st-key-card_list")
    expect(listed).to_contain_text(f"{top['customers']} customers", timeout=WAIT)
    other = next(c for c in found.summary["cells"] if c is not top and c["customers"] > 5)
    page.get_by_role("button", name=f"{other['customers']} customers").first.click()
    expect(listed).to_contain_text(f"{other['clv_band']} CLV / {other['churn_band']} churn")
    expect(page.locator("[data-testid=stDataFrame] canvas").first).to_be_visible(timeout=WAIT)
    open_row(page, 0)
    drawer = page.get_by_role("dialog")
    expect(drawer).to_contain_text("This customer", timeout=WAIT)
    sizes = [points(text) for text in drawer.locator(".wf .n").all_inner_texts()]
    assert sum(sizes[:-1]) == pytest.approx(sizes[-1], abs=0.05 * len(sizes))
    expected = found.customers.page(
        {"churn_band": other["churn_band"], "clv_band": other["clv_band"]},
        "expected_value_loss",
        limit=1,
    )[0]
    expect(drawer).to_contain_text(expected["name"])
    assert f"customer={expected['customer_id']}" in page.url
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    assert watched.complaints == []
    assert watched.hosts == {"127.0.0.1"}


@pytest.mark.browser
def test_a_misspelt_name_is_found_and_a_customer_is_a_link(
    opened: tuple[Page, Watched], port: int, published_workspace: Workspace
) -> None:
    page, _ = opened
    page.get_by_placeholder("Name or customer id").fill("Sandeborg")
    expect(page.locator(".st-key-card_list")).to_contain_text("like «Sandeborg»", timeout=WAIT)
    customer_id = pq.read_table(
        next(published_workspace.published.glob("*/customers.parquet")), columns=["customer_id"]
    )["customer_id"][3].as_py()
    page.goto(f"http://127.0.0.1:{port}/?customer={customer_id}")
    expect(page.get_by_role("dialog")).to_contain_text(customer_id, timeout=WAIT)


@pytest.mark.browser
def test_the_second_tab_shows_what_the_figures_rest_on(opened: tuple[Page, Watched]) -> None:
    page, watched = opened
    page.get_by_role("tab", name="How sure are we?").click()
    models = page.locator(".st-key-card_models")
    expect(models).to_contain_text("Recency alone", timeout=WAIT)
    assert models.locator("tbody tr").last.inner_text().startswith("Accuracy")
    expect(page.locator(".st-key-card_value")).to_contain_text("Nobody spends anything")
    expect(page.locator(".st-key-card_data")).to_contain_text("C-110")
    assert watched.complaints == []
    assert watched.hosts == {"127.0.0.1"}


@pytest.mark.browser
def test_the_list_is_downloaded_as_csv(
    opened: tuple[Page, Watched], published_workspace: Workspace
) -> None:
    page, _ = opened
    with page.expect_download(timeout=WAIT) as waiting:
        page.get_by_role("button", name="Download this list").click(timeout=WAIT)
    lines = waiting.value.path().read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + costliest(results(published_workspace))["customers"]
    assert lines[0].startswith("rank,customer_id,name,p_churn")


def asked(port: int, path: str, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest("GET", path, skip_host=True)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def test_a_foreign_host_or_site_is_refused_on_http_and_websocket(port: int) -> None:
    own, foreign = f"127.0.0.1:{port}", "evil.example"
    assert asked(port, "/", Host=own) == 200
    assert asked(port, "/", Host=foreign) == 403
    assert asked(port, "/healthz", Host=own, Origin=f"http://{foreign}") == 403
    stream = "/_stcore/stream"
    assert asked(port, stream, Host=own, Origin=f"http://{own}", **UPGRADE) == 101
    assert asked(port, stream, Host=foreign, Origin=f"http://{foreign}", **UPGRADE) == 403
    assert asked(port, stream, Host=own, Origin=f"http://{foreign}", **UPGRADE) == 403


def test_health_names_the_current_run(port: int, published_workspace: Workspace) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/healthz")
    assert json.load(connection.getresponse()) == {
        "ok": True,
        "run": results(published_workspace).run_id,
    }
    connection.close()


def page_of(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> str:
    """All HTML of the page, without a browser."""
    monkeypatch.setenv("CIP_WORKSPACE", str(workspace.root))
    ran = AppTest.from_file(str(SCRIPT), default_timeout=60).run()
    assert not ran.exception
    return "".join(element.proto.body for element in ran.get("html"))


def test_a_workspace_without_a_run_shows_what_to_type(
    empty_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = page_of(empty_workspace, monkeypatch)
    assert f"<code>cip run -w {empty_workspace.root}</code>" in said


def test_without_a_signal_the_evidence_stands_where_scores_would(
    publish_changed: Callable[[dict[str, Any]], Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = {"question": "signal", "word": "no signal", "sentence": "A coin.", "evidence": {}}
    said = page_of(publish_changed({"signal": verdict}), monkeypatch)
    assert "We cannot say yet" in said
    assert "Recency alone" in said
    assert "Expected value loss" not in said
    assert "Choose a cell" not in said
