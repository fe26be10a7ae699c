"""Which commit made a model, where there is one to name."""

from __future__ import annotations

from pathlib import Path

import pytest

from cip.flows.lineage import code_commit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def checkout(root: Path, head: str, **files: str) -> Path:
    (root / ".git" / "refs" / "heads").mkdir(parents=True)
    (root / ".git" / "HEAD").write_text(head)
    for name, text in files.items():
        (root / ".git" / name.replace("__", "/").replace("packed_refs", "packed-refs")).write_text(
            text
        )
    return root / "src" / "cip" / "__init__.py"


def test_a_branch_names_its_commit_loose_or_packed(tmp_path: Path) -> None:
    head = "ref: refs/heads/main\n"
    loose = checkout(tmp_path / "loose", head, refs__heads__main=f"{COMMIT}\n")
    packed = checkout(
        tmp_path / "packed", head, packed_refs=f"# pack-refs\n{COMMIT} refs/heads/main\n^{COMMIT}\n"
    )
    assert code_commit(loose) == code_commit(packed) == COMMIT


def test_a_detached_head_is_the_commit(tmp_path: Path) -> None:
    assert code_commit(checkout(tmp_path, COMMIT)) == COMMIT


@pytest.mark.parametrize("head", ["", "ref: refs/heads/none", "ref: ../../../etc/passwd", "junk"])
def test_what_is_no_commit_is_none(tmp_path: Path, head: str) -> None:
    assert code_commit(checkout(tmp_path, head)) is None


def test_an_installed_package_has_none(tmp_path: Path) -> None:
    assert code_commit(tmp_path / "lib" / "site-packages" / "cip" / "__init__.py") is None
