from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.small import PEOPLE as CITIES
from tests.small import PLAYS, SMALL

from cip.errors import ContractError
from cip.flows.actors import local_owner
from cip.flows.ingest import Loaded, ingest
from cip.flows.steps import Silent
from cip.settings import Workspace
from cip.stores.lake import Lake
from cip.stores.records import open_records

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

HEAD = SMALL + '[churn]\nlabel = { kind = "cancellation" }\n'
SPELLS = """
[sources.spells]
path = "spells.csv"
[tables.subscriptions]
source = "spells"
columns.customer_id = "who"
columns.started_at = "from"
columns.ended_at = "to"
"""
PEOPLE = CITIES + 'attributes.plan = "plan"\n'


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def config(workspace: Workspace, *parts: str) -> None:
    """A workspace of these parts; who cancels has left, or who stops playing."""
    text = HEAD + "".join(parts)
    if "tables.subscriptions" not in text:
        text = text.replace('"cancellation"', '"inactivity", active_kinds = ["play"]')
    workspace.config_path.write_text(text, encoding="utf-8")


def load(workspace: Workspace, **options) -> Loaded:
    return ingest(workspace, actor=local_owner(), progress=Silent(), **options)


def rows(workspace: Workspace, table: str) -> list[dict]:
    lake = Lake(workspace.lake)
    files = lake.pinned(lake.versions()).files(table)
    parts = [pq.ParquetFile(file).read() for file in files]
    return pa.concat_tables(parts, promote_options="default").to_pylist()


def arrival(loaded: Loaded, table: str) -> tuple[int, int, int]:
    found = loaded.tables[table].arrival
    return found.new, found.same, found.changed


def codes(loaded: Loaded) -> dict[str, int]:
    return {finding.code: finding.rows for finding in loaded.findings}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_same_file_twice_changes_nothing_and_is_not_read(workspace, put) -> None:
    config(workspace, PLAYS)
    lines = ["who,at,what", "a,2024-01-01,play", "a,2024-01-01,play", "b,2024-01-02,play"]
    put("plays.csv", *lines)
    first = load(workspace)
    assert arrival(first, "interactions") == (3, 0, 0)
    second = load(workspace)
    assert second.changes == 0
    assert second.unread == {"interactions"}
    assert second.findings == first.findings
    assert second.policies == first.policies
    assert "C-111" in codes(second)  # said again, though nothing was read
    assert second.sources == ({**first.sources[0], "unchanged": True},)
    third = load(workspace, again=True)
    assert arrival(third, "interactions") == (0, 3, 0)
    assert third.versions == first.versions


def test_a_mapping_that_changed_reads_the_file_again(workspace, put) -> None:
    config(workspace, PLAYS)
    put("plays.csv", "who,at,what", "a,2024-01-01,play", "b,2024-01-02,rate")
    load(workspace)
    config(workspace, PLAYS, 'exclude = { kind = ["rate"] }\n')
    again = load(workspace)
    assert not again.unread
    assert codes(again)["C-107"] == 1


def test_another_setting_that_no_row_depends_on_reads_nothing_again(workspace, put) -> None:
    config(workspace, PLAYS)
    put("plays.csv", "who,at,what", "a,2024-01-01,play")
    load(workspace)
    config(workspace, PLAYS, "[value]\nmargin = 0.5\n")
    assert load(workspace).unread == {"interactions"}


def test_only_the_source_that_changed_is_read(workspace, put) -> None:
    config(workspace, PLAYS, SPELLS)
    put("plays.csv", "who,at,what", "a,2024-01-05,play")
    put("spells.csv", "who,from,to", "a,2024-01-01,")
    load(workspace)
    put("plays.csv", "who,at,what", "a,2024-01-05,play", "a,2024-01-06,play")
    loaded = load(workspace)
    assert loaded.unread == {"subscriptions"}
    assert arrival(loaded, "interactions") == (1, 1, 0)


def test_a_delivery_of_new_customers_keeps_the_old_ones(workspace, put) -> None:
    config(workspace, PLAYS, PEOPLE)
    put("plays.csv", "who,at,what", "a,2024-01-05,play")
    put("people.csv", "who,city,plan", "a,Rome,basic", "b,Oslo,basic")
    first = load(workspace)
    put("people.csv", "who,city,plan", "b,Bern,", "c,Kyiv,gold")
    second = load(workspace)
    assert arrival(second, "customers") == (1, 0, 1)
    made = {r["customer_id"]: (r["city"], r["plan"]) for r in rows(workspace, "customers")}
    assert made == {"a": ("Rome", "basic"), "b": ("Bern", None), "c": ("Kyiv", "gold")}
    lake = Lake(workspace.lake)
    before = lake.pinned({"customers": first.versions["customers"]}).rows("customers")
    assert before == 2  # the earlier version can still be read


def test_an_attribute_that_is_mapped_later_is_empty_for_those_not_delivered(workspace, put) -> None:
    config(workspace, PLAYS, PEOPLE.replace('attributes.plan = "plan"\n', ""))
    put("plays.csv", "who,at,what", "a,2024-01-05,play")
    put("people.csv", "who,city,plan", "a,Rome,basic", "b,Oslo,basic")
    load(workspace)
    config(workspace, PLAYS, PEOPLE)
    put("people.csv", "who,city,plan", "a,Rome,basic")
    load(workspace)
    made = {r["customer_id"]: (r["city"], r["plan"]) for r in rows(workspace, "customers")}
    assert made == {"a": ("Rome", "basic"), "b": ("Oslo", None)}


def test_an_end_that_comes_later_is_a_version_known_from_then(workspace, put) -> None:
    config(workspace, SPELLS)
    put("spells.csv", "who,from,to", "a,2024-01-01,", "b,2024-01-01,")
    load(workspace)
    put("spells.csv", "who,from,to", "a,2024-01-01,2024-03-01", "b,2024-01-01,")
    before = datetime.now(UTC)
    second = load(workspace)
    assert arrival(second, "subscriptions") == (0, 1, 1)
    assert codes(second)["C-120"] == 1
    versions = sorted(
        (r for r in rows(workspace, "subscriptions") if r["customer_id"] == "a"),
        key=lambda row: row["known_at"],
    )
    assert [r["ended_at"] for r in versions] == [None, utc("2024-03-01")]
    assert versions[0]["known_at"] == utc("2024-01-01")
    assert versions[1]["known_at"] >= before
    third = load(workspace, again=True)
    assert arrival(third, "subscriptions") == (0, 2, 0)


def test_a_history_loaded_day_by_day_equals_one_filled_in_when_known_at_is_mapped(
    tmp_path: Path,
) -> None:
    spells = SPELLS + 'columns.known_at = "known"\n'
    history = [
        ("a", "2024-01-01", "", "2024-01-01"),
        ("b", "2024-01-01", "", "2024-01-01"),
        ("a", "2024-01-01", "2024-03-01", "2024-02-20"),
        ("c", "2024-02-01", "", "2024-02-21"),
        ("a", "2024-01-01", "2024-04-01", "2024-02-25"),
        ("b", "2024-01-01", "", "2024-02-26"),
    ]
    made = []
    for name, deliveries in (("daily", [2, 3, 4, 5, 6]), ("at once", [6])):
        workspace = Workspace(tmp_path / name)
        workspace.root.mkdir()
        config(workspace, spells)
        for known in deliveries:
            newest = {line[:2]: line for line in history[:known]}  # what an export shows that day
            lines = newest.values() if name == "daily" else history
            text = "\n".join(["who,from,to,known", *(",".join(line) for line in lines)])
            (workspace.root / "spells.csv").write_text(text + "\n", encoding="utf-8")
            load(workspace)
        kept = ("customer_id", "started_at", "ended_at", "known_at")
        stored = rows(workspace, "subscriptions")
        made.append(sorted(([row[name] for name in kept] for row in stored), key=str))
    assert made[0] == made[1]
    assert len(made[0]) == 5  # b's second line says what was known already


def test_known_is_the_own_time_at_the_first_load_and_the_load_s_time_later(workspace, put) -> None:
    config(workspace, PLAYS)
    put("plays.csv", "who,at,what", "a,2024-01-05,play")
    load(workspace)
    put("plays.csv", "who,at,what", "a,2024-01-05,play", "a,2024-01-06,play")
    before = datetime.now(UTC)
    load(workspace)
    first, second = sorted(rows(workspace, "interactions"), key=lambda row: row["occurred_at"])
    assert first["known_at"] == utc("2024-01-05")
    assert before <= second["known_at"] <= datetime.now(UTC)


def test_a_mapped_known_at_counts_at_every_load_and_its_gaps_are_filled(workspace, put) -> None:
    config(workspace, PLAYS, 'columns.known_at = "seen"\n')
    head = "who,at,what,seen"
    put("plays.csv", head, "a,2024-01-05,play,2024-01-07", "b,2024-01-05,play,")
    load(workspace)
    more = ["a,2024-01-08,play,2024-01-09", "b,2024-01-08,play,"]
    put("plays.csv", head, "a,2024-01-05,play,2024-01-07", "b,2024-01-05,play,", *more)
    before = datetime.now(UTC)
    load(workspace)
    made = {
        (r["customer_id"], r["occurred_at"].day): r["known_at"]
        for r in rows(workspace, "interactions")
    }
    assert made["a", 5] == utc("2024-01-07")
    assert made["b", 5] == utc("2024-01-05")
    assert made["a", 8] == utc("2024-01-09")
    assert made["b", 8] >= before


def test_late_rows_and_rows_known_before_they_happened_are_findings(workspace, put) -> None:
    config(workspace, PLAYS, 'columns.known_at = "seen"\n')
    head, first = "who,at,what,seen", "a,2024-03-05,play,2024-03-01"
    put("plays.csv", head, first, "b,2024-03-20,play,")
    assert codes(load(workspace))["C-163"] == 1
    put("plays.csv", head, first, "b,2024-03-20,play,", "c,2024-03-01,play,", "c,2024-03-14,play,")
    found = codes(load(workspace))
    assert found["C-162"] == 1  # the row of the 14th is less than a week late


def test_columns_that_come_or_go_are_findings(workspace, put) -> None:
    config(workspace, PLAYS)
    put("plays.csv", "who,at,what,old", "a,2024-01-05,play,1")
    load(workspace)
    put("plays.csv", "who,at,what,fresh", "a,2024-01-05,play,1")
    found = load(workspace).findings
    assert {f.code: f.column for f in found if f.code in {"C-052", "C-053"}} == {
        "C-052": "old",
        "C-053": "fresh",
    }


def test_an_error_stores_nothing_and_is_found_again(workspace, put) -> None:
    config(workspace, PLAYS)
    put("plays.csv", "who,at,what", "a,2024-01-05,play", "b,soon,play")
    for _ in range(2):
        with pytest.raises(ContractError, match="C-102"):
            load(workspace)
    assert Lake(workspace.lake).versions() == {}
    with open_records(workspace.records_url) as records:
        assert records.last_load("interactions") is None


def test_a_table_whose_record_was_lost_is_read_again_and_changes_nothing(workspace, put) -> None:
    """A process killed between a table's commit and its record has lost no row and doubles none."""
    config(workspace, PLAYS)
    put("plays.csv", "who,at,what", "a,2024-01-05,play")
    first = load(workspace)
    Path(workspace.root / "records.sqlite").unlink()
    second = load(workspace)
    assert not second.unread
    assert arrival(second, "interactions") == (0, 1, 0)
    assert second.versions == first.versions


def test_rows_in_the_future_are_looked_at_again_another_day(workspace, put) -> None:
    config(workspace, PLAYS, 'policy.bad_values = "drop"\n')
    put("plays.csv", "who,at,what", "a,2024-01-05,play", "a,2999-01-05,play")
    load(workspace)
    assert not load(workspace).unread


def test_a_load_is_json(workspace, put) -> None:
    config(workspace, PLAYS)
    put("plays.csv", "who,at,what", "a,2024-01-05,play")
    load(workspace)
    said = json.loads(json.dumps(load(workspace).as_dict()))
    assert said["changes"] == 0
    assert said["unread"] == ["interactions"]
    assert said["tables"]["interactions"]["version"] == 0


def test_two_sources_that_state_the_same_key_make_one_row(workspace, put) -> None:
    """The source that is named last speaks, and loading both again changes nothing."""
    more = SPELLS.replace("[sources.spells]", "[sources.more]").replace("spells.csv", "more.csv")
    more = more.replace('source = "spells"', 'source = "more"')
    both = (SPELLS + more).replace("[tables.subscriptions]", "[[tables.subscriptions]]")
    config(workspace, both)
    put("spells.csv", "who,from,to", "a,2024-01-01,", "b,2024-01-01,")
    put("more.csv", "who,from,to", "a,2024-01-01,2024-02-01")
    assert arrival(load(workspace), "subscriptions") == (2, 0, 0)
    made = {row["customer_id"]: row["ended_at"] for row in rows(workspace, "subscriptions")}
    assert made == {"a": utc("2024-02-01"), "b": None}
    assert load(workspace, again=True).changes == 0


def test_a_workspace_of_customers_alone_is_loaded(workspace, put) -> None:
    label = 'label = { kind = "given", column = "plan", left = ["basic"] }'
    text = (HEAD + PEOPLE).replace('label = { kind = "cancellation" }', label)
    workspace.config_path.write_text(text, encoding="utf-8")
    put("people.csv", "who,city,plan", "a,Rome,basic", "b,Oslo,gold")
    assert arrival(load(workspace), "customers") == (2, 0, 0)
    assert load(workspace).unread == {"customers"}
