"""The Python file of a workspace's owner: where it may lie, and that its content alone runs."""

from __future__ import annotations

import py_compile
from hashlib import sha256
from pathlib import Path

import pytest

from cip.errors import SettingsError
from cip.sources.owners_code import read_owners_file, run_owners_file


def test_a_file_is_the_digest_of_its_bytes_and_runs_as_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "features.py"
    path.write_bytes(b"answer = 42\r\n")
    file = read_owners_file(tmp_path, "features.py")
    path.write_text("answer = 43")
    assert file.sha256 == sha256(b"answer = 42\r\n").hexdigest()
    assert run_owners_file(file).answer == 42


def test_a_compiled_copy_beside_the_file_is_not_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "features.py"
    path.write_text("answer = 1")
    for mode in py_compile.PycInvalidationMode:
        py_compile.compile(str(path), invalidation_mode=mode)
    path.write_text("answer = 2")
    assert run_owners_file(read_owners_file(tmp_path, "features.py")).answer == 2


@pytest.mark.parametrize("name", ["../features.py", "link.py", "/etc/hostname"])
def test_a_file_outside_the_workspace_is_refused(tmp_path: Path, name: str) -> None:
    home = tmp_path / "shop"
    home.mkdir()
    (tmp_path / "features.py").write_text("")
    (home / "link.py").symlink_to(tmp_path / "features.py")
    with pytest.raises(SettingsError, match="outside the workspace") as refused:
        read_owners_file(home, name)
    assert refused.value.code == "S-161"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"features\.py cannot be read"):
        read_owners_file(tmp_path, "features.py")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os\n\nnothing.here()\n", r"features\.py:3: NameError"),
        ("def f(:\n", r"features\.py:1: SyntaxError"),
        (
            "import cip.features as f\nf.feature(rows='sale', description='', unit='')(len)\n",
            r"features\.py:2: the feature len: there are no rows 'sale'",
        ),
    ],
)
def test_a_file_that_fails_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "features.py").write_text(text)
    with pytest.raises(SettingsError, match=said):
        run_owners_file(read_owners_file(tmp_path, "features.py"))
