"""A real browser that opens pages and says how long each took to be complete."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
_WAIT_MS = 60_000
_RESTING = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  const drawn = (holder, inside) =>
    [...document.querySelectorAll(holder)].every(found => found.querySelector(inside));
  const title = document.querySelector('h1');
  return app !== null && app.dataset.testScriptState === 'notRunning'
    && title !== null && title.textContent !== ''
    && document.querySelector('[data-testid="stSkeleton"]') === null
    && drawn('[data-testid="stPlotlyChart"]', 'svg.main-svg')
    && drawn('[data-testid="stDataFrame"]', 'canvas');
}"""
"""A page is complete when its script has ended and its title, charts and grids are drawn."""
_WATCH = """() => {
  window.sawRun = false;
  const app = document.querySelector('[data-testid="stApp"]');
  new MutationObserver(() => {
    window.sawRun ||= app.dataset.testScriptState === 'running';
  }).observe(app, { attributes: true });
}"""


@dataclass(frozen=True)
class Server:
    """A server process and the address of its pages."""

    process: subprocess.Popen[str]
    url: str

    def rss_mib(self) -> float:
        """Memory that the process holds now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        if found is None:
            raise RuntimeError("the server is gone")
        return int(found[1]) / 1024


@contextmanager
def serving(
    command: Sequence[str], url: str, *, cwd: Path, env: dict[str, str] | None = None
) -> Iterator[Server]:
    """The server, from its first answer until the block ends."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=cwd, env=env, text=True, stdout=quiet, stderr=quiet) as it:
        try:
            _wait_for(url)
            yield Server(it, url)
        finally:
            it.terminate()


@contextmanager
def browsing() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        yield playwright.chromium.launch(executable_path=path, args=SWITCHES)


@dataclass(frozen=True)
class Visit:
    """Seconds of every reload and of every switch between pages, after each was seen once."""

    reloads: list[float]
    switches: list[float]


def visit(browser: Browser, server: Server, links: Sequence[str], rounds: int) -> Visit:
    """One session that sees all pages of the menu, then `rounds` times more."""
    page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
    page.goto(server.url)
    page.wait_for_function(_RESTING, timeout=_WAIT_MS)
    for link in links:
        _switch(page, link)
    switches = [_switch(page, link) for _ in range(rounds) for link in links]
    reloads = []
    for link in links:
        _switch(page, link)
        _reload(page)
        reloads += [_reload(page) for _ in range(rounds)]
    page.context.close()
    return Visit(reloads, switches)


def _switch(page: Page, link: str) -> float:
    page.evaluate(_WATCH)
    begun = time.perf_counter()
    page.get_by_role("link", name=link, exact=True).click()
    page.wait_for_function("() => window.sawRun", timeout=_WAIT_MS)
    page.wait_for_function(_RESTING, timeout=_WAIT_MS)
    return time.perf_counter() - begun


def _reload(page: Page) -> float:
    begun = time.perf_counter()
    page.reload(wait_until="commit")
    page.wait_for_function(_RESTING, timeout=_WAIT_MS)
    return time.perf_counter() - begun


def _wait_for(url: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if httpx.get(url, timeout=2).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer")
