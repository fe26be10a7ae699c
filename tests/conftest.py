"""What every test shares: the parts a machine may lack, and the block that lists them."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from tests.forked import Cip, forked
from tests.small import PLAYS, SMALL
from xdist.scheduler import LoadFileScheduling

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


def _java_and_pyspark() -> bool:
    java = shutil.which("java")
    if java is None or importlib.util.find_spec("pyspark") is None:
        return False
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    return 'version "17' in said.stderr or 'version "21' in said.stderr


def chromium() -> str | None:
    """The browser that tests drive, if the machine has one."""
    return next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )


PARTS = {
    "spark": Part(
        "Java 17 or pyspark (Spark)",
        "sudo apt install openjdk-17-jre-headless; pip install -e '.[spark]'",
        _java_and_pyspark,
    ),
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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    report = yield
    marked = [part for marker, part in PARTS.items() if item.get_closest_marker(marker)]
    excused = any(not part.required_in_ci and not _is_there(part) for part in marked)
    return report if excused else _not_silent(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    return _not_silent((yield))


def _not_silent(report: Any) -> Any:
    """Where everything is required, what was skipped for any reason has failed."""
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where CIP_REQUIRE_ALL=1 requires it: {report.longrepr}"
    return report


TOGETHER = {
    # one Java is started and stays warm
    "tests/contract/test_engines.py": "spark",
    "tests/integration/test_business_days_on_spark.py": "spark",
    "tests/integration/test_spark_parity.py": "spark",
    # the shop's run is made once
    "tests/integration/test_commands.py": "ran",
    "tests/integration/test_leaks.py": "ran",
}
"""Files that one process runs, because they share what is dear to make."""


class _ByFile(LoadFileScheduling):
    """A file is one process's, and files that go together are one file."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return TOGETHER.get(file, file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    return _ByFile(config, log)


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


WHO_PLAYS = """
[churn]
label = { kind = "inactivity", active_kinds = ["play"] }
"""


@pytest.fixture(scope="session")
def players() -> Callable[..., str]:
    """`players(more, plays="plays.csv")`: the `cip.toml` of customers who play, and more tables."""

    def config(more: str = "", *, plays: str = "plays.csv") -> str:
        return SMALL + WHO_PLAYS + PLAYS.replace("plays.csv", plays) + more

    return config


@pytest.fixture(scope="session")
def cip() -> Cip:
    """`cip("run", "-w", folder, VARIABLE="...")`: a process of its own, as a user runs it."""
    return lambda *arguments, **more: forked(list(map(str, arguments)), more)


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
