"""The built wheel, in an environment that holds nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an environment's programs after `pip install` of the wheel, without extras."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    build = _run(*pip, "-w", folder, REPOSITORY)
    assert build.returncode == 0, build.stderr
    wheel = next(folder.glob("*.whl"))
    uv = (sys.executable, "-m", "uv")
    made = _run(*uv, "venv", "--python", sys.executable, folder / "env")
    assert made.returncode == 0, made.stderr
    programs = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin")
    pinned = ("--constraints", REPOSITORY / "requirements" / "run.txt")
    put = _run(*uv, "pip", "install", "--python", programs / "python", wheel, *pinned)
    assert put.returncode == 0, put.stderr
    return programs


def test_help_runs_and_lists_the_commands(installed: Path) -> None:
    said = _run(installed / "cip", "--help")
    assert said.returncode == 0, said.stderr
    for command in ("demo", "init", "check", "ingest", "run", "runs", "lookup", "export", "serve"):
        assert command in said.stdout


def test_the_core_is_lean_and_says_what_the_dashboard_needs(
    installed: Path, tmp_path: Path
) -> None:
    extras = "('streamlit', 'pyspark', 'torch')"
    present = f"import importlib.util as u; print([m for m in {extras} if u.find_spec(m)])"
    assert _run(installed / "python", "-c", present).stdout.strip() == "[]"
    (tmp_path / "cip.toml").write_text("format = 1\n", encoding="utf-8")
    said = _run(installed / "cip", "serve", "-w", tmp_path)
    assert said.returncode != 0
    assert "customer-intelligence-platform[dashboard]" in said.stderr
    assert "Traceback" not in said.stderr


def test_the_wheel_carries_the_demo_its_presets_and_its_migrations(
    installed: Path, tmp_path: Path
) -> None:
    code = (
        "from cip.flows.demo import example_data; from cip.flows.init import presets;"
        "from cip.stores.records import open_records;"
        f"open_records('sqlite:///{(tmp_path / 'r.sqlite').as_posix()}').close();"
        "print(example_data().stat().st_size, *presets())"
    )
    said = _run(installed / "python", "-c", code)
    assert said.returncode == 0, said.stderr
    assert said.stdout.split() == [
        "5889054",
        "cdnow",
        "generic",
        "movielens-100k",
        "movielens-latest",
        "netflix-2025",
        "online-retail",
        "streaming",
        "telco",
    ]
