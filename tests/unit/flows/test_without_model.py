"""What to do first where no model of churn serves: nothing by risk, value decides."""

from __future__ import annotations

from typing import Any

import pytest

from cip.faces.dashboard import sentences
from cip.flows import headlines, plain_words

BANDS = ("High", "Medium", "Low")


def summary(*, promoted: bool | None = False, reason: str = "", **more: Any) -> dict[str, Any]:
    """A run in which everybody has a low risk; 10 customers of High CLV hold most of the value."""
    cells = [
        {"clv_band": value, "churn_band": churn, "customers": 0, "clv": 0.0}
        for value in BANDS
        for churn in BANDS
    ]
    for cell, customers, clv in ((2, 10, 6000.0), (5, 40, 3000.0), (8, 200, 1000.0)):
        cells[cell] |= {"customers": customers, "clv": clv}
    priorities = [
        {
            "name": f"{cell['clv_band']} CLV / {cell['churn_band']} churn",
            "customers": cell["customers"],
            "expected_value_loss": cell["clv"] / 4,
            "what_to_do": "Say thank you.",
        }
        for cell in cells
    ]
    return {
        "workspace": {"currency": "EUR"},
        "churn": {} if promoted is None else {"promoted": promoted},
        "value": {"reason": reason},
        "cells": cells,
        "priority_segments": priorities,
        **more,
    }


def test_without_a_model_nobody_is_proposed_by_risk_and_value_decides() -> None:
    said = headlines.first_thing_to_do(summary())
    assert "churn" not in said
    assert "No customer stands out by risk" in said
    assert "10 customers of High CLV hold 60" in said
    assert "6,000 EUR" in said
    assert "silent" not in said  # how long they were silent is not shown to tell anything either
    assert "not tested" not in said


def test_a_value_that_is_not_tested_is_named_so() -> None:
    made = summary()
    made["value"]["verdict"] = {"word": "not tested"}
    said = headlines.first_thing_to_do(made)
    assert said.endswith("6,000 EUR, by a forecast that is not tested.")


@pytest.mark.parametrize(
    ("signal", "first"),
    [("no signal", "No signal: no score. "), ("weak", "A weak signal, and no model serves: no ")],
)
@pytest.mark.parametrize("shape", ["events", "plain"])
def test_the_first_line_says_that_nobody_has_a_score_and_no_sum_at_stake(
    shape: str, signal: str, first: str
) -> None:
    made = summary(shape=shape, totals={"customers": 250, "left_customers": 3})
    made["churn"] |= {"base_p": 0.29, "verdicts": {"signal": {"word": signal}}}
    said = headlines.answer(made)
    assert said.startswith(first)
    assert "250 customers" in said
    assert "the base rate, 29.0" in said
    assert "at stake" not in said


def test_a_table_without_time_knows_nobody_s_silence() -> None:
    said = plain_words.first_thing_to_do(summary(shape="plain"))
    assert "10 customers of High CLV" in said
    assert "silent" not in said


def test_without_model_and_without_value_nothing_is_proposed() -> None:
    said = plain_words.first_thing_to_do(summary(shape="plain", reason="no money"))
    assert "Nor is it known what they are worth" in said
    assert "Start with" not in said


def test_the_highest_band_that_has_customers_comes_first() -> None:
    made = summary()
    made["cells"][2] |= {"customers": 0, "clv": 0.0}
    assert "40 customers of Medium CLV hold 75" in headlines.first_thing_to_do(made)


@pytest.mark.parametrize("promoted", [True, None])
def test_with_a_model_and_in_runs_of_old_the_costliest_segment_comes_first(
    promoted: bool | None,
) -> None:
    said = headlines.first_thing_to_do(summary(promoted=promoted))
    assert said.startswith("Start with High CLV / Low churn: 10 customers, 1,500 EUR at stake.")


@pytest.mark.parametrize(
    ("band", "words"), [("High", "no offer"), ("Low", "Nothing to do"), (None, "by risk")]
)
def test_a_cell_of_the_grid_proposes_nothing_by_risk_either(band: str | None, words: str) -> None:
    cell = {"clv_band": band, "churn_band": "Low"}
    assert words in sentences.what_to_do(summary(), cell)
    assert "thank you" not in sentences.what_to_do(summary(), cell)
    if band:
        assert sentences.what_to_do(summary(promoted=True), cell) == "Say thank you."
