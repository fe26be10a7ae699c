from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from bench import referees
from bench.referees import PEERS, environment, interpreter

CLOCK = """
import time
import cpu_clock
cpu_clock.install()
begun = time.time()
time.sleep(0.5)
slept = time.time() - begun
while time.process_time() < 1: pass
print(slept < 0.4, time.time() - begun > slept)
"""


@pytest.fixture
def pins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(referees, "PEERS", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SOME_PYTHON", raising=False)
    (tmp_path / "some-requirements.txt").write_text("")
    return tmp_path / "some-requirements.txt"


def test_a_named_interpreter_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PYTHON", sys.executable)

    assert interpreter("some") == sys.executable


def test_an_interpreter_that_is_not_there_is_none_with_a_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOME_PYTHON", "/nowhere/python")

    assert interpreter("some") is None
    assert "nothing is compared" in capsys.readouterr().out


def test_another_pin_is_another_environment_outside_the_repository(pins: Path) -> None:
    before = environment("some")
    pins.write_text("flaml==2.7.0\n")

    assert environment("some") != before
    assert not before.is_relative_to(PEERS.parents[1])


def test_pins_that_cannot_be_had_leave_no_environment_that_looks_ready(pins: Path) -> None:
    pins.write_text("not a requirement\n")

    assert interpreter("some") is None
    assert not (environment("some") / "complete").exists()


def test_an_environment_is_made_once(pins: Path) -> None:
    made = interpreter("some")
    mark = environment("some") / "mark"
    mark.touch()

    assert made == str(environment("some") / "bin/python")
    assert interpreter("some") == made
    assert mark.exists()


@pytest.mark.parametrize("name", ["flaml", "autogluon"])
def test_every_package_of_a_peer_is_pinned(name: str) -> None:
    lines = (PEERS / f"{name}-requirements.txt").read_text().splitlines()
    packages = [line for line in lines if not line.startswith("#")]

    assert packages
    assert all("==" in line and " " not in line for line in packages)


def test_the_clock_of_a_peer_stands_still_while_it_waits() -> None:
    command = [sys.executable, "-c", CLOCK]
    said = subprocess.run(command, cwd=PEERS, capture_output=True, text=True, check=True)

    assert said.stdout.split() == ["True", "True"]
