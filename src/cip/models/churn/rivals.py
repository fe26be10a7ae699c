"""What moves the risk by models that only compare: points of probability of a few customers.

The package `shap` explains histogram gradient boosting (TreeExplainer) and networks (permutations
of the columns, there and back, over a background of training customers: exact where at most two
columns interplay, and adding up always).  A forest's points are XGBoost's own TreeSHAP.
"""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from typing import Any, Final

import numpy as np
import xgboost
from threadpoolctl import threadpool_limits

from cip.errors import ModelError
from cip.models.churn.model import ChurnModel
from cip.models.churn.neural import NeuralCore
from cip.models.churn.trees import ForestCore, HgbCore
from cip.models.drivers import sample_rows
from cip.models.explain import feature_points
from cip.types import FeatureFrame, FloatArray

CUSTOMERS: Final = 200
BACKGROUND: Final = 25
EVALUATIONS: Final = 300_000
"""Rows that a network may be asked about; fewer customers are explained where columns are many."""
TOLERANCE: Final = {HgbCore: 1e-9, NeuralCore: 1e-9, ForestCore: 1e-5}  # a forest is in float32


def check_shap() -> None:
    """ModelError M-129 where the extra `shap` cannot be imported."""
    if importlib.util.find_spec("shap") is None:
        raise _missing("it is not installed")


def customers_explained(model: ChurnModel, customers: int) -> int:
    """How many of so many customers can be explained within the bounds."""
    most = min(customers, CUSTOMERS)
    if not isinstance(model.core, NeuralCore):
        return most
    return max(min(most, EVALUATIONS // (_masks(model.core.width) * BACKGROUND)), 1)


def rival_points(
    model: ChurnModel, frame: FeatureFrame, training: FeatureFrame, *, seed: int
) -> FloatArray:
    """(n, len(model.features)) points of probability by feature; with a base they add up to p.

    `frame`: who is explained; `training`: from whom the background of a network is drawn.  Raises
    ModelError M-129 without the extra `shap`, M-133 where they do not add up.
    """
    X = model.encoder.transform(frame.columns)
    core = model.core
    with threadpool_limits(1):
        if isinstance(core, ForestCore):
            return model.encoder.per_feature(_of_forest(model.name, core, X))
        if isinstance(core, HgbCore):
            base, shap = _of_hgb(core, X)
        else:
            few = training.take(sample_rows(len(training), BACKGROUND, seed=seed))
            base, shap = _of_any(core, X, model.encoder.transform(few.columns), seed)
        _check(model.name, base + shap.sum(axis=1), core.margin(X), TOLERANCE[type(core)])
    return feature_points(base, model.encoder.per_feature(shap))


def _of_forest(name: str, core: ForestCore, X: FloatArray) -> FloatArray:
    """(n, k): a forest averages probabilities, so its contributions are points already."""
    found = np.asarray(core.booster.predict(xgboost.DMatrix(X), pred_contribs=True), np.float64)
    said = np.asarray(core.booster.inplace_predict(X), dtype=np.float64)
    _check(name, found.sum(axis=1), said, TOLERANCE[ForestCore])
    return found[:, :-1]


def _of_hgb(core: HgbCore, X: FloatArray) -> tuple[float, FloatArray]:
    """Of the log-odds, by the trees themselves: the base, and (n, k)."""
    found = _shap().TreeExplainer(core.classifier)(X, check_additivity=False)
    return float(np.ravel(found.base_values)[0]), np.asarray(found.values, dtype=np.float64)


def _of_any(
    core: Any, X: FloatArray, background: FloatArray, seed: int
) -> tuple[float, FloatArray]:
    """Of the log-odds, by asking: the base, and (n, k)."""
    shap = _shap()
    masker = shap.maskers.Independent(background, max_samples=len(background))
    explainer = shap.PermutationExplainer(core.margin, masker, seed=seed)
    found = explainer(X, max_evals=_masks(X.shape[1]), silent=True)
    return float(np.ravel(found.base_values)[0]), np.asarray(found.values, dtype=np.float64)


def _masks(columns: int) -> int:
    """Of one permutation, there and back."""
    return 2 * columns + 1


def _check(name: str, added: FloatArray, said: FloatArray, tolerance: float) -> None:
    miss = np.abs(added - said) / np.maximum(1.0, np.abs(said))
    if np.any(miss > tolerance):
        raise ModelError(
            "M-133",
            f"What moves the risk by {name} misses what it says by up to {miss.max():.1e}, more "
            f"than {tolerance:g}, for {np.count_nonzero(miss > tolerance)} of {len(miss)} rows.",
            "Set explain_comparison = false in [churn], and report it.",
        )


def _shap() -> Any:
    """The package; what it warns of on its way in is no concern of a run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module("shap")
    except ImportError as error:
        raise _missing(str(error)) from error


def _missing(why: str) -> ModelError:
    return ModelError(
        "M-129",
        f"[churn] explain_comparison = true needs the package shap: {why}.",
        "install the extra: pip install 'shap>=0.51' into the environment of cip "
        "(or `pip install -e '.[shap]'` in its folder), or set explain_comparison = false",
    )
