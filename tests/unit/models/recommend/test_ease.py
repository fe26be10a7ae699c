import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cip.errors import ModelError
from cip.models.recommend.ease import Ease, fit_ease
from cip.models.recommend.interactions import (
    alone,
    history_of,
    interactions_of,
    recency_matrix,
)


def world(seed, customers=40, items=12, n=300):
    rng = np.random.default_rng(seed)
    ids = [rng.integers(0, m, n).astype(str).astype(object) for m in (customers, items)]
    return interactions_of(*ids, rng.uniform(0.5, 200, n), rng.uniform(0.2, 2, n))


def definition(X, l2):
    """Steck 2019, equation 8, word for word."""
    P = np.linalg.inv(X.T @ X + l2 * np.eye(X.shape[1]))
    B = P / -np.diag(P)
    np.fill_diagonal(B, 0)
    return B


@given(st.integers(0, 10_000), st.floats(0.1, 500), st.floats(5, 1000))
@settings(max_examples=25, deadline=None)
def test_the_weights_are_those_of_the_definition(seed, l2, half_life_days):
    x = world(seed)
    X = recency_matrix(x, half_life_days).toarray().astype(float)
    model = fit_ease(x, half_life_days=half_life_days, l2=l2)
    assert model.weights == pytest.approx(
        definition(X, l2)[np.ix_(model.kept, model.kept)], rel=1e-4, abs=1e-6
    )


def test_more_items_than_one_block_give_the_same_weights(monkeypatch):
    whole = fit_ease(world(1))
    monkeypatch.setattr("cip.models.recommend.ease._BLOCK", 5)
    assert fit_ease(world(1)).weights == pytest.approx(whole.weights, rel=1e-6, abs=1e-9)


def test_folding_in_a_training_customer_gives_the_row_of_training():
    x = world(2)
    model = fit_ease(x)
    rows = model.scores(model.inputs(x))
    for customer in range(len(x.customers)):
        mine = x.take(x.customer == customer)
        history = history_of(x.items, x.items.ids[mine.item], mine.days_ago, mine.weight)
        folded = model.scores(model.inputs(alone(history, x.items)))
        assert (folded[0] == rows[customer]).all()


def test_contributions_add_up_to_the_score():
    x = world(3)
    model = fit_ease(x)
    history = history_of(x.items, ["3", "1", "7", "3"], [1.0, 20.0, 60.0, 90.0])
    scores = model.scores(model.inputs(alone(history, x.items)))[0]
    for place, item in enumerate(model.kept):
        because, added = model.contributions(history, int(item))
        assert x.items.ids[because].tolist() == ["1", "3", "7"]
        assert added.sum() == pytest.approx(scores[place], rel=1e-5, abs=1e-7)
        assert added[because == item] == pytest.approx(0.0, abs=0)


def test_an_older_item_adds_half_a_half_life_later():
    x = world(4)
    model = fit_ease(x, half_life_days=30)
    item = int(model.kept[0])
    now, later = (
        model.contributions(history_of(x.items, ["3"], [days]), item)[1] for days in (5.0, 35.0)
    )
    assert later == pytest.approx(now / 2, rel=1e-5)


def test_recent_company_weighs_more_than_old_company():
    customers = [str(n) for n in range(40) for _ in range(2)]
    items = ["a", "old"] * 20 + ["a", "new"] * 20
    x = interactions_of(customers, items, [300.0] * 40 + [3.0] * 40)
    model = fit_ease(x, half_life_days=60, l2=1.0)
    a, new, old = (x.items.position[name] for name in ("a", "new", "old"))
    assert model.weights[a, new] > 3 * model.weights[a, old] > 0


def test_the_same_history_fits_no_worse_for_being_old():
    model = fit_ease(world(5))
    middle = model.fits[60]
    fresh = model.fit_of(np.array([0.8 * middle]), np.array([0.8]))
    assert model.fit_of(np.array([0.08 * middle]), np.array([0.08])) == pytest.approx(fresh)
    assert fresh == pytest.approx([0.6])


def test_half_of_what_customers_took_fits_better_than_a_half():
    x = world(6)
    model = fit_ease(x)
    inputs = model.inputs(x)
    scores = model.scores(inputs)
    fit = model.fit_of(scores, inputs.toarray().max(axis=1, keepdims=True))
    assert np.median(fit[inputs.toarray() > 0]) == pytest.approx(0.5, abs=0.02)


def test_beyond_the_most_items_the_strongest_are_kept():
    x = interactions_of(
        ["a", "b", "c", "a", "b", "c", "d", "e"],
        ["hot", "hot", "hot", "old", "old", "old", "warm", "warm"],
        [1, 1, 1, 900, 900, 900, 5, 5],
    )
    model = fit_ease(x, half_life_days=30, max_items=2)
    assert x.items.ids[model.kept].tolist() == ["hot", "warm"]
    with pytest.raises(ModelError, match="M-205: The model has no weights for the item old"):
        model.contributions(history_of(x.items, ["hot"], [1]), x.items.position["old"])


def test_items_of_weight_zero_are_not_kept():
    x = interactions_of(["a", "a"], ["x", "y"], [1, 1], [1.0, 0.0])
    assert fit_ease(x).kept.tolist() == [0]


@pytest.mark.parametrize("setting", [{"l2": 0.0}, {"max_items": 0}, {"half_life_days": 0.0}])
def test_settings_that_cannot_be_are_refused(setting):
    with pytest.raises(ModelError, match="M-20"):
        fit_ease(world(0), **setting)


def test_items_of_another_table_are_refused():
    with pytest.raises(ModelError, match="M-203"):
        fit_ease(world(0)).inputs(world(0, items=11))


def test_it_comes_back_from_its_files_to_the_last_byte():
    model = fit_ease(world(7))
    files = model.artefacts()
    again = Ease.from_artefacts(files)
    assert again.artefacts() == files
    assert (again.weights == model.weights).all()
    x = world(7)
    assert (again.scores(again.inputs(x)) == model.scores(model.inputs(x))).all()


@pytest.mark.parametrize(
    "name", ["ease.json", "ease_kept.npy", "ease_weights.npy", "ease_fits.npy"]
)
def test_a_file_that_is_missing_or_damaged_is_named(name):
    files = fit_ease(world(7)).artefacts()
    with pytest.raises(ModelError, match="M-105"):
        Ease.from_artefacts({key: value for key, value in files.items() if key != name})
    with pytest.raises(ModelError, match=f"M-104: {name}"):
        Ease.from_artefacts({**files, name: files[name][:40]})


def test_weights_of_another_size_are_refused():
    files, other = (fit_ease(world(7, items=n)).artefacts() for n in (12, 9))
    with pytest.raises(ModelError, match=r"its shape is \(9, 9\)"):
        Ease.from_artefacts({**files, "ease_weights.npy": other["ease_weights.npy"]})


def test_without_interactions_the_model_knows_no_item():
    model = fit_ease(interactions_of([], [], []))
    assert model.weights.shape == (0, 0)
    assert Ease.from_artefacts(model.artefacts()).artefacts() == model.artefacts()
