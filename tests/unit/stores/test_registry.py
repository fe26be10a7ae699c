from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from cip import __version__
from cip.errors import ModelError
from cip.stores.registry import MANIFEST, read_artefacts, write_artefacts


def npy(values: object) -> bytes:
    buffer = BytesIO()
    np.save(buffer, np.asarray(values), allow_pickle=True)
    return buffer.getvalue()


FILES = {
    "model.txt": b"tree\nversion=v4\n",
    "encoder.json": b'{"columns": []}',
    "means.npy": npy([1.0, 2.0]),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_artefacts(tmp_path / "churn", FILES, {"schema_hash": "abc", "kind": "churn"})
    return tmp_path / "churn"


def test_artefacts_come_back_as_they_were_with_what_the_caller_noted(folder: Path):
    files, manifest = read_artefacts(folder)
    assert files == FILES
    assert (manifest["schema_hash"], manifest["kind"]) == ("abc", "churn")
    assert (manifest["format"], manifest["code_version"]) == (1, __version__)
    assert set(manifest["files"]) == set(FILES)


def edit_manifest(folder: Path, change: Callable[[dict], object]) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    change(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def rename(old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        if "/" not in new:
            (folder / old).rename(folder / new)
        edit_manifest(folder, lambda m: m["files"].update({new: m["files"].pop(old)}))

    return change


def swap_for_a_link(folder: Path) -> None:
    outside = folder.parent / "outside.txt"
    (folder / "model.txt").rename(outside)
    (folder / "model.txt").symlink_to(outside)


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (lambda f: (f / "model.txt").write_bytes(b"tree\nversion=v5\n"), "changed after"),
        (lambda f: (f / "model.txt").write_bytes(b"tree"), "another size"),
        (lambda f: (f / "model.txt").unlink(), "listed but missing"),
        (lambda f: (f / "more.json").write_bytes(b"{}"), "not in the manifest"),
        (lambda f: (f / "more").mkdir(), "not in the manifest"),
        (swap_for_a_link, "listed but missing"),
        (rename("model.txt", "../model.txt"), "may not be an artefact"),
        (rename("model.txt", "a\\b.txt"), "may not be an artefact"),
        (rename("model.txt", "model.pkl"), "may not be an artefact"),
        (lambda f: (f / MANIFEST).unlink(), "cannot be read"),
        (lambda f: (f / MANIFEST).write_bytes(b"{"), "cannot be read"),
        (lambda f: (f / MANIFEST).write_bytes(b"\xff"), "cannot be read"),
        (lambda f: (f / MANIFEST).write_bytes(b"[]"), "no manifest"),
        (lambda f: (f / MANIFEST).write_bytes(b'{"files": {"a.txt": 1}}'), "no manifest"),
        (lambda f: edit_manifest(f, lambda m: m.update(format=2)), "has format 2"),
    ],
)
def test_anything_tampered_with_is_refused(folder: Path, tamper, said: str):
    tamper(folder)
    with pytest.raises(ModelError, match=said):
        read_artefacts(folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *((f"model{protocol}.json", pickle.dumps({}, protocol)) for protocol in range(2, 6)),
        ("objects.npy", npy(np.array([{}, None], dtype=object))),
        ("fields.npy", npy(np.zeros(2, dtype=[("a", "f8"), ("b", "O")]))),
        ("model.pkl", b"{}"),
        ("model.joblib", b"{}"),
        ("../model.json", b"{}"),
        ("folder/model.json", b"{}"),
        (".hidden.json", b"{}"),
        (MANIFEST, b"{}"),
        ("", b"{}"),
    ],
)
def test_pickles_and_unsafe_names_are_refused_at_writing(tmp_path: Path, name: str, content: bytes):
    with pytest.raises(ModelError):
        write_artefacts(tmp_path / "new", {name: content}, {})
    assert not (tmp_path / "new").exists()


def test_a_pickle_slipped_in_with_a_matching_manifest_is_refused(tmp_path: Path):
    folder = tmp_path / "churn"
    write_artefacts(folder, {"model.json": b"xx" + pickle.dumps({})[2:]}, {})
    content = pickle.dumps({})
    (folder / "model.json").write_bytes(content)
    import hashlib

    digest = hashlib.sha256(content).hexdigest()
    edit_manifest(folder, lambda m: m["files"]["model.json"].update(sha256=digest))
    with pytest.raises(ModelError, match="holds a pickle"):
        read_artefacts(folder)


def test_a_folder_is_written_once(folder: Path):
    with pytest.raises(ModelError, match="not empty"):
        write_artefacts(folder, FILES, {})
