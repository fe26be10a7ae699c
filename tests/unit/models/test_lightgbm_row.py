"""One row through LightGBM's own interface: what `Booster.predict` says, to the last bit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cip.errors import ModelError
from cip.models.churn.lightgbm_row import OneRow
from cip.models.churn.tree_shap import TRACE
from cip.models.churn.trees import LightGBMCore, fit_lightgbm
from cip.types import FloatArray

WIDTH = 5


def rows(n: int, seed: int) -> FloatArray:
    rng = np.random.default_rng(seed)
    X = rng.normal(0, 10, (n, WIDTH)).round(1)
    X[:, 1] = rng.integers(-1, 2, n) * rng.choice([1.0, TRACE, TRACE / 2], n)
    X[rng.random(X.shape) < 0.1] = np.nan
    X[0], X[1, 0] = np.nan, 1e300
    return X


@pytest.fixture(scope="module")
def core() -> LightGBMCore:
    X = rows(3000, 1)
    odds = np.nan_to_num(X[:, 0]) / 10 + np.isnan(X[:, 2])
    return fit_lightgbm(X, np.random.default_rng(2).random(3000) < 1 / (1 + np.exp(-odds)), 0, 1)


def test_a_row_alone_has_the_bits_that_it_has_among_others(core) -> None:
    X = rows(2000, 3)
    alone = np.concatenate([core.margin(x[None]) for x in X])
    np.testing.assert_array_equal(alone, core.booster.predict(X, raw_score=True))
    np.testing.assert_array_equal(alone, core.margin(X))


def test_a_row_that_lies_apart_in_memory_is_read_all_the_same(core) -> None:
    X = np.asfortranarray(rows(50, 4))
    every_other = np.repeat(X, 2, axis=1)[:, ::2]
    for apart, x in zip(every_other, X, strict=True):
        assert core.margin(apart[None]) == core.margin(np.ascontiguousarray(x)[None])


def test_many_threads_get_their_own_rows(core) -> None:
    X = rows(400, 5)
    with ThreadPoolExecutor(8) as pool:
        alone = np.concatenate(list(pool.map(core.margin, X[:, None])))
    np.testing.assert_array_equal(alone, core.margin(X))


def test_what_is_no_model_is_refused_in_lightgbm_s_words() -> None:
    with pytest.raises(ModelError, match=r"M-136: LightGBM cannot score a row: \w"):
        OneRow("tree\nnonsense", WIDTH)
