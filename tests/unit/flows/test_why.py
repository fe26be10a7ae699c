"""What a run keeps of why: a sample, segments, groups, and what no model reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.made import config_of

from cip.contract.config import Config
from cip.flows.changeable import as_models_read
from cip.flows.explained import facts_of, read_sample
from cip.flows.export_columns import described
from cip.flows.fairness import fairness_rows, fairness_table
from cip.flows.insights import SAMPLE, Explained, Insights, look_into
from cip.flows.look import Looked
from cip.flows.results import Results
from cip.models.churn.model import ChurnModel, fit_churn
from cip.models.encode import Encoder
from cip.models.explain import feature_points, global_importance
from cip.stores.published import write_table
from cip.stores.run_tables import RunTables
from cip.types import FeatureFrame, FeatureInfo, LabelledFrame, Principal

VIEWER = Principal("bob", "viewer")
N = 900
INFOS = tuple(
    FeatureInfo(name, kind, "", f"{name}.", "{v} ({usual})", fact)  # type: ignore[arg-type]
    for name, kind, fact in (
        ("quiet", "number", "activity"),
        ("quieter", "number", "activity too"),
        ("spent", "number", "spend"),
        ("region", "category", "region"),
    )
)


def frame() -> FeatureFrame:
    rng = np.random.default_rng(2)
    quiet = rng.gamma(2.0, 10.0, N)
    spent = rng.lognormal(3, 1, N)
    spent[::7] = np.nan
    return FeatureFrame(
        np.array([f"k{i}" for i in range(N)], dtype=object),
        np.zeros(N, dtype="datetime64[us]"),
        {
            "quiet": quiet,
            "quieter": 2 * quiet + 1,
            "spent": spent,
            "region": rng.choice(np.array(["North", "South", None], dtype=object), N),
        },
    )


def labelled() -> LabelledFrame:
    made, rng = frame(), np.random.default_rng(3)
    left = rng.random(N) < 1 / (1 + np.exp(1.5 - 0.06 * made.columns["quiet"]))
    return LabelledFrame(made, left, np.zeros(N))


def config(**churn: Any) -> Config:
    return config_of(("region", "gone"), churn=churn)


@pytest.fixture(scope="module")
def model() -> ChurnModel:
    return fit_churn("lightgbm", labelled(), INFOS, seed=1, threads=1)


def insights(model: ChurnModel, segment: Any) -> Insights:
    made = frame()
    base, shap = model.contributions(made)
    found = look_into(
        model,
        INFOS,
        Explained(made, model.predict(made), base, shap),
        global_importance(shap, INFOS),
        segment=segment,
        seed=1,
    )
    assert found is not None
    return found


SEGMENT = np.random.default_rng(0).integers(0, 3, N)


def test_the_sample_holds_values_and_points_that_add_up(model: ChurnModel, tmp_path: Path) -> None:
    found = insights(model, SEGMENT)
    assert found.sample.num_rows == SAMPLE
    p = found.sample["p_churn"].to_numpy()
    points = sum(found.sample[f"points {info.name}"].to_numpy() for info in INFOS)
    base = model.contributions(frame().take(np.arange(1)))[0]
    assert points == pytest.approx(p - 1 / (1 + np.exp(-base)), abs=1e-9)
    for name, table in found.tables.items():
        write_table(tmp_path, name, table)
    nothing: Any = None
    results = Results("run", {}, nothing, nothing, RunTables(tmp_path))
    sample = read_sample(results, actor=VIEWER)
    assert sample is not None
    assert np.isnan(sample.values["spent"]).any()
    assert None in set(sample.values["region"])
    features = [{"name": i.name, "fact": i.fact} for i in INFOS]
    importance = [{"fact": "spend"}, {"fact": "activity"}, {"fact": "unknown"}]
    said = {"churn": {"features": features, "importance": importance}}
    assert [(f.fact, f.lead) for f in facts_of(sample, said, 5)] == [
        ("spend", "spent"),
        ("activity", "quiet"),
    ]


def test_what_is_typical_of_a_segment_is_its_median(model: ChurnModel) -> None:
    typical = insights(model, SEGMENT).typical
    assert typical is not None
    quiet = frame().columns["quiet"]
    wanted = [float(np.median(quiet[number == SEGMENT])) for number in range(3)]
    assert typical["quiet"].to_pylist() == pytest.approx(wanted)


def test_without_segments_the_rest_is_there(model: ChurnModel) -> None:
    found = insights(model, np.full(N, -1))
    assert set(found.tables) == {"explained"}
    assert found.as_dict()["segments"] == []
    json.dumps(found.as_dict(), allow_nan=False)


def test_a_model_that_reads_nothing_has_nothing_to_say() -> None:
    base = fit_churn("base_rate", labelled(), INFOS, seed=1, threads=1)
    shap = base.contributions(frame())
    scored = Explained(frame(), base.predict(frame()), *shap)
    assert look_into(base, (), scored, (), segment=SEGMENT, seed=1) is None


def test_groups_are_measured_whether_or_not_the_model_reads_the_attribute() -> None:
    p = np.full(N, 0.4)
    table = fairness_table(labelled(), p, ("region",), config(sensitive=["region", "gone"]))
    assert table is not None
    json.dumps(table, allow_nan=False)
    region, gone = table["attributes"]
    assert region["is_feature"]
    assert "leave_out = ['region']" in region["said"]
    assert {group["name"] for group in region["groups"]} == {"North", "South", "not known"}
    assert "kept out because it may know the future" in gone["reason"]
    rows = fairness_rows({"fairness": table})
    assert [row["group"] for row in rows] == [g["name"] for g in region["groups"]]
    assert rows[0]["roc_auc_low"] is not None
    assert fairness_rows({}) == fairness_rows({"fairness": None}) == []


def test_nothing_declared_measures_nothing() -> None:
    assert fairness_table(labelled(), np.full(N, 0.4), (), config()) is None


def looked() -> Looked:
    nothing: Any = None
    rows = labelled()
    return Looked(
        nothing, nothing, {}, rows, rows, rows, rows.features, INFOS, "quiet",
        nothing, {}, nothing, nothing, (), (),
    )  # fmt: skip


def test_what_is_left_out_no_model_reads_and_people_still_see() -> None:
    read = as_models_read(looked(), config(leave_out=["region"]))
    assert "region" not in {info.name for info in read.infos}
    assert "region" in read.test.features.columns
    said = fairness_table(read.test, np.full(N, 0.4), (), config(sensitive=["region"]))
    assert said is not None
    assert said["attributes"][0]["groups"]


def test_features_that_tell_the_same_are_one_fact_to_people() -> None:
    read = as_models_read(looked(), config())
    assert [info.fact for info in read.infos] == ["activity", "activity", "spend", "region"]


def test_points_of_rows_with_their_own_base_are_kept_apart(model: ChurnModel) -> None:
    base, shap = model.contributions(frame())
    bases = np.full(N, base) + np.linspace(-0.1, 0.1, N)
    assert feature_points(bases, shap)[0] == pytest.approx(
        feature_points(float(bases[0]), shap[:1])[0]
    )


def test_every_column_of_the_exported_table_is_described() -> None:
    table = fairness_table(labelled(), np.full(N, 0.4), (), config(sensitive=["region"]))
    summary = {"churn": {"features": [], "verdicts": {"signal": {"word": "useful"}}}}
    (header,) = {tuple(row) for row in fairness_rows({"fairness": table})}
    words = described([header], summary, Encoder("tree", ()), ())
    assert [row["column"] for row in words] == list(header)
    assert all(row["description"] for row in words)
