"""Segments in points of risk, features that interplay, twins, what-if: sums that must hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from cip.models.churn.model import fit_churn
from cip.models.drivers import sample_rows, segment_drivers
from cip.models.explain import by_fact, feature_points, global_importance, sentence
from cip.models.interplay import interplay
from cip.models.twins import twins_as_one
from cip.models.whatif import what_if
from cip.types import FeatureFrame, FeatureInfo, LabelledFrame

NAMES = ("spend_28d", "spend_90d", "recency_days", "age")
INFOS = tuple(
    FeatureInfo(name, "number", "", f"{name}.", "{v} ({usual})", fact)
    for name, fact in zip(NAMES, ("spend", "spend", "last purchase", "age"), strict=True)
)
PLAN = FeatureInfo("plan", "category", "", "The plan.", "On {v} ({usual})", "plan")
N = 1500


def frame(seed: int = 0) -> FeatureFrame:
    rng = np.random.default_rng(seed)
    short = rng.gamma(1.0, 30, N)
    return FeatureFrame(
        np.array([f"k{i}" for i in range(N)], dtype=object),
        np.zeros(N, dtype="datetime64[us]"),
        {
            "spend_28d": short,
            "spend_90d": short + rng.gamma(1.0, 60, N),
            "recency_days": rng.integers(1, 90, N).astype(float),
            "age": rng.integers(18, 80, N).astype(float),
            "plan": rng.choice(np.array(["A", "B"], dtype=object), N),
        },
    )


def labelled() -> LabelledFrame:
    rng, made = np.random.default_rng(9), frame()
    c = made.columns
    works = (c["recency_days"] > 45) & (c["age"] > 50)
    margin = -1 + 0.02 * (c["recency_days"] - 45) - 0.008 * c["spend_28d"] + 2.0 * works
    left = rng.random(N) < expit(margin + (c["plan"] == "B"))
    return LabelledFrame(made, left, np.zeros(N))


@pytest.fixture(scope="module", params=["lightgbm", "xgboost", "logistic_regression"])
def model(request):
    return fit_churn(request.param, labelled(), (*INFOS, PLAN), seed=3, threads=1)


@pytest.fixture(scope="module")
def boosted():
    return fit_churn("lightgbm", labelled(), (*INFOS, PLAN), seed=3, threads=1)


def one(row: int = 5) -> dict[str, object]:
    return {name: values[row] for name, values in frame().columns.items()}


def test_the_points_of_a_what_if_add_up_to_the_change_of_the_risk(model) -> None:
    said = what_if(model, (*INFOS, PLAN), one(), {"recency_days": 80.0, "plan": "B"})
    assert said.p_before == pytest.approx(model.predict(frame())[5], abs=1e-12)
    assert sum(said.points.values()) == pytest.approx(said.p_after - said.p_before, abs=1e-6)
    assert said.p_after != said.p_before


def test_nothing_changed_changes_nothing(model) -> None:
    said = what_if(model, (*INFOS, PLAN), one(), {})
    assert said.p_after == said.p_before
    assert said.moved == ()
    assert set(said.points.values()) == {0.0}


def test_a_linear_model_gives_no_points_to_facts_that_stay() -> None:
    linear = fit_churn("logistic_regression", labelled(), (*INFOS, PLAN), seed=3, threads=1)
    said = what_if(linear, (*INFOS, PLAN), one(), {"age": 70.0})
    assert {fact for fact, points in said.points.items() if points} == {"age"}


def test_what_follows_is_marked_and_what_cannot_be_is_said(boosted) -> None:
    start = one() | {"spend_28d": 10.0, "spend_90d": 20.0}
    said = what_if(boosted, (*INFOS, PLAN), start, {"spend_28d": 40.0})
    assert [(m.feature, m.after, m.follows) for m in said.moved] == [
        ("spend_28d", 40.0, False),
        ("spend_90d", 50.0, True),
    ]
    wrong = what_if(boosted, (*INFOS, PLAN), start, {"spend_28d": 40.0, "spend_90d": 30.0})
    assert wrong.impossible == (("spend_28d", "spend_90d"),)


def test_the_facts_of_a_segment_add_up_to_its_distance_from_the_rest(model) -> None:
    base, shap = model.contributions(frame())
    p = model.predict(frame())
    segment = np.random.default_rng(1).integers(-1, 3, N)
    infos = [info for info in (*INFOS, PLAN) if info.name in model.features]
    found = segment_drivers(infos, shap, base=base, p=p, segment=segment, k=3)
    for number in range(3):
        here, others = segment == number, (segment != number) & (segment >= 0)
        assert found.p[number] == pytest.approx(p[here].mean())
        assert found.p_rest[number] == pytest.approx(p[others].mean())
        gap = (found.inside[number] - found.rest[number]).sum()
        assert gap == pytest.approx(p[here].mean() - p[others].mean(), abs=1e-6)


def test_rows_with_bases_of_their_own_add_up_too() -> None:
    rng = np.random.default_rng(0)
    base, shap = rng.normal(-1, 0.1, 50), rng.normal(0, 1, (50, 4))
    points = feature_points(base, shap).sum(axis=1)
    assert points == pytest.approx(expit(base + shap.sum(axis=1)) - expit(base), abs=1e-9)


def test_the_interval_of_a_share_holds_it_and_narrows_with_more_customers() -> None:
    rng = np.random.default_rng(2)
    scales = np.array([1.0, 0.5, 2.0, 0.1])
    few, many = (rng.normal(0, scales, (n, 4)) for n in (200, 20_000))
    for rows in (few, many):
        for row in global_importance(rows, INFOS):
            assert row.low <= row.share <= row.high
    width = [next(r.high - r.low for r in global_importance(rows, INFOS)) for rows in (few, many)]
    assert width[1] < width[0] / 5


def test_shares_are_covered_as_often_as_they_should_be() -> None:
    scales = np.array([1.0, 0.5, 2.0, 0.7])
    truth = scales[3] / (scales[2] + scales[3] + np.hypot(1.0, 0.5))  # two features, one fact
    held = 0
    for seed in range(200):
        rows = np.random.default_rng(seed).normal(0, scales, (300, 4))
        age = next(r for r in global_importance(rows, INFOS, seed=seed) if r.fact == "age")
        held += age.low <= truth <= age.high
    assert 180 <= held <= 199


def test_features_that_only_add_up_have_no_interplay_and_a_product_has() -> None:
    rng = np.random.default_rng(6)
    columns = {name: rng.normal(0, 1, 40) for name in "abc"}

    def margin(c):
        return c["a"] + c["b"] ** 2 + 2 * c["a"] * c["c"]

    found = {(pair.first, pair.second): pair for pair in interplay(margin, columns, "abc")}
    assert found["a", "c"].share > 0.2
    assert found["a", "b"].share == 0.0
    assert found["b", "c"].share == 0.0


def test_the_interplay_of_a_boosted_model_is_the_one_that_was_put_in(boosted) -> None:
    few = frame().take(sample_rows(N, 40, seed=0))
    names = ("recency_days", "age", "spend_28d")
    columns = {name: few.columns[name] for name in boosted.features}

    def margin(rows):
        return boosted.margin(replace(few, columns=rows, customer_id=np.zeros(len(rows["age"]))))

    first = interplay(margin, columns, names)[0]
    assert {first.first, first.second} == {"recency_days", "age"}


def test_features_that_tell_the_same_are_one_fact() -> None:
    made = frame()
    twin = FeatureInfo("first", "number", "", "First.", "{v} ({usual})", "first activity")
    columns = {**made.columns, "first": -3.0 * made.columns["age"] + 7}
    joined = twins_as_one(replace(made, columns=columns), (*INFOS, PLAN, twin))
    assert [info.fact for info in joined] == [
        "spend", "spend", "last purchase", "age", "plan", "age",
    ]  # fmt: skip
    assert twins_as_one(made, INFOS) == INFOS


def test_twins_that_cancel_are_one_small_reason() -> None:
    made = frame()
    twin = replace(INFOS[3], name="twin", fact="another name")
    infos = twins_as_one(
        replace(made, columns={**made.columns, "twin": made.columns["age"]}), (*INFOS, twin)
    )
    facts, summed = by_fact(infos, np.array([[0.0, 0.0, 0.1, 2.0, -1.9]]))
    assert dict(zip(facts, summed[0].round(6), strict=True))["age"] == 0.1


def test_a_constant_column_is_nobody_s_twin() -> None:
    made = frame()
    same = replace(INFOS[3], name="same", fact="the same for all")
    columns = {**made.columns, "same": np.full(N, 2.0)}
    assert twins_as_one(replace(made, columns=columns), (*INFOS, same))[-1] == same


def test_a_sentence_says_what_is_typical_of_all_and_of_the_segment() -> None:
    info = FeatureInfo("d", "number", "days", "D.", "Bought {v} days ago (typical {usual})", "d")
    said = sentence(info, 48.0, 31.0, 12.0)
    assert said == "Bought 48 days ago (typical 31, of their segment 12)"


def test_points_follow_the_chord_of_the_logistic_curve() -> None:
    points = feature_points(float(logit(0.2)), np.array([[0.5, -0.1]]))
    assert points.sum() == pytest.approx(expit(logit(0.2) + 0.4) - 0.2)
