from __future__ import annotations

from pathlib import Path

import pytest

from cip.errors import NotReadyError
from cip.settings import Workspace, find_workspace


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CIP_WORKSPACE", raising=False)
    monkeypatch.delenv("CIP_RECORDS_URL", raising=False)


def workspace(root: Path) -> Path:
    root.mkdir(exist_ok=True)
    (root / "cip.toml").write_text("format = 1\n")
    return root


def test_everything_lies_beside_the_configuration(tmp_path: Path):
    found = Workspace(tmp_path)
    places = {found.config_path, found.lake, found.published, found.staging}
    assert {place.parent for place in places} == {tmp_path}
    assert len(places) == 4
    assert found.records_url == f"sqlite:///{tmp_path}/records.sqlite"


def test_the_environment_may_name_another_database_which_no_repr_shows(tmp_path, monkeypatch):
    monkeypatch.setenv("CIP_RECORDS_URL", "postgresql://ada:secret@host/cip")
    found = Workspace(tmp_path)
    assert found.records_url == "postgresql://ada:secret@host/cip"
    assert "secret" not in repr(found)


def test_a_workspace_is_found_by_its_configuration_and_has_an_absolute_root(tmp_path, monkeypatch):
    workspace(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert find_workspace(Path()) == Workspace(tmp_path.resolve())


def test_the_folder_itself_comes_before_the_one_in_the_environment(tmp_path, monkeypatch):
    here, named = workspace(tmp_path / "here"), workspace(tmp_path / "named")
    monkeypatch.setenv("CIP_WORKSPACE", str(named))
    assert find_workspace(here).root == here
    assert find_workspace(tmp_path).root == named


def test_without_a_configuration_the_reader_is_told_how_to_make_one(tmp_path, monkeypatch):
    with pytest.raises(NotReadyError, match=r"no cip\.toml in") as caught:
        find_workspace(tmp_path)
    assert "cip init" in caught.value.hint
    monkeypatch.setenv("CIP_WORKSPACE", str(tmp_path / "nowhere"))
    with pytest.raises(NotReadyError, match="nowhere"):
        find_workspace(tmp_path)
