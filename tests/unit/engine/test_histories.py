from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from cip.engine.histories import consumed, histories, item_texts, ratings
from cip.engine.subscriptions import running_spells
from cip.errors import ContractError, NotReadyError

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

CUTOFF = datetime(2024, 3, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)


def did(customer: str, item: str | None, days_before: float, kind: str = "play", **more) -> dict:
    occurred = CUTOFF - timedelta(days=days_before)
    row = {"customer_id": customer, "occurred_at": occurred, "kind": kind, "item_id": item}
    return {"value": None, **row, **more}


@pytest.fixture
def store(make_store):
    return make_store(
        interactions=[
            did("b", "tea", 2.25),
            did("b", "tea", 40),
            did("b", "milk", 1),
            did("a", "tea", 0),
            did("a", "milk", 1, known_at=CUTOFF),
            did("a", "milk", 9),
            did("a", None, 3),
            did("a", "soap", 3, kind="impression"),
            did("c", "soap", 3, kind="click"),
            did("c", "tea", 5, kind="rate", value=2.0),
            did("c", "tea", 3, kind="rate", value=4.5),
            did("c", "milk", 5, kind="rate", value=None),
            did("c", "tea", -3, kind="rate", value=1.0),
            did("a", "tea", -29.5),
            did("a", "soap", -30),
        ],
        items=[
            {"item_id": "tea", "title": "Tea", "category": "drinks"},
            {"item_id": "milk", "title": "Milk", "category": None},
        ],
    )


@pytest.mark.parametrize("rows_per_pass", [10**6, 1])
def test_a_history_is_the_items_met_before_the_cutoff_as_known_then(
    con, store, rows_per_pass: int
) -> None:
    made = histories(con, store, CUTOFF, kinds=["play", "click"], rows_per_pass=rows_per_pass)
    assert [tuple(row.values()) for row in made.to_pylist()] == [
        ("a", "milk", 9.0, 1.0),
        ("b", "milk", 1.0, 1.0),
        ("b", "tea", 2.25, 2.0),
        ("c", "soap", 3.0, 1.0),
    ]
    assert made.column_names == ["customer_id", "item_id", "days_ago", "weight"]


def test_days_ago_are_above_zero_up_to_the_last_microsecond(con, make_store) -> None:
    last = {**did("a", "tea", 0), "occurred_at": CUTOFF - MICROSECOND}
    made = histories(con, make_store(interactions=[last]), CUTOFF, kinds=["play"])
    np.testing.assert_allclose(made["days_ago"].to_numpy(), [1 / 86_400])


def test_consumed_is_what_was_met_in_the_half_open_horizon(con, store) -> None:
    made = consumed(con, store, CUTOFF, 30, ["play"])
    assert made.to_pylist() == [{"customer_id": "a", "item_id": "tea"}]
    more = consumed(con, store, CUTOFF, 31, ["play", "rate"], rows_per_pass=1)
    assert [tuple(row.values()) for row in more.to_pylist()] == [
        ("a", "soap"),
        ("a", "tea"),
        ("c", "tea"),
    ]


def test_the_last_rating_of_an_item_counts(con, store) -> None:
    day = (CUTOFF - timedelta(days=3) - datetime(1970, 1, 1, tzinfo=UTC)).days
    tea = {"customer_id": "c", "item_id": "tea"}
    assert ratings(con, store, CUTOFF).to_pylist() == [{**tea, "stars": 4.5, "day": day}]
    assert ratings(con, store, None).to_pylist() == [{**tea, "stars": 1.0, "day": day + 6}]


def test_without_items_and_values_there_are_no_pairs(con, make_store) -> None:
    search = {"customer_id": "a", "occurred_at": CUTOFF - DAY, "kind": "search"}
    store = make_store(interactions=[search, {**search, "kind": "rate"}])
    assert histories(con, store, CUTOFF, kinds=["search"]).num_rows == 0
    assert consumed(con, store, CUTOFF - 9 * DAY, 30, ["search"]).num_rows == 0
    assert ratings(con, store, None).num_rows == 0
    assert item_texts(con, store).num_rows == 0


def test_items_are_told_by_id_in_order(con, store, make_store) -> None:
    assert item_texts(con, store).to_pylist() == [
        {"item_id": "milk", "title": "Milk", "category": None},
        {"item_id": "tea", "title": "Tea", "category": "drinks"},
    ]
    untitled = item_texts(con, make_store(items=[{"item_id": "tea"}]))
    assert untitled.to_pylist() == [{"item_id": "tea", "title": None, "category": None}]


def test_histories_need_interactions_and_a_midnight(con, store, make_store) -> None:
    with pytest.raises(NotReadyError, match="no interactions"):
        histories(con, make_store(), CUTOFF, kinds=["play"])
    with pytest.raises(ContractError, match="not 00:00 UTC"):
        histories(con, store, CUTOFF + MICROSECOND, kinds=["play"])


@pytest.mark.parametrize("rows_per_pass", [10**6, 1])
def test_running_spells_tell_price_and_age_at_the_cutoff(
    con, make_store, rows_per_pass: int
) -> None:
    def spell(customer: str, begun: float, ended: float | None, price: float | None) -> dict:
        end = None if ended is None else CUTOFF - timedelta(days=ended)
        began = CUTOFF - timedelta(days=begun)
        return {"customer_id": customer, "started_at": began, "ended_at": end, "price": price}

    store = make_store(
        subscriptions=[
            spell("b", 400, 30, 5.0),
            spell("b", 20.5, None, 9.0),
            spell("a", 7, -3, None),
            spell("c", 90, 1, 5.0),
            spell("d", 0, None, 5.0),
            {**spell("e", 9, None, 5.0), "known_at": CUTOFF},
        ]
    )
    made = running_spells(con, store, CUTOFF, rows_per_pass=rows_per_pass)
    assert made.customer_id.tolist() == ["a", "b"]
    assert len(made) == 2
    np.testing.assert_array_equal(made.price, [np.nan, 9.0])
    np.testing.assert_array_equal(made.age_days, [7, 21])


def test_running_spells_without_a_price_have_none(con, make_store) -> None:
    spell = {"customer_id": "a", "started_at": CUTOFF - DAY}
    made = running_spells(con, make_store(subscriptions=[spell]), CUTOFF, rows_per_pass=9)
    np.testing.assert_array_equal(made.price, [np.nan])
