from dataclasses import replace

import numpy as np
import pytest

from cip.errors import ModelError
from cip.models.recommend.ease import fit_ease
from cip.models.recommend.interactions import (
    History,
    IdTable,
    Interactions,
    history_of,
    interactions_of,
    recency_matrix,
)
from cip.models.recommend.lists import NONE, ListRules, recommend, recommend_many
from cip.models.recommend.popularity import fit_popularity


def tastes(seed=0, customers=120, items=40, n=1500):
    """Even customers mostly take even items, odd ones odd."""
    rng = np.random.default_rng(seed)
    who = rng.integers(0, customers, n)
    what = rng.integers(0, items // 2, n) * 2 + (who + (rng.random(n) < 0.1)) % 2
    ids = ([f"{x}{v:03d}" for v in codes] for x, codes in (("c", who), ("i", what)))
    return interactions_of(*ids, rng.uniform(0.5, 200, n))


@pytest.fixture(scope="module")
def shop():
    x = tastes()
    return fit_ease(x, l2=10), fit_popularity(x, 60), x


def everything(*args, **kwargs):
    blocks = list(recommend_many(*args, **kwargs))
    names = ("customer", "item", "score", "fit", "because", "popular")
    return {name: np.concatenate([getattr(block, name) for block in blocks]) for name in names}


def own(x, customer):
    rows = x.customer == customer
    return History(x.item[rows], x.days_ago[rows], x.weight[rows])


def test_a_customer_never_seen_in_training_gets_a_list_of_their_taste(shop):
    model, fallback, x = shop
    listed = recommend(model, fallback, history_of(x.items, ["i004", "i010"], [1, 3]))
    assert len(listed) == 10
    even = [int(line.item_id[1:]) % 2 == 0 for line in listed if line.source == "taste"]
    assert np.mean(even) >= 0.8
    assert listed[0].because in {"i004", "i010"}
    assert all(0 <= line.fit <= 1 for line in listed)


def test_seen_items_are_never_listed_unless_asked_for(shop):
    model, fallback, x = shop
    taken = recency_matrix(x, np.inf).toarray() > 0
    lists = everything(model, fallback, x)
    rows, columns = np.nonzero(lists["item"] != NONE)
    assert not taken[lists["customer"][rows], lists["item"][rows, columns]].any()
    again = everything(model, fallback, x, ListRules(exclude_seen=False))
    assert taken[np.arange(len(taken))[:, None], again["item"]].any()


def test_an_item_taken_with_weight_zero_counts_as_seen(shop):
    model, fallback, x = shop
    top = recommend(model, fallback, own(x, 5))[0].item_id
    mine = own(x, 5)
    told = History(
        np.append(mine.item, x.items.position[top]),
        np.append(mine.days_ago, 1.0),
        np.append(mine.weight, 0.0),
    )
    assert top not in {line.item_id for line in recommend(model, fallback, told)}


def test_hidden_and_not_allowed_items_are_never_listed(shop):
    model, fallback, x = shop
    first = [line.item_id for line in recommend(model, fallback, own(x, 0))]
    allowed = np.arange(len(x.items)) % 3 > 0
    rules = ListRules(hidden=(first[0], first[3], "not in the table"), allowed=allowed)
    lists = everything(model, fallback, x, rules)
    listed = set(x.items.ids[np.unique(lists["item"][lists["item"] != NONE])])
    assert listed
    assert not listed & {first[0], first[3]}
    assert allowed[[x.items.position[id_] for id_ in listed]].all()


def test_a_customer_without_history_gets_what_is_popular_and_is_marked(shop):
    model, fallback, x = shop
    listed = recommend(model, fallback, history_of(x.items, [], []), ListRules(k=5))
    assert [line.item_id for line in listed] == fallback.items.ids[fallback.order[:5]].tolist()
    assert {line.source for line in listed} == {"popular"}
    assert {line.because for line in listed} == {None}
    assert [line.score for line in listed] == fallback.share[fallback.order[:5]].tolist()


def test_without_a_model_every_list_is_popular(shop):
    _, fallback, x = shop
    lists = everything(None, fallback, x)
    assert lists["popular"].all()
    assert (lists["because"] == NONE).all()


def test_a_list_is_filled_up_with_what_is_popular(shop):
    model, fallback, x = shop
    listed = recommend(model, fallback, own(x, 0), ListRules(k=len(x.items)))
    sources = [line.source for line in listed]
    assert sources == sorted(sources, reverse=True)  # taste before popular
    assert {"taste", "popular"} == set(sources)
    ids = [line.item_id for line in listed]
    assert len(ids) == len(set(ids))
    assert set(ids) | set(x.items.ids[own(x, 0).item]) == set(x.items.ids)


def test_a_list_is_the_same_alone_in_a_batch_and_in_small_blocks(shop, monkeypatch):
    model, fallback, x = shop
    whole = everything(model, fallback, x)
    monkeypatch.setattr("cip.models.recommend.lists._CELLS", 3 * len(x.items))
    blocks = list(recommend_many(model, fallback, x))
    assert max(len(block.customer) for block in blocks) == 3
    for name, values in everything(model, fallback, x).items():
        assert np.array_equal(values, whole[name], equal_nan=values.dtype == float)
    for customer in range(len(x.customers)):
        alone = recommend(model, fallback, own(x, customer))
        assert [line.item_id for line in alone] == x.items.ids[whole["item"][customer]].tolist()
        assert [line.score for line in alone] == whole["score"][customer].tolist()


def test_only_the_customers_asked_for_get_a_list(shop):
    model, fallback, x = shop
    whole = everything(model, fallback, x)
    some = everything(model, fallback, x, customers=np.array([7, 3]))
    assert some["customer"].tolist() == [7, 3]
    assert (some["item"] == whole["item"][[7, 3]]).all()


def test_the_list_is_the_order_of_the_scores_and_the_reason_the_largest_part(shop):
    model, fallback, x = shop
    scores = model.scores(model.inputs(x))
    scores[recency_matrix(x, np.inf).toarray()[:, model.kept] > 0] = -np.inf
    lists = everything(model, fallback, x)
    for customer in range(20):
        taste = ~lists["popular"][customer]
        expected = np.argsort(-scores[customer], kind="stable")[: taste.sum()]
        assert (lists["item"][customer, taste] == model.kept[expected]).all()
        for item, score, reason in zip(
            *(lists[name][customer, taste] for name in ("item", "score", "because")), strict=True
        ):
            because, added = model.contributions(own(x, customer), int(item))
            assert because[added.argmax()] == reason
            assert added.sum() == pytest.approx(score, rel=1e-5)


def test_equal_scores_come_in_the_order_of_the_table():
    customers = [f"c{n}" for n in range(8) for _ in range(4)]
    x = interactions_of(customers, ["a", "z", "m", "b"] * 8, [10.0] * 32)
    model, fallback = fit_ease(x, l2=1.0), fit_popularity(x, 30)
    flat = replace(model, weights=np.where(model.weights != 0, np.float32(0.25), np.float32(0)))
    listed = recommend(flat, fallback, history_of(x.items, ["m"], [1.0]), ListRules(k=2))
    assert [line.item_id for line in listed] == ["a", "b"]
    popular = recommend(None, fallback, history_of(x.items, [], []))
    assert [line.item_id for line in popular] == ["a", "b", "m", "z"]


def test_a_short_catalogue_gives_a_short_list_with_nothing_past_its_end():
    x = interactions_of(["a", "a", "b"], ["x", "y", "x"], [1, 2, 3])
    model, fallback = fit_ease(x, l2=1.0), fit_popularity(x, 30)
    b = x.customers.position["b"]
    lists = everything(model, fallback, x, ListRules(k=3), np.array([b]))
    assert lists["item"].tolist() == [[x.items.position["y"], NONE, NONE]]
    assert np.isnan(lists["score"][0, 1:]).all()
    assert len(recommend(model, fallback, own(x, b), ListRules(k=3))) == 1


def test_empty_inputs_give_empty_lists():
    x = interactions_of([], [], [])
    model, fallback = fit_ease(x), fit_popularity(x, 30)
    assert recommend(model, fallback, history_of(x.items, ["x"], [1])) == []
    assert list(recommend_many(model, fallback, x)) == []


def test_customers_all_new_to_a_known_catalogue_are_answered(shop):
    model, fallback, x = shop
    new = IdTable(np.array(["n1", "n2"], dtype=object))
    none = np.zeros(0, dtype=np.int64)
    empty = Interactions(new, x.items, none, none, np.zeros(0), np.zeros(0))
    lists = everything(model, fallback, empty)
    assert lists["item"].tolist() == [fallback.order[:10].tolist()] * 2


@pytest.mark.parametrize("rules", [ListRules(k=0), ListRules(allowed=np.ones(3, dtype=bool))])
def test_rules_that_cannot_be_are_refused(shop, rules):
    model, fallback, x = shop
    with pytest.raises(ModelError, match="M-207"):
        recommend(model, fallback, own(x, 0), rules)


def test_a_fallback_over_other_items_is_refused(shop):
    model, _, x = shop
    other = fit_popularity(tastes(items=38), 60)
    with pytest.raises(ModelError, match="M-203"):
        recommend_many(model, other, x)
