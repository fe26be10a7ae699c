"""What every test shares: the parts a machine may lack, and the block that lists them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# every test run draws other examples: few at a time find as much over a week
settings.register_profile("few", max_examples=30)
settings.register_profile("many", max_examples=300)
settings.load_profile(os.environ.get("CIP_EXAMPLES", "few"))

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED_DATA = REPOSITORY.parent / "shared" / "data"
REQUIRE_ALL = os.environ.get("CIP_REQUIRE_ALL") == "1"


@dataclass(frozen=True)
class Part:
    """Something that a marked test needs and a machine may lack."""

    name: str
    install: str
    found: Callable[[], bool]
    required_in_ci: bool = True


def _java_17() -> bool:
    java = shutil.which("java")
    if java is None:
        return False
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    return 'version "17' in said.stderr or 'version "21' in said.stderr


def chromium() -> str | None:
    """The browser that tests drive, if the machine has one."""
    return next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )


PARTS = {
    "spark": Part("Java 17 (Spark)", "sudo apt install openjdk-17-jre-headless", _java_17),
    "browser": Part("Chromium", "sudo apt install chromium", lambda: chromium() is not None),
    "shared_data": Part(
        "../shared/data", "(a folder of the developers' workplace)", SHARED_DATA.is_dir, False
    ),
}
_lacking: dict[str, int] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, part in PARTS.items():
        if item.get_closest_marker(marker) and not _is_there(part):
            _lacking[marker] = _lacking.get(marker, 0) + 1
            if REQUIRE_ALL and part.required_in_ci:
                pytest.fail(f"{part.name} is missing: {part.install}", pytrace=False)
            pytest.skip(f"{part.name} is missing")


_seen: dict[str, bool] = {}


def _is_there(part: Part) -> bool:
    if part.name not in _seen:
        _seen[part.name] = part.found()
    return _seen[part.name]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker process hands what it lacked to the process that prints."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["lacking"] = _lacking


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    for marker, tests in getattr(node, "workeroutput", {}).get("lacking", {}).items():
        _lacking[marker] = _lacking.get(marker, 0) + tests


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _lacking:
        terminalreporter.section("parts that this machine lacks")
        for marker, tests in _lacking.items():
            part = PARTS[marker]
            terminalreporter.line(
                f"{part.name}: {tests} tests did not run. Install: {part.install}"
            )


PLAYERS = """
format = 1
[workspace]
name = "Small"
currency = "EUR"
[churn]
label = { kind = "inactivity", active_kinds = ["play"] }
[sources.plays]
path = "PLAYS"
[tables.interactions]
source = "plays"
columns.customer_id = "who"
columns.occurred_at = "at"
columns.kind = "what"
"""


@pytest.fixture(scope="session")
def players() -> Callable[..., str]:
    """`players(more, plays="plays.csv")`: the `cip.toml` of customers who play, and more tables."""

    def config(more: str = "", *, plays: str = "plays.csv") -> str:
        return PLAYERS.replace("PLAYS", plays) + more

    return config


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public data sets; tests that use it carry the marker `shared_data`."""
    return SHARED_DATA


@pytest.fixture(scope="session")
def browser_path() -> str:
    """The Chromium that browser tests start."""
    found = chromium()
    if found is None:
        pytest.skip("Chromium is missing")
    return found
