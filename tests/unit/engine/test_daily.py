"""Stored tables by day are, row for row, what the events give, however the events came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cip.contract.config import LabelRule
from cip.contract.features import FeatureRule
from cip.engine.bucket import bucket_of
from cip.engine.daily import DAILY, made_by_day
from cip.engine.daily_at_hand import names_read, unread_tables
from cip.engine.daily_parts import Part, stored_daily, stored_kinds
from cip.engine.daily_update import MOST_PARTS, bring_up_to_date, forget_buckets
from cip.engine.declared import declared
from cip.engine.events import Events, kinds_of, read_events
from cip.engine.feature import DailyRows, Feature, OwnRows, Shares
from cip.engine.snapshot import SeenOnce, labelled_and_score
from cip.stores.daily import DailyFolder
from cip.stores.lake import Lake, LakeSnapshot

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

START = datetime(2024, 1, 1, tzinfo=UTC)
TIME = pa.timestamp("us", "UTC")
COLUMNS = {
    "transactions": {
        "customer_id": pa.string(),
        "occurred_at": TIME,
        "known_at": TIME,
        "amount": pa.float64(),
        "row_key": pa.string(),
    },
    "interactions": {
        "customer_id": pa.string(),
        "occurred_at": TIME,
        "known_at": TIME,
        "kind": pa.string(),
        "item_id": pa.string(),
        "device": pa.string(),
        "quantity": pa.float64(),
        "value": pa.float64(),
        "sentiment": pa.float64(),
    },
}
EVERYBODY = range(64)
ROWS = 10**6


def at(day: float) -> datetime:
    return START + timedelta(days=day)


def paid(who: str, day: float, amount: float, known: float | None = None, **more: Any) -> dict:
    return {
        "customer_id": who,
        "occurred_at": at(day),
        "known_at": at(day if known is None else known),
        "amount": amount,
        "row_key": f"{who}-{day}",
        **more,
    }


def did(who: str, day: float, kind: str = "play", known: float | None = None, **more: Any) -> dict:
    return {
        "customer_id": who,
        "occurred_at": at(day),
        "known_at": at(day if known is None else known),
        "kind": kind,
        **more,
    }


@dataclass
class World:
    """A lake, and what is stored by day beside it."""

    con: ibis.BaseBackend
    root: Path
    zone: str = "UTC"
    rows_per_pass: int = ROWS

    @property
    def daily(self) -> DailyFolder:
        return DailyFolder(self.root / "daily")

    @property
    def lake(self) -> LakeSnapshot:
        lake = Lake(self.root / "lake")
        return lake.pinned(lake.versions(), self.zone)

    def load(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """One load; rows that say a revision bring the column."""
        schema = dict(COLUMNS[table])
        if any("revision" in row for row in rows):
            schema["revision"] = pa.int32()
        columns = {n: pa.array([row.get(n) for row in rows], t) for n, t in schema.items()}
        buckets = pa.array([bucket_of(row["customer_id"]) for row in rows], pa.int32())
        made = pa.table({**columns, "bucket": buckets}).sort_by("bucket")
        Lake(self.root / "lake").append(table, made.to_reader())

    def update(self) -> tuple[Part, ...]:
        return bring_up_to_date(self.con, self.lake, self.daily, self.rows_per_pass)

    def check(self, parts: Sequence[Part]) -> None:
        """Every table that the events can give is there, row for row; so are the kinds."""
        store = self.lake
        events = read_events(self.con, store, EVERYBODY)
        names = [n for n, made in DAILY.items() if getattr(events, made.table) is not None]
        stored = stored_daily(self.con, store, parts, EVERYBODY, names)
        assert sorted(stored) == sorted(names)
        for name in names:
            assert sorted_rows(stored[name]) == sorted_rows(made_by_day(events, name)), name
        if store.has("interactions"):
            assert stored_kinds(store, parts) == kinds_of(self.con, store)


def sorted_rows(table: Any) -> list[tuple[tuple[str, Any], ...]]:
    """Sums to a millionth, as every reader takes them."""
    rows = table.to_pyarrow().to_pylist()
    said = [
        tuple(
            (name, round(value, 6) if isinstance(value, float) else value)
            for name, value in sorted(row.items())
            if value is not None or name != "superseded_day"
        )
        for row in rows
    ]
    return sorted(said, key=repr)


@pytest.fixture
def world(con, tmp_path: Path) -> World:
    return World(con, tmp_path)


@pytest.fixture
def small(world: World) -> World:
    """Two loads: the second brings a new day and a row that came late."""
    world.load("transactions", [paid("ann", 1, 10.0), paid("bob", 2, 7.5)])
    world.load("interactions", [did("ann", 1, item_id="tea"), did("bob", 3, "rate", value=4.0)])
    return world


def files(parts: Sequence[Part]) -> set[str]:
    return {part.path for part in parts}


def test_a_new_day_is_added_and_what_was_there_is_not_made_again(small: World) -> None:
    before = small.update()
    small.load("interactions", [did("ann", 9, item_id="tea"), did("ann", 2, known=9)])
    after = small.update()
    assert files(before) < files(after)
    added = [part for part in after if part.path not in files(before)]
    assert {part.name for part in added} == {"kinds", "items", "devices"}
    assert all(part.covers.keys() == {bucket_of("ann")} for part in added)
    small.check(after)


def test_nothing_new_makes_nothing(small: World) -> None:
    assert files(small.update()) == files(small.update())


def test_a_part_of_no_rows_counts_as_done(small: World) -> None:
    """Nobody says a device here."""
    (empty,) = [part for part in small.update() if part.name == "devices"]
    assert empty.known == (1 + days(), 3 + days())
    assert files(small.update()) >= {empty.path}


def days() -> int:
    return (START - datetime(1970, 1, 1, tzinfo=UTC)).days


def test_rows_of_one_day_known_on_one_day_add_up_over_loads(small: World) -> None:
    small.update()
    small.load("transactions", [paid("ann", 1.5, 2.25)])
    small.load("interactions", [did("bob", 3.5, "rate", value=2.0)])
    parts = small.update()
    small.check(parts)
    stored = stored_daily(small.con, small.lake, parts, EVERYBODY, ["payments"])["payments"]
    spends = {row["customer_id"]: row["spend"] for row in stored.to_pyarrow().to_pylist()}
    assert spends == {"ann": 12.25, "bob": 7.5}


def test_a_row_that_a_load_changes_takes_its_day_along(small: World) -> None:
    small.update()
    small.load("transactions", [paid("ann", 1, 12.0, known=20, revision=1)])
    parts = small.update()
    small.check(parts)
    small.load("transactions", [paid("ann", 25, 3.0)])
    again = small.update()
    assert files(parts) < files(again)
    small.check(again)


def test_a_bucket_in_too_many_parts_is_made_in_one(world: World) -> None:
    for day in range(MOST_PARTS + 2):
        world.load("transactions", [paid("ann", day, 1.0)])
        parts = world.update()
    assert len(parts) == 1
    world.load("transactions", [paid("ann", 99, 1.0)])
    parts = world.update()
    assert len(parts) == 2
    world.check(parts)


def test_merged_or_erased_customers_are_made_anew(small: World) -> None:
    before = small.update()
    bucket = bucket_of("ann")
    others = [did("eve", 1)]
    rows = pa.table(
        {
            **{
                n: pa.array([r.get(n) for r in others], t)
                for n, t in COLUMNS["interactions"].items()
            },
            "bucket": pa.array([bucket], pa.int32()),
        }
    )
    Lake(small.root / "lake").rewrite("interactions", [bucket], rows.to_reader())
    parts = small.update()
    assert not any(
        bucket in part.covers
        for part in parts
        if part.path in files(before) and part.name == "kinds"
    )
    small.check(parts)


def test_after_forgetting_no_file_holds_the_customer(small: World) -> None:
    small.update()
    assert "ann" in ids_in(small.daily.path)
    forget_buckets(small.daily, [bucket_of("ann")])
    assert "ann" not in ids_in(small.daily.path)
    small.check(small.update())


def ids_in(folder: Path) -> set[str]:
    files = folder.glob("*.parquet")
    return {who for file in files for who in pq.read_table(file)["customer_id"].to_pylist()}


@pytest.mark.parametrize("harm", ["cut", "changed", "gone", "manifest"])
def test_a_damaged_file_is_made_again(small: World, harm: str) -> None:
    (part,) = [part for part in small.update() if part.name == "payments"]
    file, manifest = Path(part.path), small.daily.path / "manifest.json"
    whole = file.read_bytes()
    if harm == "cut":
        file.write_bytes(whole[:-50])
    elif harm == "changed":
        file.write_bytes(whole[:20] + bytes([whole[20] ^ 1]) + whole[21:])
    elif harm == "gone":
        file.unlink()
    else:
        manifest.write_text(manifest.read_text()[:-20])
    parts = small.update()
    assert part.path not in files(parts)
    small.check(parts)


@pytest.mark.parametrize(
    "note",
    [
        {},
        {"daily": "payments"},
        {"daily": "spells", "definition": "", "covers": {}, "known": None, "kinds": []},
        {"daily": "payments", "definition": "x", "covers": [], "known": None, "kinds": []},
        {"daily": "payments", "definition": "x", "covers": {"a": []}, "known": 3, "kinds": []},
    ],
)
def test_a_note_that_says_something_else_is_no_part(small: World, note: dict) -> None:
    path = small.daily.fresh("payments")
    Path(path).write_bytes(b"x")
    small.daily.commit({path: note})
    parts = small.update()
    assert path not in files(parts)
    small.check(parts)


def test_other_midnights_make_everything_anew(small: World) -> None:
    before = small.update()
    moved = replace(small, zone="Asia/Tokyo")
    after = moved.update()
    assert not files(before) & files(after)
    moved.check(after)


@dataclass
class Dying:
    """A folder whose process is killed at its n-th commit, before anything of it is written."""

    folder: DailyFolder
    commits: int
    written: list[str] = field(default_factory=list)

    def listed(self) -> dict[str, dict[str, Any]]:
        return self.folder.listed()

    def fresh(self, name: str) -> str:
        self.written.append(self.folder.fresh(name))
        return self.written[-1]

    def commit(self, added: Mapping[str, Mapping[str, Any]], gone: Any = frozenset()) -> None:
        if not self.commits:
            raise KeyboardInterrupt
        self.commits -= 1
        self.folder.commit(added, gone)


def test_a_killed_update_goes_on_where_it_stopped(small: World) -> None:
    dying = Dying(small.daily, commits=1)
    with pytest.raises(KeyboardInterrupt):
        bring_up_to_date(small.con, small.lake, dying, 1)
    done = set(small.daily.listed())
    assert done
    assert done < set(dying.written)
    parts = replace(small, rows_per_pass=1).update()
    assert done < files(parts)
    small.check(parts)
    small.daily.sweep()
    left = {str(file) for file in small.daily.path.glob("*.parquet")}
    assert left == files(parts)


def test_parts_of_an_older_lake_are_not_taken_for_this_one(small: World) -> None:
    parts = small.update()
    small.load("transactions", [paid("ann", 5, 1.0)])
    stored = stored_daily(small.con, small.lake, parts, EVERYBODY, list(DAILY))
    assert sorted(stored) == ["devices", "items", "kinds"]


people = st.sampled_from(["ann", "bob", "eve", "zoe"])
instants = st.integers(0, 40 * 8).map(lambda eighths: eighths / 8)
known_late = st.sampled_from([None, None, 3.0, 17.5])
cents = st.integers(-5_000, 20_000).map(lambda amount: amount / 100)
payments = st.builds(
    lambda who, day, amount, late: paid(who, day, amount, late if late is None else day + late),
    people,
    instants,
    cents,
    known_late,
)
interactions = st.builds(
    lambda who, day, kind, late, more: did(who, day, kind, late and day + late, **more),
    people,
    instants,
    st.sampled_from(["play", "rate", "search", "impression"]),
    known_late,
    st.fixed_dictionaries(
        {
            "item_id": st.sampled_from(["tea", "soap", None]),
            "device": st.sampled_from(["tv", "phone", None]),
            "quantity": st.sampled_from([None, 1.0, 2.5]),
            "value": st.sampled_from([None, 3.1, 4.75]),
            "sentiment": st.sampled_from([None, 0.2, 0.9]),
        }
    ),
)
loads = st.lists(
    st.tuples(st.lists(payments, max_size=6), st.lists(interactions, max_size=8), st.booleans()),
    min_size=1,
    max_size=4,
)
QUIET = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=6
)


def in_steps(world: World, history: list[tuple[list, list, bool]]) -> Iterator[None]:
    """Load after load; one may change a payment of an earlier one."""
    keys: dict[str, dict] = {}
    for number, (bought, done, change) in enumerate(history):
        fresh = list({row["row_key"]: row for row in bought if row["row_key"] not in keys}.values())
        if change and keys:
            first = next(iter(keys.values()))
            fresh.append(
                {**first, "amount": 1.0 + number, "known_at": at(60 + number), "revision": number}
            )
        keys |= {row["row_key"]: row for row in fresh}
        if fresh:
            world.load("transactions", fresh)
        if done:
            world.load("interactions", done)
        if fresh or done:
            yield


@given(history=loads, rows_per_pass=st.sampled_from([2, ROWS]))
@QUIET
def test_however_events_come_the_tables_are_those_of_the_events(
    con, tmp_path_factory: pytest.TempPathFactory, history, rows_per_pass: int
) -> None:
    world = World(con, tmp_path_factory.mktemp("daily"), rows_per_pass=rows_per_pass)
    for _ in in_steps(world, history):
        world.check(world.update())


RULES = (LabelRule(), LabelRule(kind="inactivity", active_kinds=("play", "rate")))


OWN = declared(
    "own", FeatureRule.model_validate({"table": "interactions", "of": "max", "column": "value"})
)


def seen(
    world: World, rule: LabelRule, extra: Sequence[Feature], daily: Sequence[Part]
) -> SeenOnce:
    return labelled_and_score(
        world.con,
        world.lake,
        [at(20), at(33)],
        at(90),
        horizon_days=20,
        data_end=at(90),
        active_days=400,
        rows_per_pass=ROWS,
        rule=rule,
        extra=extra,
        daily=daily,
    )


def assert_same(one: Any, other: Any) -> None:
    assert one.columns.keys() == other.columns.keys()
    assert one.customer_id.tolist() == other.customer_id.tolist()
    for name, values in one.columns.items():
        np.testing.assert_array_equal(values, other.columns[name], err_msg=name)


@given(history=loads, rule=st.sampled_from(RULES), extra=st.sampled_from([(), (OWN,)]))
@settings(QUIET, max_examples=4)
def test_features_and_labels_are_those_of_the_events(
    con, tmp_path_factory: pytest.TempPathFactory, history, rule: LabelRule, extra
) -> None:
    """To the last bit: what is added up is rounded to a millionth, and these sums have cents."""
    world = World(con, tmp_path_factory.mktemp("daily"))
    world.load("transactions", [paid("ann", 10, 5.0), paid("ann", 25, 5.0), paid("bob", 31, 1.5)])
    world.load("interactions", [did("ann", 11), did("bob", 30, item_id="tea")])
    world.update()
    for _ in in_steps(world, history[:2]):
        parts = world.update()
        stored, plain = (seen(world, rule, extra, daily) for daily in (parts, ()))
        assert_same(stored.known.features, plain.known.features)
        assert stored.known.churned.tolist() == plain.known.churned.tolist()
        assert stored.known.future_value.tolist() == plain.known.future_value.tolist()
        assert_same(stored.score, plain.score)


def test_a_question_names_the_tables_that_it_reads() -> None:
    bought, active = RULES
    assert names_read(["activity", "kinds", "spells", "ratios"], [bought], labelled=False) == {
        "kinds",
        "payments",
    }
    assert names_read(["categories"], [active], labelled=False) == {"items", "kinds"}
    assert names_read([], [LabelRule(kind="cancellation")], labelled=True) == {"payments"}


@pytest.mark.parametrize(
    ("stored", "stages", "unread"),
    [
        ((), [], set()),
        (("kinds",), [], {"interactions"}),
        (("kinds", "payments"), [], {"transactions", "interactions"}),
        (("kinds", "payments"), [DailyRows("transactions")], {"interactions"}),
        (("kinds", "payments"), [Shares(DailyRows("interactions"))], {"transactions"}),
        (("kinds", "payments"), [OwnRows(lambda _, pairs: pairs)], set()),
    ],
)
def test_events_stay_in_their_files_where_tables_by_day_say_it_all(
    stored: tuple[str, ...], stages: list[Any], unread: set[str]
) -> None:
    days = ibis.table({"customer_id": "string"}, name="days")
    events = Events(days, days, None, None, None, daily=dict.fromkeys(stored, days))
    assert unread_tables(events, ["kinds", "payments"], stages) == unread
