"""A saved threshold: who may save it, what may be saved, and that the newest counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from cip.errors import NotAllowedError, SettingsError
from cip.flows.threshold import save_threshold, saved_threshold
from cip.settings import Workspace
from cip.stores.records import open_records
from cip.types import Principal

OWNER = Principal("ann", "owner")
ANALYST = Principal("bob", "analyst")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_before_anybody_saved_one_there_is_none(workspace: Workspace) -> None:
    assert saved_threshold(workspace, actor=ANALYST) is None


def test_the_newest_threshold_counts_and_every_one_leaves_an_audit_line(
    workspace: Workspace,
) -> None:
    save_threshold(workspace, 0.5, actor=OWNER)
    saved = save_threshold(workspace, 0.42, actor=OWNER)
    assert saved_threshold(workspace, actor=ANALYST) == saved
    assert (saved.value, saved.set_by) == (0.42, "ann")
    with open_records(workspace.records_url) as records:
        lines = records.audit()
    assert [line.detail for line in lines] == [
        {"value": 0.42, "before": 0.5},
        {"value": 0.5, "before": None},
    ]
    assert {(line.action, line.subject) for line in lines} == {("choose", "churn.threshold")}


def test_who_may_not_configure_is_refused_and_nothing_is_saved(workspace: Workspace) -> None:
    with pytest.raises(NotAllowedError):
        save_threshold(workspace, 0.5, actor=ANALYST)
    assert saved_threshold(workspace, actor=ANALYST) is None


@pytest.mark.parametrize("value", [0.0, 1.0, -0.2, 42.0, float("nan")])
def test_what_is_no_probability_is_refused(workspace: Workspace, value: float) -> None:
    with pytest.raises(SettingsError, match="no threshold"):
        save_threshold(workspace, value, actor=OWNER)
