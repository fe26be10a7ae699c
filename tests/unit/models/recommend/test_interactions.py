import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cip.errors import ModelError
from cip.models.recommend.interactions import (
    IdTable,
    Interactions,
    history_and_future,
    history_of,
    interactions_of,
    recency_matrix,
)


def test_ids_become_positions_in_sorted_tables():
    x = interactions_of(["b", "a", "b"], ["x", "z", "y"], [1, 2, 3])
    assert x.customers.ids.tolist() == ["a", "b"]
    assert x.items.ids[x.item].tolist() == ["x", "z", "y"]
    assert x.customers.ids[x.customer].tolist() == ["b", "a", "b"]
    assert x.weight.tolist() == [1, 1, 1]


def test_the_cutoff_instant_and_not_the_horizons_end_belongs_to_the_future():
    x = interactions_of(["a"] * 5, list("vwxyz"), [10.001, 10, 9, 3.001, 3])
    history, future = history_and_future(x, 10, 7)
    assert history.items.ids[history.item].tolist() == ["v"]
    assert history.days_ago == pytest.approx([0.001])
    assert future.items.ids[future.item].tolist() == ["w", "x", "y"]
    assert future.days_ago == pytest.approx([0, -1, -6.999])


def test_a_weight_halves_with_each_half_life():
    x = interactions_of(["a"] * 3, list("xyz"), [10, 20, 40], [1, 1, 8])
    assert recency_matrix(x, 10).toarray() == pytest.approx(np.array([[0.5, 0.25, 0.5]]))


def test_of_repeated_interactions_the_strongest_counts():
    x = interactions_of(["a"] * 3, ["x"] * 3, [10, 20, 30], [1, 1, 16])
    assert recency_matrix(x, 10).toarray().tolist() == [[2.0]]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 50)), max_size=30))
def test_the_matrix_is_the_largest_decayed_weight_of_each_pair(rows):
    table = IdTable(np.array(list("abcd"), dtype=object))
    who, what, days = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    x = Interactions(table, table, who, what, days.astype(float), np.ones(len(who)))
    expected = np.zeros((4, 4), dtype=np.float32)
    for customer, item, day in rows:
        expected[customer, item] = max(expected[customer, item], np.float32(0.5 ** (day / 7)))
    matrix = recency_matrix(x, 7)
    assert matrix.toarray() == pytest.approx(expected, rel=1e-6)
    assert matrix.nnz == len({row[:2] for row in rows})


def test_an_interaction_at_or_after_the_cutoff_is_refused():
    x = interactions_of(["a", "a"], ["x", "y"], [1, 0])
    with pytest.raises(ModelError, match="M-202: 1 of 2"):
        recency_matrix(x, 10)


@pytest.mark.parametrize("half_life_days", [0.0, -1.0, np.nan])
def test_a_half_life_that_is_none_is_refused(half_life_days):
    with pytest.raises(ModelError, match="M-201"):
        recency_matrix(interactions_of(["a"], ["x"], [1]), half_life_days)


@pytest.mark.parametrize(
    "change",
    [{"weight": [-1.0]}, {"weight": [np.nan]}, {"days_ago": [np.inf]}, {"days_ago": [1.0, 2.0]}],
)
def test_columns_that_cannot_be_are_refused(change):
    given_ = {"customer_id": ["a"], "item_id": ["x"], "days_ago": [1.0], "weight": [1.0]}
    with pytest.raises(ModelError, match="M-201"):
        interactions_of(**{**given_, **change})


def test_a_code_outside_its_table_is_refused():
    one = IdTable(np.array(["a"], dtype=object))
    zero = np.zeros(1, dtype=np.int64)
    with pytest.raises(ModelError, match="item is outside its table of 1"):
        Interactions(one, one, zero, zero + 1, np.ones(1), np.ones(1))


def test_an_id_outside_a_given_table_is_named():
    table = IdTable(np.array(["x"], dtype=object))
    with pytest.raises(ModelError, match="first: y"):
        interactions_of(["a", "a"], ["x", "y"], [1, 1], items=table)


def test_items_newer_than_the_table_are_left_out_of_a_history():
    table = IdTable(np.array(["x", "y"], dtype=object))
    history = history_of(table, ["y", "new", "x"], [1, 2, 3])
    assert history.item.tolist() == [1, 0]
    assert history.days_ago.tolist() == [1, 3]


def test_tables_are_the_same_when_their_ids_are():
    one, same, joined = (
        IdTable(np.array(ids, dtype=object)) for ids in (["a", "bc"], ["a", "bc"], ["ab", "c"])
    )
    one.require_same(same, "items")
    with pytest.raises(ModelError, match="M-203"):
        one.require_same(joined, "items")


def test_no_interactions_give_an_empty_matrix():
    assert recency_matrix(interactions_of([], [], []), 10).shape == (0, 0)
