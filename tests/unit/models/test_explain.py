import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from cip.models.explain import (
    OTHERS,
    all_reasons,
    fact_points,
    global_importance,
    reasons,
    sentence,
    typical_values,
)
from cip.types import FeatureFrame, FeatureInfo

HOURS = FeatureInfo(
    "hours_28d", "number", "hours", "hours watched in four weeks",
    "Watched {v} hours in four weeks (typical {usual})", "hours", 28, 1,
)  # fmt: skip
BEFORE = replace(
    HOURS, name="hours_before", phrase="Watched {v} hours in the four weeks before ({usual})"
)
PLAN = FeatureInfo("plan_code", "category", "", "the plan", "On {v} (typical {usual})", "plan")
FAILED = FeatureInfo(
    "failed_90d", "number", "", "failed payments in 90 days",
    "{v} failed payments in 90 days (typical {usual})", "payments", 90,
)  # fmt: skip
INFOS = [HOURS, BEFORE, PLAN, FAILED]
VALUES = {"hours_28d": 1.25, "hours_before": 3.0, "plan_code": "Basic", "failed_90d": 2.0}
USUAL = {"hours_28d": 3.0, "hours_before": 3.0, "plan_code": "Plus", "failed_90d": 0.0}


def infos_for(facts):
    return [
        FeatureInfo(f"feature_{i}", "number", "", f"thing {i}", "Has {v} ({usual})", fact)
        for i, fact in enumerate(facts)
    ]


@given(
    shap=st.lists(st.floats(-3, 3), min_size=1, max_size=14),
    base=st.floats(-4, 4),
    top=st.integers(1, 9),
    kinds=st.integers(1, 14),
)
def test_points_add_up_to_the_change_of_probability(shap, base, top, kinds):
    infos = infos_for([f"fact {i % kinds}" for i in range(len(shap))])
    margin = base + float(np.sum(shap))
    given_values = {info.name: 1.0 for info in infos}
    listed = reasons(
        infos, given_values, given_values, np.array(shap), base=base, margin=margin, top=top
    )
    assert sum(r.points for r in listed) == pytest.approx(expit(margin) - expit(base), abs=1e-9)
    facts = len({info.fact for info in infos})
    assert len(listed) == min(top, facts) + (facts > top)
    sizes = [abs(r.points) for r in listed if r.fact != OTHERS]
    assert sizes == sorted(sizes, reverse=True)


def test_points_have_the_sign_of_the_contribution():
    listed = reasons(INFOS, VALUES, USUAL, np.array([0.5, 0.0, -0.2, 0.1]), base=-1.0, margin=-0.6)
    assert [(r.fact, r.points > 0) for r in listed] == [
        ("hours", True),
        ("plan", False),
        ("payments", True),
    ]


def test_contributions_that_cancel_still_have_points():
    listed = reasons(INFOS[2:], VALUES, USUAL, np.array([0.4, -0.4]), base=0.0, margin=0.0)
    assert [r.points for r in listed] == pytest.approx([0.1, -0.1])


def test_features_of_one_fact_are_added_before_the_largest_are_chosen():
    shap = np.array([1.0, -0.9, 0.3, 0.2])
    listed = reasons(INFOS, VALUES, USUAL, shap, base=0.0, margin=0.6, top=2)
    assert [r.fact for r in listed] == ["plan", "payments", OTHERS]
    all_of_them = reasons(INFOS, VALUES, USUAL, shap, base=0.0, margin=0.6)
    assert all_of_them[2].features == ("hours_28d", "hours_before")
    assert all_of_them[2].sentence == "Watched 1.2 hours in four weeks (typical 3.0)"


def test_the_sentence_comes_from_the_feature_that_moves_most():
    listed = reasons(INFOS, VALUES, USUAL, np.array([0.1, -0.9, 0.0, 0.0]), base=0.0, margin=-0.8)
    assert listed[0].sentence == "Watched 3.0 hours in the four weeks before (3.0)"


def test_no_sentence_holds_a_raw_feature_name():
    missing = dict.fromkeys(VALUES)
    for values in (VALUES, missing):
        for usual in (USUAL, missing):
            listed = reasons(INFOS, values, usual, np.ones(4), base=0.0, margin=4.0, top=2)
            assert not any(name in r.sentence for name in VALUES for r in listed)


@pytest.mark.parametrize(
    ("info", "value", "usual", "said"),
    [
        (FAILED, 2.0, 0.0, "2 failed payments in 90 days (typical 0)"),
        (FAILED, 12345.0, -0.2, "12,345 failed payments in 90 days (typical 0)"),
        (FAILED, math.nan, 0.0, "Payments: not known (typical 0)"),
        (FAILED, 2.0, np.float64("nan"), "2 failed payments in 90 days (typical not known)"),
        (PLAN, None, "Plus", "Plan: not known (typical Plus)"),
        (PLAN, "{usual}", "Plus", "On {usual} (typical Plus)"),
        (replace(HOURS, unit="share", phrase="{v} ({usual})"), 0.1234, 0.5, "12.3 % (50.0 %)"),
    ],
)
def test_values_are_said_as_a_person_would(info, value, usual, said):
    assert sentence(info, value, usual) == said


def test_a_value_that_is_the_typical_one_is_said_to_be_so():
    assert sentence(PLAN, "Plus", "Plus") == "On Plus (the most common)"
    assert sentence(FAILED, 0.2, 0.0) == "0 failed payments in 90 days (as is typical)"
    assert sentence(PLAN, "Plus", "Plus", "Plus").endswith("of their segment Plus)")


@pytest.mark.parametrize(
    ("value", "usual", "said"),
    [
        (1.04, 1.01, "Watched 1.04 hours in four weeks (typical 1.01)"),
        (1.04, 1.16, "Watched 1.0 hours in four weeks (typical 1.2)"),
        (1.0, 1.0, "Watched 1.0 hours in four weeks (as is typical)"),
        (1.001, 1.002, "Watched 1.00 hours in four weeks (as is typical)"),
        (math.nan, 1.0, "Hours: not known (typical 1.0)"),
    ],
)
def test_a_reason_tells_two_numbers_apart(value, usual, said):
    info = replace(HOURS, phrase="Watched {v} hours in four weeks (typical {usual})", decimals=1)
    (first,) = reasons([info], {info.name: value}, {info.name: usual}, np.ones(1), base=0, margin=1)
    assert first.sentence == said


SD = FeatureInfo(
    "gap_sd_days", "number", "days", "Sample standard deviation; undefined below two.",
    "Varies by {v} days (typical {usual})", "rhythm", decimals=1,
    unknown="Too few purchase days for a rhythm yet (typical: varies by {usual} days)",
)  # fmt: skip


@pytest.mark.parametrize(
    ("info", "value", "usual", "said"),
    [
        (
            SD,
            math.nan,
            49.7,
            "Too few purchase days for a rhythm yet (typical: varies by 49.7 days)",
        ),
        (SD, math.nan, math.nan, "Too few purchase days for a rhythm yet (as is typical)"),
        (SD, 3.0, math.nan, "Varies by 3.0 days (typical: too few purchase days for a rhythm yet)"),
        (replace(SD, unknown="Has never paid"), math.nan, 49.7, "Has never paid"),
    ],
)
def test_a_value_that_is_not_there_is_said_in_words(info, value, usual, said):
    assert sentence(info, value, usual) == said


def test_an_attribute_that_is_not_known_is_said_with_its_own_subject():
    age = FeatureInfo("age", "number", "", "Static.", "Age is {v} years (typical {usual})", "age")
    assert sentence(age, math.nan, 36.0) == "Age is not known (typical 36)"


def test_a_reason_says_whether_it_tells_a_value():
    listed = reasons([SD, PLAN], {"gap_sd_days": math.nan, "plan_code": "Plus"}, USUAL,
                     np.array([1.0, 0.5]), base=0.0, margin=1.5)  # fmt: skip
    assert [reason.is_known for reason in listed] == [False, True]


RATE = FeatureInfo(
    "purchase_days_per_30d", "number", "days", "Purchase days for every 30 days.",
    "Bought on {v} days a month (typical {usual})", "purchase days", decimals=1,
    early="{days} purchase days in the {tenure_days} days since (typical {usual} monthly)",
)  # fmt: skip


@pytest.mark.parametrize(
    ("tenure", "said"),
    [
        (3.0, "1 purchase day in the 3 days since (typical 0.4 monthly)"),
        (30.0, "Bought on 10.0 days a month (typical 0.4)"),
        (math.nan, "Bought on 10.0 days a month (typical 0.4)"),
    ],
)
def test_the_rate_of_a_new_customer_is_said_as_what_was_counted(tenure, said):
    others = [
        FeatureInfo(name, "number", "days", name, "{v}", name) for name in ("tenure_days", "days")
    ]
    values = {RATE.name: 10.0, "tenure_days": tenure, "days": 1.0}
    usual = {RATE.name: 0.4}
    shap = np.array([1.0, 0.0, 0.0])
    (first, *_) = reasons([RATE, *others], values, usual, shap, base=0.0, margin=1.0)
    assert first.sentence == said


def test_of_what_most_have_no_value_none_is_typical():
    rare, plan = np.array([1.0, math.nan, math.nan]), np.array([None, None, "Plus"], dtype=object)
    frame = FeatureFrame(np.array(["a", "b", "c"]), np.zeros(3), {SD.name: rare, PLAN.name: plan})
    typical = typical_values(frame, [SD, PLAN])
    assert math.isnan(typical[SD.name])
    assert typical[PLAN.name] is None


def test_a_phrase_cannot_reach_into_python():
    sly = replace(PLAN, phrase="{v.__class__} {0} {v!r} {v}")
    assert sentence(sly, "Basic", "Plus") == "{v.__class__} {0} {v!r} Basic"


def test_many_rows_agree_with_one_by_one():
    rng = np.random.default_rng(0)
    shap = rng.normal(size=(50, 4))
    margin = -0.5 + shap.sum(axis=1)
    found = fact_points(INFOS, shap, base=-0.5, margin=margin, top=2)
    assert found.codes.shape == found.points.shape == found.lead.shape == (50, 2)
    for i in range(50):
        listed = reasons(INFOS, VALUES, USUAL, shap[i], base=-0.5, margin=margin[i], top=2)
        assert [r.fact for r in listed[:2]] == [found.facts[c] for c in found.codes[i]]
        assert [r.points for r in listed] == pytest.approx([*found.points[i], found.others[i]])


def test_reasons_of_a_row_have_the_same_bits_alone_and_among_others():
    infos = infos_for([f"fact {i % 37}" for i in range(90)])
    rng = np.random.default_rng(3)
    shap, columns = rng.normal(size=(50, 90)), {i.name: rng.normal(size=50) for i in infos}
    base = rng.normal(size=50)
    margin = base + shap.sum(axis=1)
    usual = dict.fromkeys(columns, 0.0)
    among = all_reasons(infos, columns, usual, shap, base=base, margin=margin)
    for row, found in enumerate(among):
        values = {name: column[row] for name, column in columns.items()}
        how = {"base": float(base[row]), "margin": float(margin[row])}
        assert reasons(infos, values, usual, shap[row], **how) == found


def test_fewer_facts_than_asked_for_give_only_those():
    found = fact_points(INFOS, np.ones((3, 4)), base=0.0, margin=np.full(3, 4.0), top=8)
    assert found.codes.shape == (3, 3)
    assert np.abs(found.others).max() < 1e-12


def test_no_rows_give_no_points():
    found = fact_points(INFOS, np.zeros((0, 4)), base=0.0, margin=np.zeros(0))
    assert found.points.shape == (0, 3)


def test_importance_adds_features_of_one_fact_and_shares_add_up_to_one():
    shap = np.array([[1.0, -1.0, 0.5, 0.0], [-1.0, 1.0, -0.5, 0.5]])
    found = global_importance(shap, INFOS)
    assert [row.fact for row in found] == ["plan", "payments", "hours"]
    assert [row.mean_abs for row in found] == [0.5, 0.25, 0.0]
    assert sum(row.share for row in found) == pytest.approx(1.0)
    assert found[2].features == {"hours_28d": 1.0, "hours_before": 1.0}


def test_importance_of_a_constant_model_is_zero():
    assert {row.share for row in global_importance(np.zeros((5, 4)), INFOS)} == {0.0}


def test_typical_is_the_median_or_the_most_frequent_level():
    columns = {
        "failed_90d": np.array([0.0, np.nan, 4.0, 1.0]),
        "plan_code": np.array(["b", None, "a", "b"], dtype=object),
        "hours_28d": np.full(4, np.nan),
    }
    ids = np.array(list("wxyz"), dtype=object)
    frame = FeatureFrame(ids, np.full(4, np.datetime64("2026-01-01", "us")), columns)
    found = typical_values(frame, [FAILED, PLAN, HOURS])
    assert (found["failed_90d"], found["plan_code"]) == (1.0, "b")
    assert math.isnan(found["hours_28d"])
