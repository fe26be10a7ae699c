"""Rows that a later load changed: each cutoff sees the version that was known then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from cip.contract.config import LabelRule
from cip.engine.aggregates import rfm, totals
from cip.engine.durations import spell_durations
from cip.engine.snapshot import feature_frame, labelled_frame
from cip.engine.stored import newest, read_table
from cip.engine.subscriptions import running_spells

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

START = datetime(2024, 1, 1, tzinfo=UTC)
CANCELS = LabelRule(kind="cancellation")


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def spell(who: str, ended: float | None, known: float, revision: int | None) -> dict:
    return {
        "customer_id": who,
        "started_at": START,
        "ended_at": None if ended is None else day(ended),
        "known_at": day(known),
        "price": 9.0,
        "row_key": who,
        "revision": revision,
    }


@pytest.fixture
def spells(make_store):
    """a ends on day 100, which is known on day 90; b never ends; c ended before it was known."""
    return make_store(
        subscriptions=[
            spell("a", None, 0, None),
            spell("b", None, 0, None),
            spell("c", None, 0, None),
            spell("a", 100, 90, 1),
            spell("c", 60, 80, 1),
        ],
        transactions=[{"customer_id": who, "occurred_at": START, "amount": 9.0} for who in "abc"],
    )


@pytest.mark.parametrize(
    ("cutoff", "runs"), [(70, "abc"), (80, "abc"), (81, "ab"), (100, "ab"), (101, "b")]
)
def test_an_end_counts_from_when_it_was_known_and_had_come(con, spells, cutoff, runs) -> None:
    made = running_spells(con, spells, day(cutoff), rows_per_pass=10**6)
    assert "".join(made.customer_id) == runs
    frame, _ = feature_frame(
        con, spells, [day(cutoff)], rule=CANCELS, active_days=30, rows_per_pass=10**6
    )
    assert "".join(frame.customer_id) == runs


def test_durations_know_an_end_when_the_cutoff_does(con, spells) -> None:
    before, after = (spell_durations(con, spells, day(d)) for d in (80, 81))
    assert sorted(before.days) == [80, 80, 80]
    assert not before.observed.any()
    assert sorted(after.days) == [60, 81, 81]
    assert after.observed.sum() == 1


def test_labels_use_the_end_that_is_known_today(con, spells) -> None:
    """At day 70 nobody knows that c has ended and a will; both have left within the horizon."""
    frame, _ = labelled_frame(
        con,
        spells,
        [day(70)],
        horizon_days=40,
        data_end=day(200),
        rule=CANCELS,
        active_days=30,
        rows_per_pass=10**6,
    )
    left = dict(zip(frame.features.customer_id, frame.churned, strict=True))
    assert left == {"a": True, "b": False, "c": True}


def test_a_withdrawn_cancellation_is_none(con, make_store) -> None:
    store = make_store(
        subscriptions=[
            spell("a", None, 0, None),
            spell("a", 50, 40, 1),
            spell("a", None, 60, 2),
        ]
    )
    for cutoff, runs in ((45, ["a"]), (55, []), (61, ["a"])):
        made = running_spells(con, store, day(cutoff), rows_per_pass=10**6)
        assert made.customer_id.tolist() == runs


def payment(who: str, amount: float, known: float, revision: int | None) -> dict:
    return {
        "customer_id": who,
        "occurred_at": START,
        "amount": amount,
        "known_at": day(known),
        "row_key": f"t-{who}",
        "revision": revision,
    }


def test_a_corrected_amount_counts_once_and_from_when_it_was_known(con, make_store) -> None:
    store = make_store(
        transactions=[
            payment("a", 10.0, 0, None),
            payment("a", 12.0, 20, 1),
            payment("b", 5.0, 0, None),
        ]
    )
    for cutoff, spend in ((20, [10.0, 5.0]), (21, [12.0, 5.0])):
        frame, _ = feature_frame(con, store, [day(cutoff)], active_days=90, rows_per_pass=10**6)
        assert frame.columns["spend_all"].tolist() == spend
        value = rfm(con, store, day(cutoff), window_days=60, rows_per_pass=10**6)
        assert value.mean_value.tolist() == spend
    seen = totals(con, store)
    assert (seen.rows, seen.customers, seen.revenue) == (2, 2, 17.0)


def test_what_follows_a_cutoff_is_what_is_known_today(con, make_store) -> None:
    late = {**payment("a", 7.0, 30, None), "occurred_at": day(25), "row_key": "t-2"}
    store = make_store(
        transactions=[payment("a", 10.0, 0, None), late, {**late, "amount": 3.0, "revision": 1,
                                                          "known_at": day(60)}]
    )  # fmt: skip
    made = rfm(con, store, day(20), window_days=60, rows_per_pass=10**6, horizon=(10, day(100)))
    assert made.future_value.tolist() == [3.0]


def test_tables_whose_rows_never_changed_are_read_as_they_are(con, make_store) -> None:
    store = make_store(transactions=[{"customer_id": "a", "occurred_at": START, "amount": 1.0}])
    rows = read_table(con, store, "transactions")
    assert rows.columns == newest(rows).columns
    assert "superseded_at" not in rows.columns
    assert rows.to_pyarrow().schema.field("amount").type == pa.float64()
