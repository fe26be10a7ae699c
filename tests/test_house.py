"""The house keeps its own rules: docstrings, sizes, words, import budget."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from scripts.reference import pages

SOURCE = Path(__file__).resolve().parents[1] / "src" / "cip"
FILES = sorted(SOURCE.rglob("*.py"))
LONG_FILES: set[str] = set()
LONG_FUNCTIONS: set[str] = set()
FILE_LINES, FUNCTION_LINES = 350, 60


def _name(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def _functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_every_module_and_public_thing_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{_name(path)} has no docstring"
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{_name(path)}: {node.name} has no docstring"


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_nothing_is_unpickled_evaluated_or_run_through_a_shell(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    called = {
        n.func.id
        for n in ast.walk(tree)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    }
    assert not imported & {"pickle", "joblib", "cloudpickle", "dill", "marshal", "shelve"}
    assert not called & {"eval", "exec"}


def test_long_files_and_functions_are_few_and_named() -> None:
    long_files = {
        _name(p) for p in FILES if len(p.read_text(encoding="utf-8").splitlines()) > FILE_LINES
    }
    long_functions = {
        f"{_name(path)}:{node.name}"
        for path in FILES
        for node in _functions(ast.parse(path.read_text(encoding="utf-8")))
        if (node.end_lineno or 0) - node.lineno > FUNCTION_LINES
    }
    assert long_files <= LONG_FILES, f"long files: {long_files - LONG_FILES}"
    assert long_functions <= LONG_FUNCTIONS, f"long functions: {long_functions - LONG_FUNCTIONS}"


def _modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ran.stdout.splitlines()[-1].split())


def test_importing_cip_loads_nothing_else() -> None:
    bare = _modules_after("pass")
    assert len(_modules_after("import cip") - bare) <= 5


def test_help_loads_no_engine_no_model_no_dashboard() -> None:
    heavy = "numpy pandas pyarrow ibis duckdb sklearn scipy lightgbm xgboost sqlalchemy alembic"
    heavier = "deltalake streamlit fastapi plotly pydantic"
    loaded = _modules_after("from cip.faces.cli import main")
    assert not loaded & {*heavy.split(), *heavier.split()}
    assert len(loaded) < 450


def test_the_reference_pages_are_what_the_code_says() -> None:
    folder = SOURCE.parents[1] / "docs" / "reference"
    for name, text in pages().items():
        assert (folder / name).read_text(encoding="utf-8") == text, f"{name}: run `make docs`"


def test_every_document_that_readme_and_docs_link_to_exists() -> None:
    root = SOURCE.parents[1]
    for page in (root / "README.md", *(root / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_lock_files_pin_everything_by_hash_and_name_no_registry() -> None:
    for lock in (SOURCE.parents[1] / "requirements").glob("*.txt"):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text
        assert "index-url" not in text
        pins = [line for line in text.splitlines() if "==" in line]
        assert pins
        assert all(line.rstrip().endswith("\\") for line in pins), f"{lock.name}: no hash"


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("dashboard/app", "report.check"),
        ("report/check", "cli.options"),
        ("report/check", "dashboard.look"),
        ("cli/data", "dashboard.look"),
    ],
)
def test_faces_that_meet_are_told_apart(importer: str, imported: str, tmp_path: Path) -> None:
    copy = shutil.copytree(SOURCE, tmp_path / "src" / "cip")
    shutil.copy(SOURCE.parents[1] / "pyproject.toml", tmp_path)
    with (copy / "faces" / f"{importer}.py").open("a", encoding="utf-8") as module:
        module.write(f"import cip.faces.{imported}\n")
    linter = shutil.which("lint-imports", path=Path(sys.executable).parent)
    assert linter, "import-linter is not installed beside this Python"
    said = subprocess.run(
        [linter, "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "src")},
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    broken = f"cip.faces.{importer.replace('/', '.')} -> cip.faces.{imported}"
    assert re.findall(r"^- (\S+ -> \S+)", said, re.MULTILINE) == [broken]


def test_an_error_code_means_one_thing() -> None:
    rooms: dict[str, set[str]] = {}
    for path in FILES:
        for code in re.findall(r'"([A-Z]-[0-9]{3})"', path.read_text(encoding="utf-8")):
            rooms.setdefault(code, set()).add(path.relative_to(SOURCE).parts[0])
    assert not {code: where for code, where in rooms.items() if len(where) > 1}


def _open_a_workspace() -> list[Callable[..., object]]:
    """The public functions of the flows that are given a workspace."""
    files = (SOURCE / "flows").glob("[!_]*.py")
    modules = [importlib.import_module(f"cip.flows.{path.stem}") for path in files]
    return [
        found
        for module in modules
        for name, found in inspect.getmembers(module, inspect.isfunction)
        if found.__module__ == module.__name__ and not name.startswith("_")
        if "workspace" in inspect.signature(found).parameters
    ]


def test_every_use_case_takes_an_actor() -> None:
    use_cases = _open_a_workspace()
    assert len(use_cases) > 20
    without = [f for f in use_cases if "actor" not in inspect.signature(f).parameters]
    assert not [f"{f.__module__}.{f.__name__}" for f in without]
