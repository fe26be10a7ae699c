from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.small import PEOPLE as CITIES

from cip.engine.connect import connect
from cip.errors import CipError
from cip.flows.actors import local_owner
from cip.flows.identity import (
    keep_promises,
    list_merges,
    merge_customers,
    moves_of,
    unmerge_customers,
)
from cip.flows.ingest import Loaded, ingest
from cip.flows.job import open_job
from cip.flows.move import move_back, move_rows
from cip.flows.steps import Silent
from cip.settings import Workspace
from cip.stores.lake import Lake
from cip.stores.merges import merges, promise_merge, promise_undo

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

PAYMENTS = """
[sources.paid]
path = "paid.csv"
[tables.transactions]
source = "paid"
columns.customer_id = "who"
columns.occurred_at = "at"
columns.transaction_id = "no"
columns.amount = "sum"
"""
MORE = f'{PAYMENTS}{CITIES}attributes.plan = "plan"\n'
PLAYS = ["who,at,what", "old,2024-01-01,play", "old,2024-01-01,play", "new,2024-01-02,play"]
PAID = ["who,at,no,sum", "old,2024-01-03,1,5", "new,2024-01-04,2,7", "other,2024-01-04,3,9"]
PEOPLE = ["who,city,plan", "old,Rome,basic", "new,,gold", "other,Oslo,basic"]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, players) -> Path:
    """A workspace after its first load; copied before it is changed."""
    root = tmp_path_factory.mktemp("loaded")
    for name, lines in (("plays", PLAYS), ("paid", PAID), ("people", PEOPLE)):
        (root / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (root / "cip.toml").write_text(players(MORE), encoding="utf-8")
    load(Workspace(root))
    return root


@pytest.fixture
def workspace(tmp_path: Path, loaded: Path) -> Workspace:
    shutil.copytree(loaded, tmp_path, dirs_exist_ok=True)
    return Workspace(tmp_path)


def load(workspace: Workspace, **options) -> Loaded:
    return ingest(workspace, actor=local_owner(), progress=Silent(), **options)


def merge(workspace: Workspace, old: str = "old", into: str = "new") -> None:
    merge_customers(workspace, old, into, why="same e-mail", actor=local_owner())


def unmerge(workspace: Workspace, old: str = "old") -> None:
    unmerge_customers(workspace, old, actor=local_owner())


def content(workspace: Workspace, table: str) -> list[dict]:
    """Every row with its bucket, sorted; what a load adds on its own is left out."""
    lake = Lake(workspace.lake)
    parts = []
    for file in lake.pinned(lake.versions()).tables[table]:
        rows = pq.ParquetFile(file.path).read()
        parts.append(rows.append_column("bucket", pa.array([file.bucket] * len(rows))))
    rows = pa.concat_tables(parts, promote_options="default").to_pylist()
    for row in rows:
        row.pop("known_at", None)
        if row.get("original_id") is None:
            row.pop("original_id", None)
    return sorted(rows, key=str)


def everything(workspace: Workspace) -> dict[str, list[dict]]:
    return {
        name: content(workspace, name) for name in ("interactions", "transactions", "customers")
    }


def who(workspace: Workspace, table: str) -> list[str]:
    return sorted(row["customer_id"] for row in content(workspace, table))


def traits(workspace: Workspace) -> dict[str, tuple]:
    rows = content(workspace, "customers")
    return {row["customer_id"]: (row["city"], row["plan"]) for row in rows}


def test_a_merge_moves_the_history_and_fills_the_traits(workspace) -> None:
    merge(workspace)
    assert who(workspace, "interactions") == ["new", "new", "new"]
    assert who(workspace, "transactions") == ["new", "new", "other"]
    assert traits(workspace) == {"new": ("Rome", "gold"), "other": ("Oslo", "basic")}
    (made,) = list_merges(workspace, actor=local_owner()).merges
    assert (made.old_id, made.into_id, made.why, made.state) == (
        "old",
        "new",
        "same e-mail",
        "merged",
    )
    job = open_job(workspace, actor=local_owner(), action="ingest", progress=Silent())
    assert ("merge", "old") in [(line.action, line.subject) for line in job.records.audit()]


def test_undoing_a_merge_restores_everything_exactly(workspace) -> None:
    before = everything(workspace)
    merge(workspace)
    assert everything(workspace) != before
    unmerge(workspace)
    assert everything(workspace) == before
    (made,) = list_merges(workspace, actor=local_owner()).merges
    assert made.state == "undone"
    assert made.undone_by == local_owner().name


def test_later_loads_follow_the_merge_and_loading_again_changes_nothing(workspace, put) -> None:
    merge(workspace)
    for table in load(workspace, again=True).tables.values():
        assert (table.arrival.new, table.arrival.changed) == (0, 0)
    put("plays.csv", *PLAYS, "old,2024-01-09,play")
    put("people.csv", *PEOPLE[:1], "old,Bern,basic", *PEOPLE[2:])
    loaded = load(workspace)
    assert loaded.tables["interactions"].arrival.new == 1
    assert loaded.tables["customers"].arrival.changed == 1
    assert who(workspace, "interactions") == ["new"] * 4
    assert traits(workspace)["new"] == ("Bern", "gold")


def test_an_undo_gives_each_id_also_what_came_in_between(tmp_path, workspace, put) -> None:
    merge(workspace)
    put("plays.csv", *PLAYS, "old,2024-01-09,play", "new,2024-01-10,play")
    put("people.csv", *PEOPLE[:1], "old,Bern,basic", *PEOPLE[2:])
    load(workspace)
    unmerge(workspace)
    merged = everything(workspace)
    plain = Workspace(tmp_path / "plain")
    plain.root.mkdir()
    for name in ("plays.csv", "paid.csv", "people.csv", "cip.toml"):
        (plain.root / name).write_bytes((tmp_path / name).read_bytes())
    load(plain)
    assert merged == everything(plain)


def test_an_id_without_traits_has_none_after_the_undo_either(workspace, put) -> None:
    put("plays.csv", *PLAYS, "guest,2024-01-09,play")
    load(workspace)
    before = everything(workspace)
    merge(workspace, "old", "guest")
    assert traits(workspace)["guest"] == ("Rome", "basic")
    merge(workspace, "new", "guest")
    assert traits(workspace)["guest"] == ("Rome", "basic")
    unmerge(workspace, "old")
    assert traits(workspace)["guest"] == (None, "gold")
    unmerge(workspace, "new")
    assert everything(workspace) == before


@pytest.mark.parametrize(
    ("old", "into", "code"),
    [
        ("old", "old", "C-150"),
        ("new", "other", "C-151"),
        ("new", "old", "C-151"),
        ("other", "old", "C-151"),
        ("old", "other", "C-151"),
        ("other", "nobody", "C-153"),
    ],
)
def test_chains_circles_and_strangers_are_refused(workspace, old, into, code) -> None:
    merge(workspace)
    with pytest.raises(CipError) as refused:
        merge(workspace, old, into)
    assert refused.value.code == code


def test_several_ids_may_be_one_customer(workspace) -> None:
    merge(workspace, "old", "other")
    merge(workspace, "new", "other")
    assert traits(workspace) == {"other": ("Oslo", "basic")}
    assert who(workspace, "transactions") == ["other"] * 3


def test_undoing_what_was_not_merged_says_so(workspace) -> None:
    with pytest.raises(CipError) as refused:
        unmerge(workspace)
    assert refused.value.code == "C-154"


@pytest.mark.parametrize("tables", [[], ["interactions"], ["transactions", "interactions"]])
def test_a_merge_that_was_killed_half_way_is_finished_by_the_next_load(
    workspace, tables: list[str]
) -> None:
    job = open_job(workspace, actor=local_owner(), action="ingest", progress=Silent())
    promise_merge(job.records, job.actor, "old", "new", "same e-mail")
    con = connect(2)
    for table in tables:  # as far as the killed process came
        move_rows(Lake(workspace.lake), con, table, "old", "new")
    load(workspace)
    assert who(workspace, "interactions") == ["new"] * 3
    assert traits(workspace)["new"] == ("Rome", "gold")
    assert [m.state for m in merges(job.records)] == ["merged"]


@pytest.mark.parametrize("tables", [[], ["interactions"], ["transactions", "interactions"]])
def test_an_undo_that_was_killed_half_way_is_finished_by_the_next_command(
    workspace, tables: list[str]
) -> None:
    before = everything(workspace)
    merge(workspace)
    job = open_job(workspace, actor=local_owner(), action="ingest", progress=Silent())
    (made,) = merges(job.records)
    promise_undo(job.records, job.actor, made)
    con = connect(2)
    for table in tables:
        move_back(Lake(workspace.lake), con, table, "old", "new")
    keep_promises(job, con)
    assert everything(workspace) == before
    assert moves_of(job).into == {}


def test_keeping_a_promise_twice_changes_nothing(workspace) -> None:
    job = open_job(workspace, actor=local_owner(), action="ingest", progress=Silent())
    merge(workspace)
    once = everything(workspace)
    con = connect(2)
    for table in ("interactions", "transactions"):
        move_rows(Lake(workspace.lake), con, table, "old", "new")
    keep_promises(job, con)
    assert everything(workspace) == once
