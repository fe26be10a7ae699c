"""Reasons of trees from tables: those of the definition and of the library, bit for bit alone."""

from __future__ import annotations

from itertools import combinations
from math import comb, inf, nan

import lightgbm
import numpy as np
import pytest
import xgboost
from scipy.special import expit

from cip.errors import ModelError
from cip.models.churn import tree_shap
from cip.models.churn.tree_paths import Tree, of_lightgbm, of_xgboost
from cip.models.churn.tree_shap import ALONE, BLOCK, TRACE, explaining, tables_of, without_traces
from cip.models.churn.trees import LightGBMCore, XGBoostCore, fit_lightgbm
from cip.types import BoolArray, FloatArray

WIDTH = 12
SMALL = Tree(
    feature=[0, 1, 0, 2, -1, -1, -1, -1, -1],
    threshold=[0.5, 2.0, 3.0, -1.0, *[nan] * 5],
    nan_left=[True, False, False, True, *[False] * 5],
    left=[1, 3, 5, 7, -1, -1, -1, -1, -1],
    right=[2, 4, 6, 8, -1, -1, -1, -1, -1],
    cover=[100.0, 60.0, 40.0, 35.0, 25.0, 10.0, 30.0, 5.0, 30.0],
    value=[0.0, 0.0, 0.0, 0.0, 2.0, -1.0, 4.0, 0.25, -3.0],
)
"""Feature 0 is split twice on the way to two of the leaves."""


def expected(tree: Tree, x: FloatArray, known: set[int], node: int = 0) -> float:
    """The tree's value where only `known` features are known, the others by training rows."""
    if tree.left[node] < 0:
        return tree.value[node]
    left, right, at = tree.left[node], tree.right[node], x[tree.feature[node]]
    if tree.feature[node] in known:
        is_left = tree.nan_left[node] if np.isnan(at) else at <= tree.threshold[node]
        return expected(tree, x, known, left if is_left else right)
    share = tree.cover[left] / tree.cover[node]
    both = [expected(tree, x, known, side) for side in (left, right)]
    return share * both[0] + (1 - share) * both[1]


def by_definition(tree: Tree, x: FloatArray, width: int) -> list[float]:
    """Shapley values: the mean over all orders of what knowing the feature adds."""

    def value(feature: int) -> float:
        others = [k for k in range(width) if k != feature]
        return sum(
            (expected(tree, x, {*known, feature}) - expected(tree, x, set(known)))
            / (width * comb(width - 1, size))
            for size in range(width)
            for known in combinations(others, size)
        )

    return [value(feature) for feature in range(width)]


def rows(n: int, seed: int) -> FloatArray:
    rng = np.random.default_rng(seed)
    X = rng.gamma(2.0, 10.0, (n, WIDTH)).round(1)
    X[rng.random((n, WIDTH)) < 0.1] = np.nan
    X[:, 3] = rng.integers(0, 2, n)  # never missing in training
    return X


def outcome(X: FloatArray) -> BoolArray:
    rng = np.random.default_rng(9)
    some = np.nan_to_num(X, nan=15.0)
    score = (some[:, 0] - 20) / 10 + some[:, 3] * (some[:, 1] > 12) - (some[:, 2] > 30)
    return rng.random(len(X)) < 1 / (1 + np.exp(-score))


@pytest.fixture(scope="module")
def cores() -> dict[str, LightGBMCore | XGBoostCore]:
    X = rows(3000, 1)
    y = outcome(X).astype(float)
    light = {"objective": "binary", "num_leaves": 20, "num_threads": 1, "verbosity": -1}
    extreme = {"objective": "binary:logistic", "max_leaves": 20, "grow_policy": "lossguide"}
    boosted = lightgbm.train(light, lightgbm.Dataset(X, y), 20)
    grown = xgboost.train(extreme | {"max_depth": 0, "nthread": 1}, xgboost.DMatrix(X, y), 20)
    return {
        "lightgbm": LightGBMCore.read(LightGBMCore(boosted).files()),
        "xgboost": XGBoostCore.read(XGBoostCore(grown).files()),
    }


def native(core: LightGBMCore | XGBoostCore, X: FloatArray) -> FloatArray:
    if isinstance(core, LightGBMCore):
        return np.asarray(core.booster.predict(X, pred_contrib=True, num_threads=1))
    return core.booster.predict(xgboost.DMatrix(X, nthread=1), pred_contribs=True)


def test_tables_say_what_the_definition_says() -> None:
    tables = tables_of([SMALL], 4, without_traces)
    assert tables is not None
    values = [-2.0, -1.0, 0.5, 0.7, 2.0, 3.0, 9.0, nan]
    X = np.random.default_rng(2).choice(values, (40, 4))
    found = tables.values(X)
    for x, shap in zip(X, found, strict=True):
        assert shap == pytest.approx(by_definition(SMALL, x, 4), abs=1e-13)
    assert found[:, 3].tolist() == [0.0] * 40


@pytest.mark.parametrize(("name", "within"), [("lightgbm", 1e-12), ("xgboost", 1e-5)])
def test_tables_say_what_the_library_says(cores, name: str, within: float) -> None:
    core, X = cores[name], rows(ALONE + 100, 2)
    X[::7, 3] = np.nan  # missing where training had a number
    base, shap = core.contributions(X)
    theirs = native(core, X)
    assert np.abs(shap - theirs[:, :-1]).max() < within
    assert base == theirs[0, -1]


@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
def test_a_row_has_the_same_bits_alone_and_among_others(cores, name: str) -> None:
    X = rows(BLOCK + 300, 3)
    _, among = cores[name].contributions(X)
    some = [0, 17, BLOCK - 1, BLOCK, len(X) - 1]
    assert among[some].tobytes() == b"".join(
        cores[name].contributions(X[k : k + 1])[1].tobytes() for k in some
    )
    few = cores[name].contributions(X[5:45])[1]
    assert few.tobytes() == among[5:45].tobytes()


def test_numbers_beyond_float32_are_its_largest_for_xgboost(cores) -> None:
    X = rows(6, 4)
    beyond, largest = X.copy(), X.copy()
    beyond[:, :2], largest[:, :2] = (-1e90, 1e90), (-3e38, 3e38)
    assert np.array_equal(*(cores["xgboost"].contributions(rows)[1] for rows in (beyond, largest)))


def test_what_lightgbm_takes_for_zero_is_zero() -> None:
    """Its borders of zero are splits too, where zero is common: traces lie on neither side."""
    rng = np.random.default_rng(5)
    X = rng.integers(-1, 2, (4000, 2)).astype(np.float64)
    core = fit_lightgbm(X, rng.random(4000) < expit(X[:, 0] + 2 * (X[:, 1] == 0)), 0, 1)
    cuts = [cut for tree in of_lightgbm(core.booster.model_to_string()) for cut in tree.threshold]
    assert {-TRACE, TRACE} & set(cuts)
    traces = np.array([0.0, -0.0, TRACE, -TRACE, TRACE / 3, -2 * TRACE, 2 * TRACE, np.nan])
    both = np.stack(np.meshgrid(traces, traces), axis=-1).reshape(-1, 2)
    np.testing.assert_allclose(core.contributions(both)[1], native(core, both)[:, :-1], atol=1e-12)


def test_no_row_has_no_reasons(cores) -> None:
    for core in cores.values():
        assert core.contributions(np.zeros((0, WIDTH)))[1].shape == (0, WIDTH)


def test_trees_that_split_nothing_explain_nothing() -> None:
    X = rows(200, 5)
    flat = {"objective": "binary", "min_data_in_leaf": 500, "verbosity": -1, "num_threads": 1}
    core = LightGBMCore(lightgbm.train(flat, lightgbm.Dataset(X, outcome(X)), 2))
    base, shap = core.contributions(X[:3])
    assert not shap.any()
    assert core.margin(X[:1])[0] == pytest.approx(base)


def test_trees_that_ask_for_more_than_numbers_are_left_to_the_library() -> None:
    X = rows(500, 6)
    kinds = {"objective": "binary", "verbosity": -1, "num_threads": 1, "min_data_per_group": 1}
    data = lightgbm.Dataset(X, outcome(X), categorical_feature=[3])
    core = LightGBMCore(lightgbm.train(kinds | {"max_cat_to_onehot": 1}, data, 3))
    text = core.booster.model_to_string()
    assert ("num_cat=1" in text) == (of_lightgbm(text) is None)
    core = XGBoostCore(xgboost.train({"booster": "gblinear"}, xgboost.DMatrix(X, outcome(X)), 1))
    assert of_xgboost(bytes(core.booster.save_raw("json"))) is None


def test_tables_that_would_be_too_large_are_left_to_the_library(
    cores, monkeypatch: pytest.MonkeyPatch
) -> None:
    core, X = cores["lightgbm"], rows(5, 7)
    monkeypatch.setattr(tree_shap, "LARGEST", 1000)
    again = LightGBMCore.read(core.files())
    assert np.array_equal(again.contributions(X)[1], native(core, X)[:, :-1])
    assert np.abs(again.contributions(X)[1] - core.contributions(X)[1]).max() < 1e-12


def test_tables_that_miss_what_the_library_says_are_refused(cores) -> None:
    core = cores["lightgbm"]
    trees = of_lightgbm(core.booster.model_to_string())
    assert trees is not None

    def other(X: FloatArray) -> tuple[float, FloatArray]:
        shap = native(core, X)
        shap[:, 0] += 1e-6
        return float(shap[0, -1]), shap[:, :-1]

    with pytest.raises(ModelError, match="M-128"):
        explaining(trees, WIDTH, other, 1e-9, without_traces)
    assert explaining(trees, WIDTH, other, inf, without_traces)(rows(2, 8))[1].shape == (2, WIDTH)
