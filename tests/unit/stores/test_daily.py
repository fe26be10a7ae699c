"""A folder of derived files trusts nothing that is not as it was written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cip.stores.daily import DailyFolder

NOTE = {"daily": "payments"}


@pytest.fixture
def folder(tmp_path: Path) -> DailyFolder:
    return DailyFolder(tmp_path / "daily")


def written(folder: DailyFolder, text: str = "rows") -> str:
    path = folder.fresh("payments")
    Path(path).write_text(text)
    return path


def test_a_folder_that_is_not_there_lists_nothing(folder: DailyFolder) -> None:
    assert folder.listed() == {}
    folder.sweep()
    assert not folder.path.exists()


def test_a_file_is_listed_once_it_is_committed(folder: DailyFolder) -> None:
    path = written(folder)
    assert folder.listed() == {}
    folder.commit({path: NOTE})
    assert DailyFolder(folder.path).listed() == {path: NOTE}


def test_fresh_paths_differ(folder: DailyFolder) -> None:
    assert folder.fresh("a") != folder.fresh("a")


def test_what_is_gone_is_deleted_and_the_rest_stays(folder: DailyFolder) -> None:
    old, other = written(folder), written(folder, "other")
    folder.commit({old: NOTE, other: NOTE})
    new = written(folder, "new")
    folder.commit({new: NOTE}, [old])
    assert folder.listed().keys() == {other, new}
    assert not Path(old).exists()


@pytest.mark.parametrize("text", ["", "row", "rowz", "rows and more"])
def test_a_file_that_is_not_as_it_was_written_is_not_listed(folder: DailyFolder, text: str) -> None:
    path, kept = written(folder), written(folder, "kept")
    folder.commit({path: NOTE, kept: NOTE})
    Path(path).write_text(text)
    assert folder.listed() == {kept: NOTE}


def test_a_file_that_was_deleted_is_not_listed(folder: DailyFolder) -> None:
    path = written(folder)
    folder.commit({path: NOTE})
    Path(path).unlink()
    assert folder.listed() == {}
    folder.commit({}, [path])


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "{",
        "[]",
        '{"format": 2, "files": {}}',
        '{"format": 1, "files": []}',
        '{"format": 1, "files": {"a.parquet": {"size": 1}}}',
        "\x00\xff",
    ],
)
def test_a_manifest_that_cannot_be_read_lists_nothing(folder: DailyFolder, manifest: str) -> None:
    path = written(folder)
    folder.commit({path: NOTE})
    (folder.path / "manifest.json").write_bytes(manifest.encode("latin-1"))
    assert folder.listed() == {}
    folder.commit({path: NOTE})
    assert folder.listed() == {path: NOTE}


def test_nobody_can_list_a_file_outside_the_folder(folder: DailyFolder, tmp_path: Path) -> None:
    """A manifest that somebody wrote by hand names a file elsewhere, with its true checksum."""
    path = written(folder)
    folder.commit({path: NOTE})
    manifest = folder.path / "manifest.json"
    said = json.loads(manifest.read_text())
    (tmp_path / "secret.parquet").write_text("rows")
    said["files"] = {"../secret.parquet": said["files"][Path(path).name]}
    manifest.write_text(json.dumps(said))
    assert folder.listed() == {}


def test_sweeping_takes_what_nobody_lists_and_nothing_else(folder: DailyFolder) -> None:
    kept, left = written(folder), written(folder, "of a process that died")
    folder.commit({kept: NOTE})
    folder.sweep()
    assert Path(kept).exists()
    assert not Path(left).exists()


def test_a_process_that_dies_before_the_manifest_is_replaced_leaves_the_old_one(
    folder: DailyFolder,
) -> None:
    path = written(folder)
    folder.commit({path: NOTE})
    (folder.path / ".half-a-manifest.json").write_text('{"format": 1, "fil')
    assert folder.listed() == {path: NOTE}
    folder.sweep()
    assert {file.name for file in folder.path.iterdir()} == {"manifest.json", Path(path).name}
