"""One table without time, from arrays: nested cross-validation, value by rule, who has left."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.plain import MONEY, plain_looked, plain_toml

from cip.contract.config import Config, parse_config
from cip.errors import ContractError
from cip.flows.decide import beside_results
from cip.flows.plain_churn import FOLDS, model_plain
from cip.flows.plain_decide import LEFT, decide_plain
from cip.flows.plain_look import PlainLooked
from cip.flows.plain_value import value_of_months
from cip.flows.value import Value
from cip.models.churn.model import fit_churn
from cip.models.clv.monthly import months_worth
from cip.models.clv.value import ValueTerms
from cip.models.resample import customer_folds
from cip.worlds.plain import PlainConfig, simulate_plain


def config_of(more: str = MONEY, label: str = "") -> Config:
    text = plain_toml(["logistic_regression", "lightgbm"], more=f"[segments]\nk = 3\n{more}")
    return parse_config(text.replace('left = ["Yes"]', f'left = ["Yes"]{label}'))


WORLD = simulate_plain(PlainConfig(customers=700))


@pytest.fixture(scope="module")
def blank() -> tuple[PlainLooked, Any, Any, Any]:
    """The world with 120 empty labels, all the way to the list."""
    config = config_of()
    said = WORLD.columns["Churn"].astype(object)
    said[:120] = None
    looked = plain_looked(WORLD, config, said)
    churn = model_plain(looked, config)
    value = value_of_months(looked, churn.scored.p, config)
    return looked, churn, value, decide_plain(looked, churn, value, config)


def test_an_empty_label_is_scored_by_the_final_model_and_taught_nothing(blank) -> None:
    looked, churn, _, _ = blank
    assert len(looked.labelled) == 580
    assert churn.made.signal.word == "useful"
    unknown = looked.score.take(~looked.known)
    np.testing.assert_array_equal(
        churn.scored.p[~looked.known], churn.made.champion.predict(unknown)
    )


def test_every_published_risk_is_of_a_model_that_did_not_see_the_label(blank) -> None:
    """Up to the calibration, which keeps the order: the same order as a model without the fold."""
    looked, churn, _, _ = blank
    rows = looked.labelled
    folds = customer_folds(
        rows.features.customer_id, FOLDS, seed=config_of().run.seed, strata=rows.churned
    )
    published = churn.scored.p[looked.known]
    np.testing.assert_array_equal(published, churn.made.p_test)
    for fold in range(FOLDS):
        model = fit_churn(
            churn.chosen_in[fold],
            rows.take(folds != fold),
            looked.infos,
            seed=config_of().run.seed,
            threads=1,
        )
        inside = folds == fold
        mine = model.margin(rows.features.take(inside))
        np.testing.assert_array_equal(np.argsort(mine), np.argsort(published[inside]))
    champion = churn.made.champion.predict(rows.features)
    assert not np.allclose(champion, published, atol=1e-6)


def test_reasons_add_up_to_the_published_risk(blank) -> None:
    _, churn, _, decided = blank
    for row in decided.customers.to_pylist():
        points = sum(reason["points"] for reason in json.loads(row["reasons"]))
        assert points == pytest.approx(row["p_churn"] - decided.base_p, abs=1e-9)
    scored = churn.scored
    np.testing.assert_allclose(scored.base + scored.contributions.sum(axis=1), scored.margin)


def test_who_has_left_ranks_last_and_is_in_no_sum(blank) -> None:
    looked, _, value, decided = blank
    rows = decided.customers.to_pylist()
    here = sum(not row["has_left"] for row in rows)
    assert [row["has_left"] for row in rows] == [False] * here + [True] * (len(rows) - here)
    assert here == looked.is_here.sum()
    for row in rows[here:]:
        assert (row["churn_band"], row["clv_band"], row["priority_segment"]) == (LEFT,) * 3
        assert row["expected_value_loss"] == row["clv"] == 0
    assert sum(cell.customers for cell in decided.priorities) == here
    at_stake = sum(cell.expected_value_loss for cell in decided.priorities)
    assert at_stake == pytest.approx(value.total_loss(decided.p_churn).value)
    assert sum(p.customers for p in decided.segments.personas) == here


def test_value_is_the_monthly_sum_over_the_horizon_and_is_not_tested(blank) -> None:
    looked, churn, value, _ = blank
    worth = months_worth(ValueTerms(365, 0.1, 1.0, "EUR"))
    here = looked.is_here
    np.testing.assert_allclose(
        value.clv_if_retained[here], looked.score.columns["MonthlyCharges"][here] * worth
    )
    np.testing.assert_allclose(
        value.clv[here], (1 - churn.scored.p[here]) * value.clv_if_retained[here]
    )
    assert value.verdict.word == "not tested"
    assert np.isnan(value.clv_if_retained[~here]).all()


def test_an_unknown_monthly_sum_becomes_the_median_and_is_said() -> None:
    config = config_of()
    looked = plain_looked(WORLD, config)
    given = {**looked.score.columns}
    given["MonthlyCharges"] = np.where(np.arange(700) < 3, np.nan, given["MonthlyCharges"])
    looked = replace(looked, score=replace(looked.score, columns=given))
    value = value_of_months(looked, np.full(len(looked.score), 0.5), config)
    assert isinstance(value, Value)
    assert "median" in value.notes[1]
    assert np.isfinite(value.clv).all()


def test_without_a_value_the_riskiest_come_first_and_no_money_is_said() -> None:
    config = config_of(more="")
    looked = plain_looked(WORLD, config)
    churn = model_plain(looked, config)
    why = value_of_months(looked, churn.scored.p, config)
    assert isinstance(why, str)
    assert "monthly" in why
    decided = decide_plain(looked, churn, why, config)
    rows = decided.customers.to_pylist()
    risks = [row["p_churn"] for row in rows if not row["has_left"]]
    assert risks == sorted(risks, reverse=True)
    assert all(row["expected_value_loss"] is None and row["clv_band"] is None for row in rows)
    assert [cell.name for cell in decided.priorities] == [
        "High churn",
        "Medium churn",
        "Low churn",
    ]


@pytest.mark.parametrize("permuted", [True, False])
def test_no_signal_gives_everybody_the_base_rate(permuted: bool) -> None:
    config, strength = config_of(), 1.0 if permuted else 0.0
    world = simulate_plain(PlainConfig(customers=700, strength=strength, seed=11))
    said = world.columns["Churn"].astype(object)
    if permuted:
        said = np.random.default_rng(1).permutation(said)
    looked = plain_looked(world, config, said)
    churn = model_plain(looked, config)
    assert churn.made.signal.word == "no signal"
    assert not churn.made.promoted
    np.testing.assert_allclose(churn.scored.p, looked.labelled.churned.mean())
    value = value_of_months(looked, churn.scored.p, config)
    decided = decide_plain(looked, churn, value, config)
    assert "base rate" in decided.customers["main_reason"][0].as_py()
    assert decided.importance == ()


@pytest.mark.parametrize(
    "said", [["No"] * 699 + ["Yes"], ["No"] * 700, ["Yes"] * 700, [None] * 700]
)
def test_too_few_of_a_kind_is_one_clear_error_with_the_values_seen(said: list[Any]) -> None:
    with pytest.raises(ContractError, match="C-212") as caught:
        plain_looked(WORLD, config_of(), np.array(said, dtype=object))
    assert "at least 34" in caught.value.message
    assert str(said[0] or "(empty)") in caught.value.message


def test_values_that_nobody_named_count_as_stayed_and_are_a_finding() -> None:
    said = WORLD.columns["Churn"].astype(object)
    said[:7] = "maybe"
    looked = plain_looked(WORLD, config_of(), said)
    assert looked.known.all()
    (finding,) = looked.findings
    assert (finding.code, finding.rows) == ("C-214", 7)
    named = plain_looked(WORLD, config_of(label=', stayed = ["no"]'), said)
    assert named.findings == ()
    assert not named.known[:7].any()


def test_a_table_without_any_attribute_says_so() -> None:
    looked = replace(plain_looked(WORLD, config_of()), infos=())
    with pytest.raises(ContractError, match="C-213"):
        model_plain(looked, config_of())


def test_an_attribute_that_tells_nothing_is_no_feature_and_a_finding() -> None:
    given = WORLD.columns["Tenure"]
    columns = {**WORLD.columns, "Contract": np.where(np.arange(700) < 30, "monthly", None)}
    columns |= {"Tenure": np.full(700, 3.0), "SupportCalls": np.where(given > 20, given, np.nan)}
    looked = plain_looked(replace(WORLD, columns=columns), config_of())
    assert [info.name for info in looked.infos] == ["MonthlyCharges", "SupportCalls"]
    said = {finding.column: finding.message for finding in looked.findings}
    assert "known for 30 of 700" in said["Contract"]
    assert "the same for everybody" in said["Tenure"]


def test_an_attribute_that_bears_the_name_of_a_result_is_kept_beside_it(blank) -> None:
    looked, churn, value, _ = blank
    theirs = {"p_churn": np.arange(len(looked.score), dtype=float), "plan": looked.names}
    decided = decide_plain(replace(looked, attributes=theirs), churn, value, config_of())
    assert {"given_p_churn", "plan"} <= set(decided.customers.column_names)
    assert max(decided.customers["p_churn"].to_pylist()) <= 1


def test_a_given_name_that_is_taken_too_is_given_once_more() -> None:
    theirs = {"given_clv": 1, "clv": 2, "segment": 3, "plan": 4}
    kept = {"given_clv": 1, "given_given_clv": 2, "given_segment": 3, "plan": 4}
    assert beside_results(theirs) == kept
