import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.special import expit
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from tests.made import planned_frame

from cip.errors import ModelError
from cip.models.calibrate import Calibration, choose_calibration
from cip.models.churn.candidates import (
    CANDIDATES,
    ForestConfig,
    HgbConfig,
    LightGBMConfig,
    XGBoostConfig,
)
from cip.models.churn.model import fit_churn, from_artefacts
from cip.models.encode import BLOCK_ROWS, fit_encoder
from cip.types import FeatureFrame, FeatureInfo, LabelledFrame

SHARED = Path(__file__).resolve().parents[3] / ".." / "shared" / "data"
SERVABLE = ["logistic_regression", "lightgbm", "xgboost"]
WRITABLE = ["base_rate", "recency_only", *SERVABLE]
TOLERANCE = {"logistic_regression": 1e-9, "lightgbm": 1e-9, "xgboost": 1e-5}
INFOS = [
    FeatureInfo("quiet", "number", "days", "days since", "{v} ({usual})", "recency"),
    FeatureInfo("spent", "number", "EUR", "money", "{v} ({usual})", "money"),
    FeatureInfo("plan", "category", "", "the plan", "{v} ({usual})", "plan"),
]


TRAIN, LATER = planned_frame(1500), planned_frame(1500, seed=1)


@pytest.fixture(scope="module")
def models():
    return {c.name: fitted(c.name) for c in CANDIDATES if not c.is_mix}


def fitted(name, train=TRAIN, seed=3):
    return fit_churn(name, train, INFOS, seed=seed, threads=1, recency="quiet")


def row(frame, i):
    return {name: values[i] for name, values in frame.columns.items()}


def test_every_candidate_with_signal_ranks_later_customers(models):
    auc = {
        name: roc_auc_score(LATER.churned, model.predict(LATER.features))
        for name, model in models.items()
    }
    assert auc.pop("base_rate") == 0.5
    assert min(auc.values()) > 0.6


def test_the_base_rate_says_the_training_rate_to_everybody(models):
    p = models["base_rate"].predict(LATER.features)
    assert p.shape == (len(LATER),)
    assert np.abs(p - TRAIN.churned.mean()).max() < 1e-12


def test_recency_only_reads_its_one_feature(models):
    moved = dict(LATER.features.columns)
    moved["spent"] = moved["spent"] * 0
    moved["plan"] = np.full(len(LATER), "plus", dtype=object)
    other = replace(LATER.features, columns=moved)
    model = models["recency_only"]
    assert model.features == ("quiet",)
    assert (model.predict(other) == model.predict(LATER.features)).all()


@pytest.mark.parametrize("name", SERVABLE)
def test_base_and_reasons_add_up_to_the_margin(models, name):
    base, shap = models[name].contributions(LATER.features)
    assert shap.shape == (len(LATER), len(INFOS))
    miss = base + shap.sum(axis=1) - models[name].margin(LATER.features)
    assert np.abs(miss).max() < TOLERANCE[name] * 10


@pytest.mark.parametrize("name", SERVABLE)
def test_reasons_that_do_not_add_up_are_refused(models, name):
    class Broken(type(models[name].core)):
        def contributions(self, X):
            base, shap = super().contributions(X)
            return base + 1e-3, shap

    core = models[name].core
    broken = replace(
        models[name], core=Broken(*(getattr(core, field.name) for field in fields(core)))
    )
    with pytest.raises(ModelError, match="M-124"):
        broken.contributions(LATER.features)


def test_linear_reasons_are_zero_on_average_over_training(models):
    base, shap = models["logistic_regression"].contributions(TRAIN.features)
    assert np.abs(shap.mean(axis=0)).max() < 1e-9
    assert base == pytest.approx(models["logistic_regression"].margin(TRAIN.features).mean())


@pytest.mark.parametrize("name", WRITABLE)
def test_a_model_read_back_predicts_the_same_to_the_last_bit(models, name):
    model = models[name].calibrated(Calibration("sigmoid", 0.9, 0.1 / 3))
    files = model.artefacts()
    assert not any(b"pickle" in f or f.startswith(b"\x80") for f in files.values())
    again = from_artefacts(name, files)
    assert again.predict(LATER.features).tobytes() == model.predict(LATER.features).tobytes()
    assert again.artefacts() == files
    if name in SERVABLE:
        ours, theirs = (m.contributions(LATER.features) for m in (model, again))
        assert ours[0] == theirs[0]
        assert ours[1].tobytes() == theirs[1].tobytes()


@pytest.mark.parametrize("name", SERVABLE)
def test_one_customer_scores_and_explains_as_in_the_batch(models, name):
    batch, (base, shap) = (
        models[name].margin(LATER.features),
        models[name].contributions(LATER.features),
    )
    for i in range(5):
        one = row(LATER.features, i)
        assert models[name].margin_one(one) == pytest.approx(batch[i], abs=1e-12)
        base_one, shap_one = models[name].contributions_one(one)
        assert base_one == base
        assert shap_one == pytest.approx(shap[i], abs=1e-12)


@pytest.mark.parametrize("name", SERVABLE)
def test_a_calibrated_model_explains_its_calibrated_margin(models, name):
    model = models[name].calibrated(Calibration("sigmoid", 0.5, -0.25))
    margin = 0.5 * models[name].margin(LATER.features) - 0.25
    assert model.predict(LATER.features) == pytest.approx(expit(margin), abs=1e-12)
    base, shap = model.contributions(LATER.features)
    assert base + shap.sum(axis=1) == pytest.approx(margin, abs=1e-5)


@pytest.mark.parametrize("method", ["isotonic", "venn_abers"])
@pytest.mark.parametrize("name", SERVABLE)
def test_under_a_table_reasons_add_up_and_the_model_comes_back_to_the_last_bit(
    models, name, method
):
    margin, who = models[name].margin(LATER.features), LATER.features.customer_id
    made = choose_calibration(margin, LATER.churned, who, seed=0, method=method)
    model = models[name].calibrated(made)
    base, shap = model.contributions(TRAIN.features)
    assert base + shap.sum(axis=1) == pytest.approx(model.margin(TRAIN.features), abs=1e-9)
    again = from_artefacts(name, model.artefacts())
    assert again.predict(TRAIN.features).tobytes() == model.predict(TRAIN.features).tobytes()
    interval = model.interval(TRAIN.features)
    if method == "isotonic":
        assert interval is None
        return
    low, high = interval
    p = model.predict(TRAIN.features)
    assert ((low < p) & (p < high)).all()


@pytest.mark.parametrize("name", [c.name for c in CANDIDATES if not c.is_mix])
def test_the_same_seed_gives_the_same_model(models, name):
    again = fitted(name).predict(LATER.features)
    assert again.tobytes() == models[name].predict(LATER.features).tobytes()


@pytest.mark.parametrize("name", ["random_forest", "lightgbm", "xgboost"])
def test_another_seed_gives_another_model(models, name):
    other = fitted(name, seed=4).predict(LATER.features)
    assert (other != models[name].predict(LATER.features)).any()


@pytest.mark.parametrize("name", ["random_forest", "hgb"])
def test_a_comparison_model_neither_explains_nor_is_kept(models, name):
    with pytest.raises(ModelError, match="M-122"):
        models[name].contributions(LATER.features)
    with pytest.raises(ModelError, match="M-122"):
        models[name].artefacts()
    with pytest.raises(ModelError, match="M-121"):
        from_artefacts(name, {})


@pytest.mark.parametrize("name", SERVABLE)
def test_unseen_missing_and_huge_values_still_give_a_probability(models, name):
    strange = {"quiet": 1e30, "spent": None, "plan": "never seen"}
    assert math.isfinite(models[name].margin_one(strange))
    assert abs(models[name].margin_one(strange)) < 20


@pytest.mark.parametrize("name", ["random_forest", "hgb"])
def test_a_number_missing_only_later_still_gives_a_probability(models, name):
    later = dict(LATER.features.columns)
    later["quiet"] = np.full(len(LATER), np.nan)
    p = models[name].predict(replace(LATER.features, columns=later))
    assert ((p > 0) & (p < 1)).all()


@pytest.mark.parametrize("name", [*SERVABLE, "hgb", "random_forest", "neural_network"])
def test_a_number_that_nobody_had_in_training_changes_nothing_later(name):
    columns = dict(TRAIN.features.columns)
    columns["spent"] = np.full(len(TRAIN), np.nan)
    empty = replace(TRAIN, features=replace(TRAIN.features, columns=columns))
    model = fitted(name, empty)
    later = dict(LATER.features.columns) | {"spent": np.full(len(LATER), np.nan)}
    p = model.predict(LATER.features)
    assert np.array_equal(p, model.predict(replace(LATER.features, columns=later)))


def test_a_tree_of_the_forest_draws_few_rows_however_many_there_are():
    forest = fit_churn(
        "random_forest", planned_frame(30_000), INFOS, seed=0, threads=1
    ).core.booster
    trees = forest.trees_to_dataframe()
    drawn = trees[trees.Node == 0].Cover
    assert len(drawn) == 100
    assert drawn.max() < 1.1 * ForestConfig.for_rarer(1).rows


def test_the_forest_is_as_good_as_that_of_scikit_learn():
    churned, p = LATER.churned, fitted("random_forest").predict(LATER.features)
    encoder = fit_encoder(TRAIN.features, INFOS, "tree")
    X, later = (encoder.transform(frame.features.columns) for frame in (TRAIN, LATER))
    rows = ForestConfig.for_rarer(min(TRAIN.churned.sum(), (~TRAIN.churned).sum()))
    forest = RandomForestClassifier(
        100, min_samples_leaf=rows.leaf_rows, max_features=rows.columns, random_state=0
    ).fit(X, TRAIN.churned)
    theirs = log_loss(churned, forest.predict_proba(later)[:, 1])
    assert log_loss(churned, p) < theirs + 0.005


def test_a_forest_says_the_share_that_left_and_never_0_or_1():
    p = fitted("random_forest").predict(LATER.features)
    assert 0 < p.min() < p.max() < 1
    assert p.mean() == pytest.approx(TRAIN.churned.mean(), abs=0.05)


@pytest.mark.parametrize("name", ["logistic_regression", "lightgbm"])
def test_more_rows_than_a_block_are_scored_and_explained_one_after_the_other(models, name):
    many = planned_frame(BLOCK_ROWS + 700, seed=5)
    late = np.arange(BLOCK_ROWS - 3, BLOCK_ROWS + 4)
    base, shap = models[name].contributions(many.features)
    few = many.take(late)
    assert models[name].margin(many.features)[late] == pytest.approx(
        models[name].margin(few.features), abs=1e-12
    )
    assert shap[late] == pytest.approx(models[name].contributions(few.features)[1], abs=1e-12)
    assert base == models[name].contributions(few.features)[0]


def test_nobody_is_scored_where_there_is_nobody(models):
    nobody = LATER.features.take(np.arange(0))
    assert {len(models[name].predict(nobody)) for name in WRITABLE} == {0}


@pytest.mark.parametrize("left", [0, 1, 19])
def test_too_few_leavers_are_refused_with_their_counts(left):
    churned = np.arange(100) < left
    train = replace(TRAIN.take(np.arange(100)), churned=churned)
    with pytest.raises(ModelError, match=f"M-120: Of 100 .* {left} left and {100 - left} stayed"):
        fitted("lightgbm", train)


def test_a_small_training_frame_still_gives_additive_reasons():
    small = TRAIN.take(np.concatenate([np.flatnonzero(TRAIN.churned)[:20], np.arange(30)]))
    for name in SERVABLE:
        base, shap = fitted(name, small).contributions(small.features)
        assert math.isfinite(base)
        assert np.isfinite(shap).all()


def test_names_that_do_not_exist_are_refused():
    with pytest.raises(ModelError, match="M-121: There is no churn candidate called catboost"):
        fitted("catboost")
    with pytest.raises(ModelError, match="M-123"):
        fit_churn("recency_only", TRAIN, INFOS, seed=0, threads=1, recency="age")


@pytest.mark.parametrize("name", SERVABLE)
def test_damaged_or_missing_files_are_refused(models, name):
    files = models[name].artefacts()
    own = next(f for f in files if f not in {"encoder.json", "calibration.json"})
    with pytest.raises(ModelError, match=f"M-105: The model has no file {own}"):
        from_artefacts(name, {k: v for k, v in files.items() if k != own})
    with pytest.raises(ModelError, match=f"M-104: {own} cannot be read"):
        from_artefacts(name, files | {own: b"\x80\x04no model"})
    other = models["recency_only"].artefacts()["encoder.json"]
    with pytest.raises(ModelError, match="M-106"):
        from_artefacts(name, files | {"encoder.json": other})


def test_settings_follow_the_rarer_class():
    assert LightGBMConfig.for_rarer(100) == LightGBMConfig(leaves=4, child_rows=20)
    assert LightGBMConfig.for_rarer(5000) == LightGBMConfig(leaves=10, child_rows=100)
    assert HgbConfig.for_rarer(10**6) == HgbConfig(leaves=31, child_rows=200)
    assert XGBoostConfig.for_rarer(5000) == XGBoostConfig(leaves=10, child_weight=15.0)
    assert ForestConfig.for_rarer(1500).leaf_rows == 15


def test_only_models_with_native_reasons_may_serve():
    assert [c.name for c in CANDIDATES if c.servable] == [*SERVABLE, "blend", "stack"]


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["logistic_regression", "lightgbm"])
def test_telco_reaches_the_measured_auc(name):
    frame, infos = telco()
    folds = StratifiedKFold(5, shuffle=True, random_state=42)
    auc = []
    for train, held in folds.split(frame.churned, frame.churned):
        model = fit_churn(name, frame.take(train), infos, seed=0, threads=1)
        auc.append(roc_auc_score(frame.churned[held], model.predict(frame.take(held).features)))
    assert np.mean(auc) >= 0.847


def telco():
    table = pq.read_table(SHARED / "telco" / "telco_customer_churn.parquet")
    raw = {name: table[name].to_numpy() for name in table.column_names}
    columns = {
        name: values if values.dtype == object else values.astype(np.float64)
        for name, values in raw.items()
        if name not in {"customerID", "Churn"}
    }
    infos = [
        FeatureInfo(name, "category" if values.dtype == object else "number", "", name, "{v}", name)
        for name, values in columns.items()
    ]
    n = len(table)
    features = FeatureFrame(
        raw["customerID"], np.full(n, np.datetime64("2019-01-01", "us")), columns
    )
    return LabelledFrame(features, raw["Churn"] == "Yes", np.zeros(n)), infos
