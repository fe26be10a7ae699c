from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, insert, inspect, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.schema import CreateTable

import cip.stores
from cip.errors import NotFoundError, NotReadyError, SettingsError
from cip.stores import schema
from cip.stores.database import open_database, writing
from cip.stores.records import Records, open_records
from cip.types import Principal

ADA = Principal("Ada", "owner")


class Ticking:
    """A clock that gains a second whenever it is read."""

    def __init__(self) -> None:
        self.now = datetime(2024, 5, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'records.sqlite'}"


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def records(url: str, clock: Ticking) -> Iterator[Records]:
    with open_records(url, clock) as opened:
        yield opened


def start(records: Records, **changed) -> str:
    values = {
        "data_versions": {"transactions": 3},
        "config_fingerprint": "f" * 64,
        "code_version": "0.1.0",
        "seed": 7,
    }
    return records.start_run(ADA, **{**values, **changed})


def finished(records: Records) -> str:
    run_id = start(records)
    records.finish_run(run_id, seconds=1.5, summary={"auc": 0.8, "note": "gut für Köln"})
    return run_id


def test_a_run_is_written_down_from_start_to_publication(records: Records):
    run_id = start(records)
    run = records.run(run_id)
    assert (run.state, run.actor, run.seed) == ("running", "Ada", 7)
    assert run.data_versions == {"transactions": 3}
    assert (run.finished_at, run.seconds, run.summary, run.error) == (None, None, None, None)
    assert run.created_at == datetime(2024, 5, 1, 12, 0, 1, tzinfo=UTC)

    records.finish_run(run_id, seconds=1.5, summary={"auc": 0.8})
    run = records.run(run_id)
    assert (run.state, run.seconds, run.summary) == ("running", 1.5, {"auc": 0.8})
    assert records.current_run_id() is None

    records.publish(run_id, ADA)
    assert records.run(run_id).state == "published"
    assert records.current_run_id() == run_id


def test_text_and_times_come_back_as_they_went_in(records: Records):
    assert records.run(finished(records)).summary == {"auc": 0.8, "note": "gut für Köln"}
    moments = [run.created_at for run in records.runs()]
    assert [moment.tzinfo for moment in moments] == [UTC]


def test_a_time_of_another_zone_is_the_same_instant_and_one_without_a_zone_is_refused(url: str):
    berlin = datetime(2024, 5, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    with open_records(url, lambda: berlin) as records:
        records.log(ADA, "export", "list")
        assert records.audit()[0].at == berlin
        assert records.audit()[0].at.utcoffset() == timedelta(0)
    naive = berlin.replace(tzinfo=None)
    with (
        open_records(url, lambda: naive) as records,
        pytest.raises(StatementError, match="no time zone"),
    ):
        records.log(ADA, "export", "list")


def test_the_newest_runs_come_first(records: Records):
    ids = [start(records) for _ in range(4)]
    assert [run.run_id for run in records.runs(3)] == ids[:0:-1]
    assert sorted(ids) == ids


def test_a_failed_run_says_why_and_cannot_be_published(records: Records):
    run_id = finished(records)
    records.fail_run(run_id, seconds=2.0, error="disk full")
    assert (records.run(run_id).state, records.run(run_id).error) == ("failed", "disk full")
    with pytest.raises(NotReadyError, match="not published or running"):
        records.publish(run_id, ADA)
    assert records.current_run_id() is None
    assert records.audit() == []


def test_a_published_run_is_closed_but_may_be_made_current_again(records: Records):
    first, second = finished(records), finished(records)
    records.publish(first, ADA)
    records.publish(second, ADA)
    for change in (
        lambda: records.fail_run(first, seconds=1.0, error="late"),
        lambda: records.finish_run(first, seconds=1.0, summary={}),
    ):
        with pytest.raises(NotReadyError, match="is not running"):
            change()
    records.publish(first, ADA)
    assert records.current_run_id() == first
    assert [line.detail for line in records.audit()] == [
        {"before": second},
        {"before": first},
        {"before": None},
    ]


def test_an_unknown_run_is_said_so(records: Records):
    with pytest.raises(NotFoundError, match="there is no run '2024'"):
        records.run("2024")
    with pytest.raises(NotReadyError):
        records.publish("2024", ADA)


def test_a_summary_that_is_no_json_is_refused_and_changes_nothing(records: Records):
    run_id = start(records)
    with pytest.raises(StatementError, match="JSON compliant"):
        records.finish_run(run_id, seconds=1.0, summary={"auc": float("nan")})
    assert records.run(run_id).summary is None


def test_publication_is_all_or_nothing(records: Records, url: str):
    first = finished(records)
    records.publish(first, ADA)
    second = finished(records)
    with sqlite3.connect(url.removeprefix("sqlite:///")) as raw:
        raw.execute(
            "create trigger stop before insert on audit begin select raise(abort, 'stopped'); end"
        )
    raw.close()
    with pytest.raises(IntegrityError, match="stopped"):
        records.publish(second, ADA)
    assert records.current_run_id() == first
    assert records.run(second).state == "running"


def test_the_pointer_names_a_run_that_exists_and_states_are_those_three(records: Records, url: str):
    engine = open_database(url)
    orphan = insert(schema.pointer).values(
        name="current", run_id="none", moved_at=datetime.now(UTC), moved_by="Ada"
    )
    start(records)
    for statement in (orphan, update(schema.runs).values(state="finished")):
        with pytest.raises(IntegrityError), writing(engine) as connection:
            connection.execute(statement)


START_AND_WAIT = """
import sys
from cip.stores.records import open_records
from cip.types import Principal
records = open_records(sys.argv[1])
print(records.start_run(Principal("job", "service"), data_versions={}, config_fingerprint="",
                        code_version="", seed=1), flush=True)
input()
"""


def test_a_run_whose_process_was_killed_is_shown_as_interrupted(records: Records, url: str):
    with subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        run_id = child.stdout.readline().strip()
        assert records.run(run_id).state == "running"
        child.kill()
    assert records.run(run_id).state == "interrupted"
    assert [run.state for run in records.runs()] == ["interrupted"]


def test_a_run_of_another_machine_is_taken_for_lost_after_a_day(records, url, clock):
    run_id = start(records)
    with writing(open_database(url)) as connection:
        connection.execute(update(schema.runs).values(host="elsewhere"))
    assert records.run(run_id).state == "running"
    clock.now += timedelta(hours=25)
    assert records.run(run_id).state == "interrupted"
    records.publish(run_id, ADA)
    assert records.run(run_id).state == "published"


def test_a_slow_run_of_a_living_process_is_running_for_days(records: Records, clock: Ticking):
    run_id = start(records)
    clock.now += timedelta(days=9)
    assert records.run(run_id).state == "running"


def test_the_newest_load_of_a_table_is_found(records: Records):
    assert records.last_load("transactions") is None
    for version, table in enumerate(("transactions", "transactions", "items")):
        records.add_load(
            ADA,
            table=table,
            source="/data/sales.csv",
            sha256=f"{version}" * 64,
            rows=5_000_000_000,
            version=version,
            mapping_fingerprint="m",
        )
    load = records.last_load("transactions")
    assert load is not None
    assert (load.version, load.sha256, load.rows) == (1, "1" * 64, 5_000_000_000)
    assert (load.actor, load.source) == ("Ada", "/data/sales.csv")


def test_the_audit_trail_keeps_who_did_what_newest_first(records: Records):
    records.log(ADA, "export", "priority list", {"rows": 10})
    records.log(Principal("Eve'); drop table runs; --", "viewer"), "read", "customer 7")
    newest, older = records.audit()
    assert (newest.actor, newest.role) == ("Eve'); drop table runs; --", "viewer")
    assert (newest.action, newest.subject, newest.detail) == ("read", "customer 7", {})
    assert older.detail == {"rows": 10}
    assert newest.at > older.at
    assert len(records.audit(1)) == 1
    assert records.runs() == []


def test_the_newest_choice_of_a_name_counts_and_is_audited(records: Records):
    assert records.choice("threshold") is None
    records.set_choice(ADA, "threshold", 0.5)
    records.set_choice(ADA, "other", {"a": [1]})
    newest = records.set_choice(ADA, "threshold", 0.42)
    assert records.choice("threshold") == newest
    assert (newest.value, newest.set_by, newest.set_at.tzinfo) == (0.42, "Ada", UTC)
    assert records.choice("other").value == {"a": [1]}
    assert records.audit()[0].detail == {"value": 0.42, "before": 0.5}


def test_a_choice_that_is_no_json_changes_nothing(records: Records):
    with pytest.raises(StatementError, match="JSON compliant"):
        records.set_choice(ADA, "threshold", float("nan"))
    assert records.choice("threshold") is None
    assert records.audit() == []


def test_records_of_the_first_version_keep_their_rows_and_gain_the_choices(url: str):
    with open_records(url) as records:
        run_id = finished(records)
        records.publish(run_id, ADA)
    with writing(open_database(url)) as connection:
        for table in ("choices", "merges", "suppressed", "sightings", "versions", "ledger"):
            connection.exec_driver_sql(f"drop table {table}")
        for column in ("source_name", "findings", "columns", "newest_at"):
            connection.exec_driver_sql(f"alter table loads drop column {column}")
        connection.exec_driver_sql("update alembic_version set version_num = '0001'")
    with open_records(url) as records:
        assert records.current_run_id() == run_id
        assert records.set_choice(ADA, "threshold", 0.5).value == 0.5
    with open_database(url).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []


def script_directory() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", f"{Path(cip.stores.__file__).parent}/migrations")
    return ScriptDirectory.from_config(config)


def test_the_migrated_tables_are_those_of_the_code(url: str):
    with open_database(url).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
        checks = inspect(connection).get_check_constraints("runs")
    assert [check["name"] for check in checks] == ["ck_runs_state"]
    assert script_directory().get_current_head() == schema.HEAD


def test_the_code_knows_when_the_migrated_tables_differ(url: str):
    with writing(open_database(url)) as connection:
        connection.exec_driver_sql("alter table runs drop column seed")
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) != []


def test_every_table_can_be_made_on_postgresql():
    for table in schema.metadata.sorted_tables:
        made = str(CreateTable(table).compile(dialect=postgresql.dialect()))
        assert "TIMESTAMP WITH TIME ZONE" in made


def test_opening_again_changes_nothing(url: str):
    with open_records(url) as records:
        records.log(ADA, "export", "list")
    with open_records(url) as records:
        assert len(records.audit()) == 1


def test_a_migration_that_fails_leaves_no_half_made_database(tmp_path, url, monkeypatch):
    monkeypatch.setattr("alembic.op.create_index", None)
    with pytest.raises(TypeError):
        open_records(url)
    engine = create_engine(url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    monkeypatch.undo()
    with open_records(url) as records:
        assert records.runs() == []


OPEN_WHEN_TOLD = """
import sys
from cip.stores.records import open_records
from cip.types import Principal
print("ready", flush=True)
input()
with open_records(sys.argv[1]) as records:
    for number in range(5):
        records.log(Principal("job", "service"), "read", str(number))
"""


def test_processes_that_open_a_new_database_at_once_all_succeed(url: str):
    children = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", OPEN_WHEN_TOLD, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        child.communicate()
    assert [child.returncode for child in children] == [0, 0, 0]
    with open_records(url) as records:
        assert len(records.audit()) == 15


def test_threads_that_open_a_new_database_at_once_all_succeed(url: str):
    with ThreadPoolExecutor(4) as threads:
        opened = list(threads.map(open_records, [url] * 4))
    for records in opened:
        records.log(ADA, "read", "list")
    assert len(opened[0].audit()) == 4


def test_records_of_a_newer_version_are_refused(url: str):
    with writing(open_database(url)) as connection:
        connection.exec_driver_sql("update alembic_version set version_num = '9999'")
    with pytest.raises(SettingsError, match="newer version"):
        open_records(url)


def no_database(folder: Path) -> str:
    (folder / "notes.txt").write_text("no database, but long enough to look like a file\n" * 99)
    return f"sqlite:///{folder}/notes.txt"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (no_database, "file is not a database"),
        (lambda folder: f"sqlite:///{folder}/nowhere/records.sqlite", "unable to open"),
        (lambda folder: f"sqlite:///{folder}/what?/records.sqlite", "question mark"),
        (lambda _: "postgresql+nothing://ada:secret@host/cip", "ada:.*@host/cip cannot be opened"),
        (lambda _: "ada:secret", "no database URL"),
    ],
)
def test_an_address_that_cannot_be_used_is_said_without_its_password(tmp_path, address, said):
    with pytest.raises(SettingsError, match=said) as caught:
        open_records(address(tmp_path))
    assert "secret" not in str(caught.value)
