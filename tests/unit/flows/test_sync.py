from __future__ import annotations

from pathlib import Path

import pytest
from tests.small import PEOPLE

from cip.flows.actors import local_owner
from cip.flows.job import Job, open_job
from cip.flows.steps import Silent
from cip.flows.sync import Event, Watch, look_once, sync
from cip.settings import Workspace
from cip.stores.lake import Lake
from cip.stores.lock import workspace_lock
from cip.stores.sightings import sightings

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.fixture
def workspace(tmp_path: Path, put, players) -> Workspace:
    (tmp_path / "drops").mkdir()
    put("cip.toml", players(PEOPLE, plays="drops/plays-*.csv"))
    put("drops/plays-1.csv", "who,at,what", "a,2024-01-01,play", age_seconds=60)
    put("people.csv", "who,city", "a,Rome", age_seconds=60)
    return Workspace(tmp_path)


def job_of(workspace: Workspace) -> Job:
    return open_job(workspace, actor=local_owner(), action="ingest", progress=Silent())


def look(workspace: Workspace, watch: Watch) -> list[Event]:
    return list(look_once(job_of(workspace), watch))


def did(events: list[Event]) -> dict[str, str]:
    return {event.source: event.did for event in events}


def rows(workspace: Workspace) -> int:
    lake = Lake(workspace.lake)
    return lake.pinned(lake.versions()).rows("interactions")


def test_what_is_new_is_loaded_once_and_a_file_that_comes_later_too(workspace, put) -> None:
    watch = Watch(settle_seconds=5)
    assert did(look(workspace, watch)) == {"plays": "loaded", "people": "loaded"}
    assert look(workspace, watch) == []
    put("drops/plays-2.csv", "who,at,what", "a,2024-01-02,play", age_seconds=60)
    (event,) = look(workspace, watch)
    assert event.source == "plays"
    assert "1 new" in event.said
    assert "newest 2024-01-02" in event.said
    assert rows(workspace) == 2


def test_a_new_watch_goes_on_where_the_last_one_stopped(workspace) -> None:
    look(workspace, Watch(settle_seconds=5))
    assert look(workspace, Watch(settle_seconds=5)) == []
    with_watermark = job_of(workspace).records.last_load("interactions", "plays")
    assert with_watermark is not None
    assert with_watermark.newest_at is not None
    assert f"{with_watermark.newest_at:%Y-%m-%d}" == "2024-01-01"


def test_a_file_that_is_still_written_waits_and_is_told_once(workspace, put) -> None:
    watch = Watch(settle_seconds=30)
    put("people.csv", "who,city", "a,Rome", age_seconds=1)
    assert did(look(workspace, watch)) == {"plays": "loaded", "people": "waiting"}
    assert look(workspace, watch) == []
    put("people.csv", "who,city", "a,Rome", age_seconds=60)
    assert did(look(workspace, watch)) == {"people": "loaded"}


def test_a_bad_file_is_told_once_stops_nobody_and_is_loaded_when_mended(workspace, put) -> None:
    put("drops/plays-2.csv", "who,at,what", "a,soon,play", age_seconds=60)
    watch = Watch(settle_seconds=5)
    first = look(workspace, watch)
    assert did(first) == {"plays": "refused", "people": "loaded"}
    assert "C-102" in first[0].said
    assert look(workspace, watch) == []
    assert look(workspace, Watch(settle_seconds=5)) == []  # the next watch remembers it too
    seen = sightings(job_of(workspace).records)["plays"]
    assert seen.said is not None
    put("drops/plays-2.csv", "who,at,what", "a,2024-01-02,play", age_seconds=40)
    assert did(look(workspace, watch)) == {"plays": "loaded"}
    assert rows(workspace) == 2


def test_a_file_that_is_not_there_is_told_once(workspace) -> None:
    (workspace.root / "people.csv").unlink()
    watch = Watch(settle_seconds=5)
    assert did(look(workspace, watch)) == {"plays": "loaded", "people": "not there"}
    assert look(workspace, watch) == []


def test_while_another_command_is_at_work_nothing_is_lost(workspace) -> None:
    watch = Watch(settle_seconds=5)
    with workspace_lock(workspace.root / ".run.lock"):
        assert set(did(look(workspace, watch)).values()) == {"waiting"}
    assert did(look(workspace, watch)) == {"plays": "loaded", "people": "loaded"}


def test_looking_once_ends(workspace) -> None:
    heard: list[Event] = []
    sync(
        workspace,
        actor=local_owner(),
        progress=Silent(),
        hear=heard.append,
        settle_seconds=5,
        once=True,
    )
    assert did(heard) == {"plays": "loaded", "people": "loaded"}
