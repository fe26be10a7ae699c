"""Trees: LightGBM and XGBoost, which serve, and two ensembles to compare with.

Both have exact TreeSHAP (Lundberg and others 2020); reasons come from tables that were seen to say
the same (`tree_shap`), and from the library itself where the tables would be too large.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import lightgbm
import numpy as np
import xgboost
from scipy.special import logit
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from cip.errors import ModelError
from cip.models.churn.artefacts import file_named, unreadable
from cip.models.churn.candidates import ForestConfig, HgbConfig, LightGBMConfig, XGBoostConfig
from cip.models.churn.lightgbm_row import OneRow
from cip.models.churn.settings import DEFAULT, Factors, scaled
from cip.models.churn.tree_paths import of_lightgbm, of_xgboost
from cip.models.churn.tree_shap import Explain, explaining, in_float32, without_traces
from cip.types import BoolArray, FloatArray

LIGHTGBM_FILE: Final = "model.txt"
XGBOOST_FILE: Final = "model.ubj"
SURE: Final = 1e-6  # a forest may say 0 or 1; its log-odds stop here


@dataclass(frozen=True)
class LightGBMCore:
    """A LightGBM booster, as it is after being read from its own text."""

    booster: lightgbm.Booster
    tolerance = 1e-9

    @property
    def width(self) -> int:
        """Encoded columns read."""
        return int(self.booster.num_feature())

    def margin(self, X: FloatArray) -> FloatArray:
        """(n,) log-odds."""
        return self._row.margin(X) if len(X) == 1 else self._predict(X, raw_score=True)

    @cached_property
    def _row(self) -> OneRow:
        return OneRow(self.booster.model_to_string(), self.width)

    def contributions(self, X: FloatArray) -> tuple[float, FloatArray]:
        """The expected margin, and (n, k) SHAP values."""
        return self._explain(X)

    @cached_property
    def _explain(self) -> Explain:
        trees = of_lightgbm(self.booster.model_to_string())
        return explaining(trees, self.width, self._native, self.tolerance, without_traces)

    def _native(self, X: FloatArray) -> tuple[float, FloatArray]:
        shap = self._predict(X, pred_contrib=True)
        return float(shap[0, -1]) if len(shap) else 0.0, shap[:, :-1]

    def _predict(self, X: FloatArray, **what: bool) -> FloatArray:
        # a thread pool costs more than one row does; 0 is the library's own choice
        threads = 1 if len(X) == 1 else 0
        return np.asarray(self.booster.predict(X, num_threads=threads, **what), dtype=np.float64)

    def files(self) -> dict[str, bytes]:
        """LightGBM's own text."""
        return {LIGHTGBM_FILE: self.booster.model_to_string().encode()}

    @classmethod
    def read(cls, files: Mapping[str, bytes]) -> Self:
        """The model `files` wrote; ModelError if it is something else."""
        text = file_named(files, LIGHTGBM_FILE).decode(errors="replace")
        try:
            return cls(lightgbm.Booster(model_str=text))
        except lightgbm.basic.LightGBMError as error:
            raise unreadable(LIGHTGBM_FILE, error) from error


@dataclass(frozen=True)
class XGBoostCore:
    """An XGBoost booster, as it is after being read from its own UBJSON; it counts in float32.

    `alone` is the same with one thread, for one row: waking a pool takes longer, and on a busy
    machine a hundred times as long.  XGBoost has no way to say so call by call.
    """

    booster: xgboost.Booster
    alone: xgboost.Booster | None = None
    tolerance = 1e-5

    @property
    def width(self) -> int:
        """Encoded columns read."""
        return int(self.booster.num_features())

    def margin(self, X: FloatArray) -> FloatArray:
        """(n,) log-odds."""
        margin = self._for(X).inplace_predict(X, predict_type="margin")
        return np.asarray(margin, dtype=np.float64)

    def contributions(self, X: FloatArray) -> tuple[float, FloatArray]:
        """The expected margin, and (n, k) SHAP values."""
        return self._explain(X)

    @cached_property
    def _explain(self) -> Explain:
        trees = of_xgboost(bytes(self.booster.save_raw("json")))
        return explaining(trees, self.width, self._native, self.tolerance, in_float32)

    def _native(self, X: FloatArray) -> tuple[float, FloatArray]:
        rows = xgboost.DMatrix(X, nthread=1 if len(X) == 1 else -1)
        shap = np.asarray(self._for(X).predict(rows, pred_contribs=True), np.float64)
        return float(shap[0, -1]) if len(shap) else 0.0, shap[:, :-1]

    def _for(self, X: FloatArray) -> xgboost.Booster:
        return self.alone if self.alone is not None and len(X) == 1 else self.booster

    def files(self) -> dict[str, bytes]:
        """XGBoost's own UBJSON."""
        return {XGBOOST_FILE: bytes(self.booster.save_raw("ubj"))}

    @classmethod
    def read(cls, files: Mapping[str, bytes]) -> Self:
        """The model `files` wrote; ModelError if it is something else."""
        booster, alone = xgboost.Booster(), xgboost.Booster({"nthread": 1})
        try:
            for one in (booster, alone):
                one.load_model(bytearray(file_named(files, XGBOOST_FILE)))
        except xgboost.core.XGBoostError as error:
            raise unreadable(XGBOOST_FILE, error) from error
        return cls(booster, alone)


@dataclass(frozen=True)
class ForestCore:
    """A random forest to compare with: it averages probabilities, so it has no log-odds to share.

    It can be neither explained exactly nor kept.
    """

    booster: xgboost.Booster
    tolerance = 0.0

    @property
    def width(self) -> int:
        """Encoded columns read."""
        return int(self.booster.num_features())

    def margin(self, X: FloatArray) -> FloatArray:
        """(n,) log-odds, within those of `SURE`."""
        p = np.asarray(self.booster.inplace_predict(X), dtype=np.float64)
        return np.asarray(logit(np.clip(p, SURE, 1 - SURE)))

    def contributions(self, X: FloatArray) -> tuple[float, FloatArray]:
        """Always a ModelError."""
        raise not_servable(f"explain {len(X)} rows")

    def files(self) -> dict[str, bytes]:
        """Always a ModelError."""
        raise not_servable("write files")


@dataclass(frozen=True)
class HgbCore:
    """A scikit-learn classifier to compare with: it can be neither explained exactly nor kept."""

    classifier: HistGradientBoostingClassifier
    width: int
    tolerance = 0.0

    def margin(self, X: FloatArray) -> FloatArray:
        """(n,) log-odds; on one thread, as a fit is."""
        with threadpool_limits(1, user_api="openmp"):
            return np.asarray(self.classifier.decision_function(X), dtype=np.float64)

    def contributions(self, X: FloatArray) -> tuple[float, FloatArray]:
        """Always a ModelError."""
        raise not_servable(f"explain {len(X)} rows")

    def files(self) -> dict[str, bytes]:
        """Always a ModelError."""
        raise not_servable("write files")


def fit_lightgbm(
    X: FloatArray, churned: BoolArray, seed: int, threads: int, factors: Factors = DEFAULT
) -> LightGBMCore:
    """The same model for the same rows, settings, seed and threads."""
    config = scaled(LightGBMConfig.for_rarer(rarer(churned)), factors)
    params = {
        "objective": "binary",
        "learning_rate": config.learning_rate,
        "num_leaves": config.leaves,
        "min_data_in_leaf": config.child_rows,
        "lambda_l2": config.l2,
        "feature_fraction": config.columns,
        "bagging_fraction": config.rows,
        "bagging_freq": 1,
        "seed": seed,
        "num_threads": threads,
        "deterministic": True,
        "force_col_wise": True,  # the same trees to the last bit, a seventh cheaper
        "verbosity": -1,
    }
    data = lightgbm.Dataset(X, label=churned.astype(np.float64))
    booster = lightgbm.train(params, data, num_boost_round=config.trees)
    return LightGBMCore.read(LightGBMCore(booster).files())


def fit_xgboost(
    X: FloatArray, churned: BoolArray, seed: int, threads: int, factors: Factors = DEFAULT
) -> XGBoostCore:
    """The same model for the same rows, settings and seed."""
    config = scaled(XGBoostConfig.for_rarer(rarer(churned)), factors)
    params = {
        "objective": "binary:logistic",
        "eta": config.learning_rate,
        "tree_method": "hist",
        "grow_policy": "lossguide",
        "max_leaves": config.leaves,
        "max_depth": 0,
        "min_child_weight": config.child_weight,
        "lambda": config.l2,
        "colsample_bytree": config.columns,
        "subsample": config.rows,
        "seed": seed,
        "nthread": threads,
    }
    data = xgboost.DMatrix(X, label=churned.astype(np.float64), nthread=threads)
    booster = xgboost.train(params, data, num_boost_round=config.trees)
    return XGBoostCore.read(XGBoostCore(booster).files())


def fit_forest(X: FloatArray, churned: BoolArray, seed: int, threads: int) -> ForestCore:
    """Random forest (Breiman 2001), grown by XGBoost; a missing number goes where it fits.

    The leaf of a tree says the share of its rows that left: the mean is what makes squared error
    least, and for two classes its splits are those of the Gini impurity.
    """
    config = ForestConfig.for_rarer(rarer(churned))
    params = {
        "objective": "reg:squarederror",
        "base_score": float(churned.mean()),
        "eta": 1.0,
        "lambda": 0.0,
        "num_parallel_tree": config.trees,
        "tree_method": "hist",
        "max_bin": config.bins,
        "grow_policy": "lossguide",
        "max_depth": 0,
        "max_leaves": 0,
        "min_child_weight": config.leaf_rows,
        "subsample": min(config.drawn, config.rows / len(churned)),
        "colsample_bynode": config.columns,
        "seed": seed,
        "nthread": threads,
    }
    data = xgboost.QuantileDMatrix(
        X, label=churned.astype(np.float64), max_bin=config.bins, nthread=threads
    )
    return ForestCore(xgboost.train(params, data, num_boost_round=1))


def fit_hgb(X: FloatArray, churned: BoolArray, seed: int) -> HgbCore:
    """Histogram gradient boosting; scikit-learn takes its threads from OpenMP."""
    config = HgbConfig.for_rarer(rarer(churned))
    model = HistGradientBoostingClassifier(
        learning_rate=config.learning_rate,
        max_iter=config.trees,
        max_leaf_nodes=config.leaves,
        min_samples_leaf=config.child_rows,
        l2_regularization=config.l2,
        max_features=config.columns,
        early_stopping=False,
        random_state=seed,
    )
    # scikit-learn cannot cut a column without a number; one that is 0 everywhere is never split
    empty = np.isnan(X).all(axis=0)
    return HgbCore(model.fit(np.where(empty, 0.0, X), churned), X.shape[1])


def rarer(churned: BoolArray) -> int:
    """Rows of the rarer class."""
    left = int(np.count_nonzero(churned))
    return min(left, len(churned) - left)


def not_servable(what: str) -> ModelError:
    """What is said where a comparison model is asked for what only servable ones can do."""
    return ModelError(
        "M-122",
        f"A comparison model cannot {what}.",
        "Serve logistic_regression, lightgbm or xgboost.",
    )
