"""Nothing that happened or became known at the cutoff or later changes any feature."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cip.contract.features import FeatureRule
from cip.engine.declared import declared
from cip.engine.feature import DailyRows, Feature
from cip.engine.features import CATALOGUE
from cip.engine.rows import new_rows, with_known_at
from cip.engine.snapshot import feature_frame
from cip.types import FeatureFrame, FeatureInfo

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

CUTOFF = datetime(2024, 3, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
KINDS = ["play", "rate", "search", "impression", "click", "payment_failed"]
ITEMS = [{"item_id": "tea", "category": "drinks"}, {"item_id": "soap", "category": "home"}]

RULES = [
    *({"table": "interactions", "of": of} for of in ("count", "days", "days_since_last")),
    *(
        {"table": table, "of": of, "column": column, "window_days": 60}
        for of in ("sum", "mean", "max", "min")
        for table, column in (
            ("interactions", "value"),
            ("transactions", "amount"),
            ("subscriptions", "price"),
        )
    ),
    *(
        {"table": table, "of": of, "column": column}
        for of in ("distinct", "share")
        for table, column in (
            ("interactions", "item_id"),
            ("interactions", "category"),
            ("interactions", "device"),
            ("subscriptions", "plan"),
        )
    ),
    {"table": "interactions", "of": "count", "kinds": ["play", "rate"], "window_days": 7},
    {"table": "interactions", "of": "share", "column": "device", "kinds": ["play"]},
    {"ratio": ["own_0", "interactions_all"]},
]
EVERY_COLUMN = [
    # somebody's expression that reads everything which the rows of a stage have
    *(
        Feature(
            info=FeatureInfo(f"all_{number}", "number", "", "", "", ""),
            stage=stage,
            value=lambda rows: sum(
                (rows[name].hash() % 1000).cast("float64").sum().fill_null(0)
                for name in rows.columns
                if name != "customer_id"
            ),
        )
        for number, stage in enumerate(
            (
                *("payments", "activity", "kinds", "sentiment", "items", "categories", "devices"),
                "spells",
                DailyRows("subscriptions", number="price", thing="plan"),
            )
        )
    )
]
OF_PEOPLE = [
    *(declared(f"own_{n}", FeatureRule.model_validate(rule)) for n, rule in enumerate(RULES)),
    *EVERY_COLUMN,
]

before = st.one_of(
    st.just(MICROSECOND), st.timedeltas(min_value=MICROSECOND, max_value=timedelta(days=400))
)
after = st.one_of(
    st.just(timedelta(0)), st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400))
)


@st.composite
def events(draw: st.DrawFn) -> dict:
    """One event that happened and was known before the cutoff, of any table."""
    known_before = draw(before)
    happened_before = max(known_before, draw(before))
    event = {"occurred_at": CUTOFF - happened_before, "known_at": CUTOFF - known_before}
    table = draw(st.sampled_from(["transactions", "interactions", "subscriptions"]))
    if table == "transactions":
        return {**event, "amount": draw(st.sampled_from([-4.0, 0.0, 0.25, 3.0, 50.5]))}
    if table == "subscriptions":
        length = draw(st.one_of(st.none(), before))
        return {**event, "ended_at": None if length is None else event["occurred_at"] + length}
    return {
        **event,
        "kind": draw(st.sampled_from(KINDS)),
        "item_id": draw(st.sampled_from(["tea", "soap", None])),
        "quantity": draw(st.sampled_from([-1.0, 1.0, 3.0])),
        "value": draw(st.sampled_from([None, 2.0, 45.5])),
        "sentiment": draw(st.sampled_from([None, 0.25, 1.0])),
        "device": draw(st.sampled_from([None, "phone", "tv"])),
    }


def spell(event: dict) -> dict:
    """As the subscriptions have it; spells that begin together are of one plan."""
    begun = event["occurred_at"]
    dear = begun.microsecond % 2 == 1
    made = {key: value for key, value in event.items() if key != "occurred_at"}
    return {**made, "started_at": begun, "plan": "full" if dear else "basic", "price": 5.0 + dear}


def figures(column: np.ndarray) -> np.ndarray:
    """A category as numbers, so that undefined equals undefined."""
    codes = {None: np.nan, "basic": 1.0, "full": 2.0, "phone": 3.0, "tv": 4.0}
    return np.array([codes[x] for x in column]) if column.dtype == object else column


def features_of_variants(con, make_store, variants: dict[str, list[dict]]) -> dict[str, list]:
    """The features of customers who each live one variant of a history; [] if not eligible."""
    rows = [{**e, "customer_id": name} for name, history in variants.items() for e in history]
    frame, infos = feature_frame(
        con,
        make_store(
            transactions=[row for row in rows if "amount" in row],
            interactions=[row for row in rows if "kind" in row],
            subscriptions=[spell(row) for row in rows if "ended_at" in row],
            items=ITEMS,
        ),
        [CUTOFF],
        active_days=180,
        rows_per_pass=10**6,
        extra=OF_PEOPLE,
    )
    assert [info.name for info in infos] == [f.info.name for f in (*CATALOGUE, *OF_PEOPLE)]
    values = np.array([figures(frame.columns[info.name]) for info in infos])
    found = dict(zip(frame.customer_id.tolist(), values.T.tolist(), strict=True))
    return {name: found.get(name, []) for name in variants}


# somebody eligible with everything, so that no store is empty and no feature is left out
LATELY = {"occurred_at": CUTOFF - timedelta(days=9)}
SOMETHING = {
    "item_id": "tea",
    "quantity": 1.0,
    "value": 3.0,
    "sentiment": 0.75,
    "device": "phone",
}
ANCHOR = [
    {**LATELY, "amount": 1.0},
    {**LATELY, "ended_at": None},
    *({**LATELY, "kind": kind, **SOMETHING} for kind in KINDS),
]


# one query tells of many customers, so an example is a handful of stories
FEW_QUERIES = settings(max_examples=3, deadline=None)
MOST = 12
history = st.tuples(st.lists(events(), max_size=8), st.booleans()).map(
    # a purchase of long ago keeps most histories eligible
    lambda drawn: [*drawn[0], ANCHOR[0]] if drawn[1] else drawn[0]
)


@FEW_QUERIES
@given(stories=st.lists(st.tuples(history, events(), after), min_size=8, max_size=MOST))
def test_moving_an_event_or_its_knowledge_past_the_cutoff_is_as_if_it_were_not_there(
    con, make_store, stories: list[tuple[list[dict], dict, timedelta]]
) -> None:
    variants = {"anchor": ANCHOR}
    for n, (others, moved, shift) in enumerate(stories):
        late = CUTOFF + shift
        variants |= {
            f"{n} without": others,
            f"{n} happened later": [*others, {**moved, "occurred_at": late, "known_at": late}],
            f"{n} known later": [*others, {**moved, "known_at": late}],
            f"{n} happened later, known early": [*others, {**moved, "occurred_at": late}],
        }
    made = features_of_variants(con, make_store, variants)
    assert len(made["anchor"]) > 34
    for name, values in made.items():
        story = name.split(" ", maxsplit=1)[0]
        wanted = made[f"{story} without"] if name != "anchor" else values
        np.testing.assert_array_equal(values, wanted, err_msg=name)


@FEW_QUERIES
@given(
    stories=st.lists(
        st.tuples(history, st.lists(st.tuples(events(), after), min_size=1, max_size=6)),
        min_size=8,
        max_size=MOST,
    )
)
def test_adding_events_at_the_cutoff_or_later_changes_nothing(
    con, make_store, stories: list[tuple[list[dict], list[tuple[dict, timedelta]]]]
) -> None:
    variants = {"anchor": ANCHOR}
    for n, (past, later) in enumerate(stories):
        added = [
            {**event, "occurred_at": CUTOFF + shift, "known_at": CUTOFF + shift}
            for event, shift in later
        ]
        variants |= {f"{n} before": past, f"{n} and after": [*past, *added]}
    made = features_of_variants(con, make_store, variants)
    assert len(made["anchor"]) > 34
    for n in range(len(stories)):
        np.testing.assert_array_equal(made[f"{n} before"], made[f"{n} and after"])


@settings(FEW_QUERIES, max_examples=2)
@given(stories=st.lists(st.tuples(history, before, before, after), min_size=6, max_size=MOST))
def test_an_end_at_the_cutoff_or_later_is_as_if_nobody_had_ended_the_spell(
    con, make_store, stories: list[tuple[list[dict], timedelta, timedelta, timedelta]]
) -> None:
    variants = {"anchor": ANCHOR}
    for n, (others, begun, known, shift) in enumerate(stories):
        happened = {"occurred_at": CUTOFF - max(begun, known), "known_at": CUTOFF - known}
        variants |= {
            f"{n} running": [*others, {**happened, "ended_at": None}],
            f"{n} announced": [*others, {**happened, "ended_at": CUTOFF + shift}],
        }
    made = features_of_variants(con, make_store, variants)
    for n in range(len(stories)):
        np.testing.assert_array_equal(made[f"{n} running"], made[f"{n} announced"])


EDGES = {
    "happened and known just before": (-MICROSECOND, -MICROSECOND, True),
    "happened and known at the cutoff": (0 * MICROSECOND, 0 * MICROSECOND, False),
    "known at the cutoff": (-MICROSECOND, 0 * MICROSECOND, False),
    "happened at the cutoff": (0 * MICROSECOND, -MICROSECOND, False),
    "long ago, known just before": (-timedelta(days=30), -MICROSECOND, True),
    "long ago, known at the cutoff": (-timedelta(days=30), 0 * MICROSECOND, False),
}
"""When a payment happened and became known, from the cutoff on, and whether it counts."""
TWO_DAYS_AGO = {"occurred_at": CUTOFF - timedelta(days=2)}
OF_EVERY_KIND = [
    {**TWO_DAYS_AGO, "amount": 8.0},
    {**TWO_DAYS_AGO, "amount": -2.0},
    {
        **TWO_DAYS_AGO,
        "kind": "play",
        "item_id": "soap",
        "quantity": 3.0,
        "value": 9.0,
        "sentiment": 0.25,
        "device": "tv",
    },
    {**TWO_DAYS_AGO, "ended_at": None},
]


@pytest.fixture(scope="module")
def told(con, make_store) -> dict[str, list]:
    """One query tells of everybody whom the tests below speak of."""
    begun = {**LATELY, "known_at": CUTOFF - timedelta(days=9)}
    probes = {
        name: {"occurred_at": CUTOFF + occurred, "known_at": CUTOFF + known, "amount": 64.0}
        for name, (occurred, known, _) in EDGES.items()
    }
    variants = {
        "anchor": ANCHOR,
        "running": [ANCHOR[0], {**begun, "ended_at": None}],
        "ended": [ANCHOR[0], {**begun, "ended_at": CUTOFF - MICROSECOND}],
        "of every kind": [*ANCHOR, *OF_EVERY_KIND],
        **{name: [*ANCHOR, probe] for name, probe in probes.items()},
    }
    return features_of_variants(con, make_store, variants)


def test_an_end_before_the_cutoff_is_known(told) -> None:
    names = [feature.info.name for feature in CATALOGUE]
    price = names.index("current_price")
    assert told["running"][price] == 5.0
    assert np.isnan(told["ended"][price])
    assert {told[name][names.index("spells_all")] for name in ("running", "ended")} == {1.0}
    assert told["ended"][names.index("ended_spells_all")] == 1.0


@pytest.mark.parametrize("edge", EDGES)
def test_the_last_microsecond_counts_and_the_cutoff_instant_does_not(told, edge: str) -> None:
    _, _, counts = EDGES[edge]
    assert np.array_equal(told["anchor"], told[edge], equal_nan=True) != counts


def test_the_catalogue_reacts_to_an_event_before_the_cutoff(told) -> None:
    """The properties above could hold of features that see nothing at all."""
    changed = np.array(told["anchor"]) != np.array(told["of every kind"])
    assert changed.sum() > 60


def day_by_day(con, folder: Path, rows: list[dict], schema) -> tuple[Path, list[dict]]:
    """The rows loaded every midnight, by the engine's own loading: what the lake then holds."""
    lake = folder / "lake.parquet"
    midnights = sorted({row["loaded"] for row in rows})
    for number, midnight in enumerate(midnights):
        # the file of the day holds everything that was written down until then
        seen = [row for row in rows if row["loaded"] <= midnight]
        day = pa.table({name: pa.array([r[name] for r in seen], t) for name, t in schema.items()})
        pq.write_table(day, folder / "day.parquet")
        there = con.read_parquet(lake) if number else None
        fresh = new_rows(con.read_parquet(folder / "day.parquet"), there)
        loaded = with_known_at(fresh, "occurred_at", midnight if number else None).to_pyarrow()
        if number:
            loaded = pa.concat_tables(
                [pq.read_table(lake), loaded.select(pq.read_schema(lake).names)]
            )
        pq.write_table(loaded, lake)
    return lake, pq.read_table(lake).to_pylist()


def test_a_history_filled_in_afterwards_equals_one_loaded_day_by_day(
    con, make_store, tmp_path
) -> None:
    rng = np.random.default_rng(3)
    first_load = CUTOFF - timedelta(days=60)
    rows = []
    for number in range(120):
        occurred = CUTOFF - timedelta(days=float(rng.uniform(0, 120)))
        written = max(first_load, occurred + timedelta(days=float(rng.choice([0, 0, 3, 30]))))
        midnight = written.replace(hour=0, minute=0, second=0, microsecond=0)
        loaded = first_load if written == first_load else midnight + timedelta(days=1)
        rows.append(
            {
                "customer_id": f"c{number % 20}",
                "occurred_at": occurred,
                "amount": float(rng.choice([-3.0, 5.0, 8.5])),
                "row_key": str(number),
                "loaded": loaded,
            }
        )
    time = pa.timestamp("us", "UTC")
    schema = {
        "customer_id": pa.string(),
        "occurred_at": time,
        "amount": pa.float64(),
        "row_key": pa.string(),
    }
    _, piecemeal = day_by_day(con, tmp_path, rows, schema)
    at_once = [
        {**row, "known_at": row["occurred_at"] if row["loaded"] == first_load else row["loaded"]}
        for row in rows
    ]
    cutoffs = [CUTOFF - timedelta(days=days) for days in (0, 15, 45, 59)]

    def frame(transactions: list[dict]) -> FeatureFrame:
        plain = [{k: r[k] for k in (*schema, "known_at") if k != "row_key"} for r in transactions]
        store = make_store(transactions=plain)
        made, _ = feature_frame(con, store, cutoffs, active_days=180, rows_per_pass=10**6)
        return made

    one, other = frame(piecemeal), frame(at_once)
    assert len(one) > 50
    assert one.customer_id.tolist() == other.customer_id.tolist()
    np.testing.assert_array_equal(one.cutoff, other.cutoff)
    for name, values in one.columns.items():
        np.testing.assert_allclose(values, other.columns[name], rtol=1e-12, err_msg=name)
    late = sum(row["known_at"] != row["occurred_at"] for row in at_once)
    assert late > 20  # otherwise this test would not be about late rows
