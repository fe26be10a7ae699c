"""How ratings come to be predicted: by choice of the settings, or by what did better before."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from tests.made import config_of

from cip.contract.config import Config
from cip.flows.rate import Rated, rate_items
from cip.models.recommend.interactions import IdTable
from cip.types import Calendar

SCORE = datetime(2025, 7, 1, tzinfo=UTC)
LAST_DAY = 20_270  # 2025-07-01
ITEMS = IdTable(np.array([f"i{k}" for k in range(40)], dtype=np.object_))


def calendar() -> Calendar:
    def at(days: int) -> datetime:
        return SCORE - timedelta(days=days)

    return Calendar((at(200),), at(150), at(100), SCORE, 60, 7, 90)


def config(ratings: str) -> Config:
    return config_of(recommend={"ratings": ratings}, run={"draws": 100})


def given(*, taste: float, n: int = 9_000, seed: int = 3) -> pa.Table:
    """Ratings of 300 customers; `taste` is how much two hidden likings move them."""
    rng = np.random.default_rng(seed)
    who, what = rng.integers(0, 300, n), rng.integers(0, 40, n)
    likes, is_like = rng.normal(size=(300, 2)), rng.normal(size=(40, 2))
    stars = 3 + taste * (likes[who] * is_like[what]).sum(axis=1) + rng.normal(0, 0.4, n)
    pairs = np.unique(np.column_stack([who, what]), axis=0, return_index=True)[1]
    return pa.table(
        {
            "customer_id": [f"c{k}" for k in who[pairs]],
            "item_id": [f"i{k}" for k in what[pairs]],
            "stars": np.clip(stars[pairs], 1, 5),
            "day": rng.integers(LAST_DAY - 300, LAST_DAY, len(pairs)),
        }
    )


def rated(table: pa.Table, ratings: str) -> Rated:
    made = rate_items(table, ITEMS, calendar(), config(ratings))
    assert made is not None
    return made


def test_matrix_factorisation_is_taken_where_customers_have_taste() -> None:
    pytest.importorskip("surprise")
    made = rated(given(taste=0.9), "auto")
    assert "SVD" in made.label
    assert "misses by less" in made.choice
    assert made.evaluation is not None
    assert made.evaluation.gain_bias.low > 0


def test_the_biases_stay_where_taste_says_nothing() -> None:
    made = rated(given(taste=0.0), "auto")
    assert "bias" in made.label
    assert made.model.customer_factors.shape[1] == 0


def test_what_is_said_of_factorisation_that_was_not_taken_is_what_the_interval_shows() -> None:
    """Where all of it is above 0 it was taken; where all of it is below 0 it misses by more."""
    pytest.importorskip("surprise")
    seen = set()
    for seed, n in ((3, 9_000), (4, 1_500), (5, 1_500)):
        said = rated(given(taste=0.0, n=n, seed=seed), "auto").choice
        assert not re.search(r"[-+]\d", said)  # a sign and a word would both say the direction
        misses_more = "misses by more than the biases" in said
        between = re.search(r"between [\d.]+ more and [\d.]+ (less|more)\)", said)
        assert misses_more is not bool(between)
        assert misses_more is not ("not shown to miss by less" in said)
        seen.add(misses_more)
    assert True in seen


def test_the_settings_decide_where_they_say_so() -> None:
    assert "bias" in rated(given(taste=0.9), "bias").label
    pytest.importorskip("surprise")
    assert "SVD" in rated(given(taste=0.0), "svd").label


def test_the_choice_does_not_look_at_the_ratings_that_judge_it() -> None:
    table = given(taste=0.9)
    last = table["day"].to_numpy() >= LAST_DAY - 30
    turned = np.where(last, 6 - table["stars"].to_numpy(), table["stars"].to_numpy())
    other = table.set_column(2, "stars", pa.array(turned))
    assert rated(other, "auto").choice == rated(table, "auto").choice


def test_no_ratings_give_nothing_and_few_give_no_judgement() -> None:
    table = given(taste=0.5)
    assert rate_items(table.slice(0, 0), ITEMS, calendar(), config("auto")) is None
    old = table.set_column(3, "day", pa.array(np.full(len(table), LAST_DAY - 400)))
    assert rated(old, "auto").evaluation is None
