"""The report of `cip judge` in a real browser: it loads nothing, fits, and is read aloud."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pytest
from playwright.sync_api import Browser, Page
from scipy.special import expit

from cip.faces.report.judge import judge_report
from cip.flows.actors import local_owner
from cip.flows.judge import judge
from cip.flows.judge_wanted import Wanted
from cip.flows.steps import Silent

pytestmark = pytest.mark.browser
ROWS = 600
HOSTILE = "<b>risk</b> & 'co'"
WIDE, NARROW = 1280, 390


def write(folder: Path, score: list[str] | np.ndarray, churned: np.ndarray, name: str) -> Path:
    columns = {
        name: score,
        "when": [f"2025-0{1 + k % 3}-01" for k in range(ROWS)],
        "logins": np.random.default_rng(4).poisson(6, ROWS),
        "left": np.where(churned, "yes", "no"),
    }
    path = folder / "file.csv"
    pc.write_csv(pa.table(columns), path)
    return path


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One of a probability with dates, one of categories."""
    folder = tmp_path_factory.mktemp("reports")
    rng = np.random.default_rng(1)
    margin = rng.normal(size=ROWS)
    churned = rng.random(ROWS) < expit(1.5 * margin - 1)
    colours = np.where(margin > 0.7, "red", np.where(margin > -0.3, "amber", "green"))
    made = {}
    for kind, name, score, as_of in (
        ("probability", HOSTILE, expit(1.5 * margin), "when"),
        ("category", "colour", colours, ""),
    ):
        path = write(folder, score, churned, name)
        wanted = Wanted(str(path), name, "left", as_of=as_of)
        page = judge_report(judge(wanted, actor=local_owner(), progress=Silent()))
        made[kind] = folder / f"{kind}.html"
        made[kind].write_text(page, encoding="utf-8")
    return made


def opened(browser: Browser, path: Path, scheme: str, width: int) -> tuple[Page, list[str]]:
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: asked.append(message.text))
    page.goto(path.as_uri())
    return page, asked


@pytest.mark.parametrize("kind", ["probability", "category"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_report_loads_nothing_and_fits(
    browser: Browser, reports: dict[str, Path], kind: str, scheme: str, width: int
) -> None:
    page, asked = opened(browser, reports[kind], scheme, width)
    assert asked == [reports[kind].as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    figures = page.locator("svg").all()
    assert len(figures) == (5 if kind == "probability" else 3)
    for figure in figures:
        box = figure.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    page.close()


def test_every_figure_has_a_title_a_sentence_and_is_told_to_those_who_do_not_see_it(
    browser: Browser, reports: dict[str, Path]
) -> None:
    page, _ = opened(browser, reports["probability"], "light", WIDE)
    for figure in page.locator("figure").all():
        title, see = figure.locator("h3").inner_text(), figure.locator("figcaption").inner_text()
        told = figure.get_by_role("img").get_attribute("aria-label")
        assert title
        assert see.endswith(".")
        assert told == f"{title}. {see}"
    page.close()


def test_the_colours_follow_the_theme(browser: Browser, reports: dict[str, Path]) -> None:
    seen = []
    for scheme in ("light", "dark"):
        page, _ = opened(browser, reports["probability"], scheme, WIDE)
        seen.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.close()
    light, dark = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in seen)
    assert light > 600
    assert dark < 150


def test_names_from_the_file_stay_text(browser: Browser, reports: dict[str, Path]) -> None:
    page, _ = opened(browser, reports["probability"], "light", WIDE)
    assert HOSTILE in page.locator("h1").inner_text()
    assert page.locator("h1 b").count() == 0
    page.close()


def test_it_prints(browser: Browser, reports: dict[str, Path]) -> None:
    page, _ = opened(browser, reports["probability"], "light", WIDE)
    printed = page.pdf(format="A4")
    assert 2 <= printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") <= 9
    page.close()
