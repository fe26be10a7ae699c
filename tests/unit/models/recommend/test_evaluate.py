import re
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from cip.models.recommend.ease import fit_ease
from cip.models.recommend.evaluate import evaluate_lists
from cip.models.recommend.interactions import (
    Interactions,
    history_and_future,
    interactions_of,
    recency_matrix,
)
from cip.models.recommend.metrics import LIST_METRICS, judge
from cip.models.recommend.popularity import fit_popularity
from cip.models.recommend.verdict import list_verdict
from cip.types import Estimate

DATA = Path(__file__).resolve().parents[4] / ".." / "shared" / "data"


def world(seed, *, taste, customers=300, items=60, n=6000, groups=4):
    """360 days; a share `taste` of what a customer takes is of the customer's own group."""
    rng = np.random.default_rng(seed)
    who = rng.integers(0, customers, n)
    size = items // groups
    within = (rng.power(0.5, n) * size).astype(int)  # some items of a group are popular
    group = np.where(rng.random(n) < taste, who % groups, rng.integers(0, groups, n))
    ids = (codes.astype(str).astype(object) for codes in (who, group * size + within))
    return interactions_of(*ids, rng.uniform(0.01, 360, n))


def judged(x, *, cutoff=90.0, horizon=90.0, window=90.0, draws=300, **settings):
    history, future = history_and_future(x, cutoff, horizon)
    model, fallback = fit_ease(history, **settings), fit_popularity(history, window)
    return evaluate_lists(model, fallback, history, future, seed=0, draws=draws)


def test_the_figures_of_a_list_worked_by_hand():
    item = np.array([[0, 1, 2], [3, 0, -1], [2, 1, 0], [-1, -1, -1]])
    wanted = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0], [0, 0, 0]], dtype=bool)
    bits = np.array([1.0, 2.0, 3.0, 6.0])
    fared = judge(item, wanted, np.array([2, 1, 7, 1]), bits)
    two, three = 1 / np.log2(3), 1 / np.log2(4)
    assert fared.recall == pytest.approx([1, 0, 1 / 3, 0])  # seven were taken, three can be listed
    assert fared.ndcg == pytest.approx([(1 + three) / (1 + two), 0, two / (1 + two + three), 0])
    assert fared.hit_rate.tolist() == [1, 0, 1, 0]
    assert fared.novelty == pytest.approx([2, 3.5, 2, np.nan], nan_ok=True)


def test_an_evaluation_worked_by_hand():
    # before the cutoff: x is popular; after it a takes y (new) and x again, b takes z (never seen)
    x = interactions_of(
        ["a", "b", "c", "c", "a", "a", "b"],
        ["x", "x", "x", "y", "y", "x", "z"],
        [50, 50, 50, 50, 10, 10, 10],
    )
    history, future = history_and_future(x, 20, 20)
    model, fallback = fit_ease(history, l2=1.0), fit_popularity(history, 60)
    found = evaluate_lists(model, fallback, history, future, 1, seed=0, draws=50)
    assert (found.customers, found.with_history) == (2, 2)
    for figures in (found.model, found.popularity):
        assert list(figures) == [metric.name for metric in LIST_METRICS]
        values = {name: estimate.value for name, estimate in figures.items()}
        assert values["recall"] == values["ndcg"] == values["hit_rate"] == 0.5
        assert values["coverage"] == 0.5  # of x and y, only y was listed
        assert values["novelty"] == pytest.approx(1.0)  # y: (1 + 1) of (3 + 1)
        assert (figures["recall"].low, figures["recall"].high) == (0.0, 1.0)


def test_a_repeated_item_counts_only_where_seen_items_are_listed():
    x = interactions_of(["a", "a", "b"], ["x", "x", "x"], [50, 10, 50])
    history, future = history_and_future(x, 20, 20)
    model, fallback = fit_ease(history), fit_popularity(history, 60)
    new, again = (
        evaluate_lists(model, fallback, history, future, exclude_seen=e, seed=0, draws=10)
        for e in (True, False)
    )
    assert (new.customers, again.customers) == (0, 1)
    assert again.model["recall"].value == 1.0


def test_a_planted_taste_is_useful():
    found = judged(world(0, taste=0.9))
    assert found.verdict.word == "useful"
    assert found.verdict.evidence["ndcg_gain"].low > 0.05
    assert found.model["ndcg"].low > found.popularity["ndcg"].high
    assert "against" in found.verdict.sentence


def test_shuffled_items_carry_no_signal():
    words = []
    for seed in range(12):
        x = world(seed, taste=0.9)
        mixed = np.random.default_rng(seed).permutation(x.item)
        shuffled = Interactions(x.customers, x.items, x.customer, mixed, x.days_ago, x.weight)
        words.append(judged(shuffled).verdict.word)
    assert words == ["no signal"] * 12


def test_taste_that_is_there_shows_in_longer_histories_and_not_without_one():
    rows = {row.label: row for row in judged(world(1, taste=0.9, customers=900)).cold_start}
    assert list(rows) == ["0", "1-2", "3-5", "6-10", "11-20", "21+"]
    cold, warm = rows["0"], rows["6-10"]
    assert cold.customers > 0
    assert cold.model["ndcg"] == cold.popularity["ndcg"]
    assert warm.model["ndcg"].low > warm.popularity["ndcg"].high


def test_the_rows_by_history_length_add_up_to_everybody():
    found = judged(world(2, taste=0.5, customers=900))
    assert sum(row.customers for row in found.cold_start) == found.customers
    assert found.customers - found.cold_start[0].customers == found.with_history
    mean = sum(r.customers * r.model["recall"].value for r in found.cold_start if r.customers)
    assert mean / found.customers == pytest.approx(found.model["recall"].value)


def test_a_row_without_customers_says_why():
    empty = judged(world(0, taste=0.9, n=20_000)).cold_start[0]
    assert empty.customers == 0
    assert "took a new item" in empty.model["ndcg"].reason
    assert np.isnan(empty.model["novelty"].value)
    assert empty.popularity["hit_rate"].reason


@pytest.mark.parametrize(
    ("ndcg_low", "recall_low", "word", "said"),
    [
        (0.01, 0.01, "useful", "also find more"),
        (0.01, -0.01, "weak", "find more of it is not shown"),
        (0.0, 0.01, "no signal", "not shown to be better"),
        (np.nan, np.nan, "no signal", "not shown to be better"),
    ],
)
def test_the_word_follows_the_lower_bounds(ndcg_low, recall_low, word, said):
    value = {name: Estimate(0.2, 0.1, 0.3) for name in ("ndcg", "recall")}
    gains = {
        "ndcg": Estimate(0.05, ndcg_low, 0.1, 0.98),
        "recall": Estimate(0.05, recall_low, 0.1, 0.98),
    }
    verdict = list_verdict(10, 100, value, value, gains)
    assert verdict.word == word
    assert said in verdict.sentence
    assert verdict.evidence == {"ndcg_gain": gains["ndcg"], "recall_gain": gains["recall"]}
    assert re.search(r"\(gain [+−]\S+, at worst [+−]\S+ with 99 % confidence\)", verdict.sentence)


def test_few_customers_are_no_signal():
    verdict = judged(world(0, taste=1.0, customers=15, n=300)).verdict
    assert verdict.word == "no signal"
    assert "at least 20" in verdict.sentence


def test_nothing_at_all_is_no_signal_with_reasons():
    found = judged(interactions_of([], [], []))
    assert found.verdict.word == "no signal"
    assert all(estimate.reason for estimate in found.model.values())


def test_what_happens_after_the_horizon_changes_no_figure():
    x = world(3, taste=0.8)
    later = x.take(x.days_ago > 30)
    assert judged(x, horizon=60.0) == judged(later, horizon=60.0)


def movielens():
    columns = pq.read_table(DATA / "movielens-100k" / "ratings.parquet").to_pydict()
    day = np.array(columns["timestamp"]) / 86_400
    ids = ([str(id_) for id_ in columns[name]] for name in ("user_id", "item_id"))
    return interactions_of(*ids, day.max() - day), day.max() - day.min()


@pytest.mark.shared_data
def test_movielens_personal_lists_beat_popularity_early_and_are_not_shown_to_later():
    """215 days.  From day 90 taste wins; from day 150 what is popular moves too fast for it.

    At the later cutoff the recently popular is the better list, and the verdict must not hide it.
    """
    x, days = movielens()
    early = judged(x, cutoff=days - 90, horizon=60.0, window=30.0, draws=1000)
    assert early.verdict.word == "useful"
    assert early.model["ndcg"].value == pytest.approx(0.375, abs=0.01)
    assert early.popularity["ndcg"].value == pytest.approx(0.355, abs=0.01)
    assert early.customers - early.with_history > 0.5 * early.customers
    later = judged(x, cutoff=days - 150, horizon=30.0, window=30.0, draws=1000)
    assert later.verdict.word == "no signal"


@pytest.mark.shared_data
def test_online_retail_personal_lists_of_new_items_beat_popularity():
    names = ["Customer ID", "StockCode", "InvoiceDate", "Quantity"]
    year = [("InvoiceDate", ">=", datetime.fromisoformat("2010-12-10")), ("Quantity", ">", 0)]
    file = DATA / "online-retail-ii" / "online_retail_ii.parquet"
    rows = pq.read_table(file, columns=names, filters=year).to_pandas().dropna()
    days = (rows["InvoiceDate"].max() - rows["InvoiceDate"]).dt.total_seconds() / 86_400
    ids = (rows[name].astype(str).to_numpy(object) for name in names[:2])
    x = interactions_of(*ids, days.to_numpy())
    found = judged(x, cutoff=180.0, horizon=30.0, window=30.0, draws=1000, half_life_days=180.0)
    assert found.verdict.word == "useful"
    assert found.model["ndcg"].value > 1.2 * found.popularity["ndcg"].value


@pytest.mark.shared_data
def test_the_matrix_of_movielens_holds_every_rating_once():
    x, _ = movielens()
    history, _ = history_and_future(x, -1, 1)
    assert recency_matrix(history, 60).nnz == 100_000
