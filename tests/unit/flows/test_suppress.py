from __future__ import annotations

from pathlib import Path

import pytest

from cip.errors import CipError, SettingsError
from cip.flows.actors import local_owner
from cip.flows.identity import merge_customers
from cip.flows.ingest import Loaded, ingest
from cip.flows.steps import Silent
from cip.flows.suppress import KEY_VARIABLE, ids_in, suppress
from cip.settings import Workspace
from cip.stores.lake import Lake

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, put, players) -> Workspace:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    put("cip.toml", players())
    put("plays.csv", *plays("ann", "bob", "bob", "eve"))
    return Workspace(tmp_path)


def plays(*customers: str) -> list[str]:
    return ["who,at,what", *(f"{each},2024-01-01,play" for each in customers)]


def load(workspace: Workspace) -> Loaded:
    return ingest(workspace, actor=local_owner(), progress=Silent())


def rows(workspace: Workspace) -> int:
    lake = Lake(workspace.lake)
    return lake.pinned(lake.versions()).rows("interactions")


def test_rows_of_customers_on_the_list_are_left_out_and_counted(workspace) -> None:
    assert suppress(workspace, ["bob", "zoe"], actor=local_owner()).new == 2
    loaded = load(workspace)
    assert loaded.tables["interactions"].arrival.new == 2
    (found,) = [f for f in loaded.findings if f.code == "C-161"]
    assert (found.rows, found.total_rows, found.left_out) == (2, 4, 2)
    assert "bob" not in str(loaded.as_dict())


def test_the_records_hold_no_id(workspace) -> None:
    suppress(workspace, ["bob-the-builder"], actor=local_owner())
    for file in workspace.root.glob("records.sqlite*"):
        assert b"bob-the-builder" not in file.read_bytes()


def test_rows_loaded_before_stay_unless_they_are_removed(workspace) -> None:
    load(workspace)
    kept = suppress(workspace, ["bob"], actor=local_owner())
    assert kept.removed is None
    assert "--remove" in " ".join(kept.lines())
    assert rows(workspace) == 4
    gone = suppress(workspace, ["bob"], remove=True, actor=local_owner())
    assert (gone.new, gone.removed) == (0, {"interactions": 2})
    assert rows(workspace) == 2
    assert "Earlier versions" in " ".join(gone.lines())


def test_whoever_counts_as_a_customer_on_the_list_is_left_out_too(workspace, put) -> None:
    load(workspace)
    merge_customers(workspace, "bob", "ann", why="same person", actor=local_owner())
    suppress(workspace, ["ann"], remove=True, actor=local_owner())
    assert rows(workspace) == 1
    put("plays.csv", *plays("ann", "bob", "eve", "eve"))
    assert load(workspace).tables["interactions"].arrival.new == 1


def test_without_the_key_nothing_is_loaded_past_the_list(workspace, monkeypatch) -> None:
    suppress(workspace, ["bob"], actor=local_owner())
    monkeypatch.delenv(KEY_VARIABLE)
    with pytest.raises(SettingsError, match=KEY_VARIABLE):
        load(workspace)
    assert Lake(workspace.lake).versions() == {}


def test_a_workspace_without_a_list_needs_no_key(workspace, monkeypatch) -> None:
    monkeypatch.delenv(KEY_VARIABLE)
    assert load(workspace).tables["interactions"].arrival.new == 4


def test_a_short_key_and_an_empty_list_are_refused(workspace, monkeypatch) -> None:
    with pytest.raises(CipError, match="no id"):
        suppress(workspace, [" "], actor=local_owner())
    monkeypatch.setenv(KEY_VARIABLE, "short")
    with pytest.raises(SettingsError, match="5 characters"):
        suppress(workspace, ["bob"], actor=local_owner())


def test_a_file_has_one_id_a_line(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("﻿ann\n\n bob \n", encoding="utf-8")
    assert ids_in(tmp_path / "ids.txt") == ["ann", "bob"]
    with pytest.raises(CipError, match="cannot be read"):
        ids_in(tmp_path / "none.txt")
