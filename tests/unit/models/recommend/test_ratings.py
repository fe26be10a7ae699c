import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from cip.errors import ModelError
from cip.models.recommend.evaluate_ratings import evaluate_ratings
from cip.models.recommend.interactions import IdTable
from cip.models.recommend.ratings import (
    RatingModel,
    Ratings,
    fit_bias,
    fit_svd,
    ratings_of,
)

DATA = Path(__file__).resolve().parents[4] / ".." / "shared" / "data"


def table(n, letter):
    return IdTable(np.array([f"{letter}{i}" for i in range(n)], dtype=object))


def world(seed, *, taste=0.0, n=4000, customers=80, items=60):
    """Train and test ratings: biases of size .5, and a hidden taste of two dimensions."""
    rng = np.random.default_rng(seed)
    who, what = rng.integers(0, customers, n), rng.integers(0, items, n)
    b_c, b_i = rng.normal(0, 0.5, customers), rng.normal(0, 0.5, items)
    p, q = rng.normal(size=(customers, 2)), rng.normal(size=(items, 2))
    r = 3 + b_c[who] + b_i[what] + taste * (p[who] * q[what]).sum(axis=1) + rng.normal(0, 0.2, n)
    ids = table(customers, "c"), table(items, "i")
    half = n // 2
    rated = np.clip(r, 1, 5)
    return [
        Ratings(*ids, who[part], what[part], rated[part])
        for part in (slice(0, half), slice(half, n))
    ]


def test_the_baseline_is_surprises_own():
    surprise = pytest.importorskip("surprise")
    train, test = world(0)
    rows = zip(train.customer.tolist(), train.item.tolist(), train.rating.tolist(), strict=True)
    theirs = surprise.Dataset(surprise.Reader()).construct_trainset([(*row, None) for row in rows])
    reference = surprise.BaselineOnly(verbose=False).fit(theirs)
    expected = [
        reference.predict(int(c), int(i)).est for c, i in zip(test.customer, test.item, strict=True)
    ]
    assert fit_bias(train).predict(test.customer, test.item) == pytest.approx(expected)


def test_one_rating_is_shrunk_as_worked_by_hand():
    one = ratings_of(["c0", "c1"], ["i0", "i1"], [5.0, 1.0], table(2, "c"), table(2, "i"))
    model = fit_bias(one, rounds=1, l2_item=1.0, l2_customer=3.0)
    assert model.mean == 3.0
    assert model.item_bias == pytest.approx([1.0, -1.0])  # 2 / (1 + 1)
    assert model.customer_bias == pytest.approx([0.25, -0.25])  # (2 - 1) / (3 + 1)


def test_an_unknown_customer_gets_the_items_average_and_an_unknown_item_the_customers():
    model = fit_bias(world(1)[0])
    both, item, customer, none = model.predict(np.array([3, -1, 3, -1]), np.array([7, 7, -1, -1]))
    assert item == pytest.approx(model.mean + model.item_bias[7])
    assert customer == pytest.approx(model.mean + model.customer_bias[3])
    assert none == model.mean
    assert both == pytest.approx(item + customer - none)


def test_a_prediction_stays_on_the_scale():
    model = fit_bias(world(2)[0], scale=(2.9, 3.1))
    grid = np.repeat(np.arange(80), 60), np.tile(np.arange(60), 80)
    predicted = model.predict(*grid)
    assert (predicted.min(), predicted.max()) == (2.9, 3.1)


def test_biases_beat_the_mean_and_the_sentence_says_so():
    train, test = world(3)
    model = fit_bias(train)
    found = evaluate_ratings(model, model, test, seed=0, draws=200)
    assert found.gain_mean.low > 0.1
    assert found.gain_bias.value == found.gain_bias.low == found.gain_bias.high == 0
    assert found.sentence.endswith("It is better than the mean.")
    assert "biases" not in found.sentence  # the model is the biases
    assert f"by {found.rmse.value:.3f} points" in found.sentence
    assert found.verdict.word == "useful"


def test_the_mean_itself_is_no_better_than_the_mean_and_shows_no_signal():
    train, test = world(3)
    plain = replace(fit_bias(train), customer_bias=np.zeros(80), item_bias=np.zeros(60))
    found = evaluate_ratings(plain, plain, test, seed=0, draws=50)
    assert found.gain_mean.low == 0
    assert found.verdict.word == "no signal"
    assert "not shown to be better than the mean" in found.verdict.sentence


def test_the_error_is_the_root_mean_square():
    train, test = world(4)
    model = fit_bias(train)
    off = model.predict(test.customer, test.item) - test.rating
    found = evaluate_ratings(model, model, test, seed=0, draws=200)
    assert found.rmse.value == pytest.approx(np.sqrt(np.mean(off**2)))
    assert found.rmse.low < found.rmse.value < found.rmse.high


def test_ratings_without_structure_are_not_better_than_the_mean():
    train, test = world(5)
    rng = np.random.default_rng(0)
    noise = [
        Ratings(r.customers, r.items, r.customer, r.item, rng.uniform(1, 5, len(r)))
        for r in (train, test)
    ]
    model = fit_bias(noise[0])
    assert "not shown" in evaluate_ratings(model, model, noise[1], seed=0, draws=200).sentence


def test_factors_find_a_hidden_taste_and_the_same_seed_the_same_model():
    pytest.importorskip("surprise")
    train, test = world(6, taste=0.7)
    settings = {"factors": 5, "epochs": 40, "l2": 0.02}
    model, bias = fit_svd(train, **settings), fit_bias(train)
    found = evaluate_ratings(model, bias, test, seed=0, draws=200)
    assert found.gain_bias.low > 0.1
    assert "better than both" in found.sentence
    assert fit_svd(train, **settings).artefacts() == model.artefacts()


def test_factors_predict_what_surprise_predicts_also_for_unknown_pairs():
    surprise = pytest.importorskip("surprise")
    train, _ = world(7, n=120)
    rows = zip(train.customer.tolist(), train.item.tolist(), train.rating.tolist(), strict=True)
    theirs = surprise.Dataset(surprise.Reader()).construct_trainset([(*row, None) for row in rows])
    reference = surprise.SVD(n_factors=4, n_epochs=5, reg_all=0.1, random_state=3).fit(theirs)
    model = fit_svd(train, factors=4, epochs=5, seed=3)
    customer, item = np.divmod(np.arange(80 * 60), 60)
    expected = [reference.predict(int(c), int(i)).est for c, i in zip(customer, item, strict=True)]
    assert model.predict(customer, item) == pytest.approx(expected)


def test_without_the_extra_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "surprise", None)
    with pytest.raises(ModelError, match="Install the extra `ratings`"):
        fit_svd(world(0)[0])


def test_a_model_comes_back_from_its_files_to_the_last_byte():
    train, test = world(8)
    model = fit_bias(train)
    files = model.artefacts()
    again = RatingModel.from_artefacts(files)
    assert again.artefacts() == files
    pairs = test.customer, test.item
    assert (again.predict(*pairs) == model.predict(*pairs)).all()
    with pytest.raises(ModelError, match=r"M-104: ratings_item_bias\.npy"):
        RatingModel.from_artefacts({**files, "ratings_item_bias.npy": files["ratings.json"]})


def test_no_ratings_are_refused_in_a_fit_and_a_reason_in_an_evaluation():
    train, _ = world(9)
    none = ratings_of([], [], [], train.customers, train.items)
    with pytest.raises(ModelError, match="M-213"):
        fit_bias(none)
    model = fit_bias(train)
    found = evaluate_ratings(model, model, none, seed=0, draws=10)
    assert found.rmse.reason in found.verdict.sentence
    assert found.verdict.word == "no signal"
    assert np.isnan(found.gain_bias.value)


def test_a_catalogue_without_customers_still_predicts_the_mean():
    empty = IdTable(np.zeros(0, dtype=object))
    model = RatingModel(
        empty, empty, (1, 5), 3.5, np.zeros(0), np.zeros(0), np.zeros((0, 0)), np.zeros((0, 0))
    )
    assert model.predict(np.array([-1]), np.array([-1])).tolist() == [3.5]


@pytest.mark.parametrize("wrong", [("x", "i0", 3.0), ("c0", "x", 3.0), ("c0", "i0", np.nan)])
def test_ratings_that_cannot_be_are_refused(wrong):
    who, what, rating = wrong
    with pytest.raises(ModelError, match=r"M-211: 1 of 2 .*first: row 1"):
        ratings_of(["c0", who], ["i0", what], [3.0, rating], table(1, "c"), table(1, "i"))


@pytest.mark.shared_data
def test_movielens_u1_errors_are_as_published():
    rows = pq.read_table(DATA / "movielens-100k" / "splits.parquet").to_pandas()
    rows = rows[rows["split"] == "u1"].astype({"user_id": str, "item_id": str})
    tables = [
        IdTable(np.array(sorted(set(rows[name])), dtype=object)) for name in ("user_id", "item_id")
    ]
    train, test = (
        ratings_of(
            part["user_id"].to_numpy(object),
            part["item_id"].to_numpy(object),
            part["rating"].to_numpy(),
            *tables,
        )
        for part in (rows[rows["part"] == "base"], rows[rows["part"] == "test"])
    )
    assert (len(train), len(test)) == (80_000, 20_000)
    bias = fit_bias(train)
    baseline = evaluate_ratings(bias, bias, test, seed=0, draws=200)
    assert baseline.rmse.value == pytest.approx(0.960, abs=0.002)
    assert baseline.gain_mean.low > 0.15
    pytest.importorskip("surprise")
    found = evaluate_ratings(fit_svd(train), bias, test, seed=0, draws=200)
    assert found.rmse.value < 0.93
    assert found.gain_bias.low > 0.02
