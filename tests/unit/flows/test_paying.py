"""No action of the grid spends money where a contact does not pay."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from cip.faces.dashboard import sentences
from cip.flows import headlines, paying, plain_words
from cip.wording import THIN

BANDS = ("High", "Medium", "Low")
LOSSES = {
    ("High", "High"): (10, 0.19, 314.0),
    ("High", "Medium"): (510, 0.075, 6_780.0),
    ("Medium", "High"): (44, 0.19, 901.0),
    ("Medium", "Medium"): (693, 0.074, 5_700.0),
}
COSTS = {"clv": 137.2, "offer": 6.86, "contact": 0.686, "accept_alpha": 6.0, "accept_beta": 14.0}
SPEND = "Have someone check in."


def summary(*, own: bool = False, **changed: Any) -> dict[str, Any]:
    """A service of which few leave: a contact pays from 16.4 %, most is at stake below 15 %."""
    cells, segments = [], []
    for value in BANDS:
        for risk in BANDS:
            customers, p, loss = LOSSES.get((value, risk), (0, None, 0.0))
            cell = {"clv_band": value, "churn_band": risk, "customers": customers, "p_churn": p}
            cells.append(cell | {"clv": loss, "expected_value_loss": loss})
            name = f"{value} CLV / {risk} churn"
            segment = {"name": name, "customers": customers, "expected_value_loss": loss}
            segments.append(segment | {"what_to_do": SPEND})
    profit = {"costs": COSTS | changed, "own": {"contacted": 20} if own else None}
    return {
        "workspace": {"currency": "USD"},
        "churn": {"promoted": True, "bands": [0.05, 0.15], "profit": profit},
        "value": {"reason": ""},
        "cells": cells,
        "priority_segments": segments,
    }


def cell(value: str | None, risk: str) -> dict[str, Any]:
    return {"clv_band": value, "churn_band": risk}


def test_below_the_break_even_the_action_says_so_and_spends_nothing() -> None:
    said = sentences.what_to_do(summary(), cell("High", "Medium"))
    assert said.startswith("Spend nothing to keep them")
    assert "pays from a risk of 16.4" in said
    assert "below 15" in said
    assert "check in" not in said


def test_a_cell_that_holds_the_break_even_is_acted_on_from_there() -> None:
    said = sentences.what_to_do(summary(), cell("Medium", "High"))
    assert said.startswith("Only from a risk of 16.4")
    assert said.endswith("have someone check in.")


def test_above_the_break_even_the_action_stands() -> None:
    cheap = summary(offer=0.1, contact=0.1)
    assert sentences.what_to_do(cheap, cell("High", "Medium")) == SPEND


def test_an_action_that_costs_nothing_stands_wherever_it_is() -> None:
    for value, risk in (("Low", "Medium"), ("High", "Low"), ("Low", "Low")):
        assert sentences.what_to_do(summary(), cell(value, risk)) == SPEND


def test_one_customer_is_held_against_the_break_even_alone() -> None:
    assert sentences.what_to_do(summary(), cell("Medium", "High"), 0.17) == SPEND
    below = sentences.what_to_do(summary(), cell("Medium", "High"), 0.155)
    assert "theirs is 15.5" in below


def test_with_each_customer_s_own_value_the_cell_s_value_says_where_a_contact_pays() -> None:
    same, own = summary(), summary(own=True)
    assert paying.break_even(same, cell("High", "Medium")) == pytest.approx(0.1642, abs=1e-4)
    least = paying.break_even(own, cell("High", "Medium"))
    worth = 6_780 / (510 * 0.075)
    assert least == pytest.approx((6.86 + 0.686) / (0.3 * worth + 0.7 * 6.86))
    said = sentences.what_to_do(own, cell("High", "Medium"))
    assert "Only from a risk of 13" in said
    assert f"of this value (of average value: 16.4{THIN}%)" in said
    assert "average" not in sentences.what_to_do(same, cell("Medium", "High"))


def test_one_starts_where_a_contact_pays_though_more_is_at_stake_elsewhere() -> None:
    said = headlines.first_thing_to_do(summary())
    assert said.startswith("Start with Medium CLV / High churn: 44 customers, 901 USD at stake.")
    assert "Most is at stake with High CLV / Medium churn" in said


@pytest.mark.parametrize("first", [headlines.first_thing_to_do, plain_words.first_thing_to_do])
def test_where_no_contact_pays_nothing_is_started(first: Any) -> None:
    dear = summary(contact=200.0)
    assert first(dear).startswith("Spend nothing to keep anybody in particular")
    assert "no contact pays" in first(dear)


def test_runs_that_counted_no_profit_keep_their_actions() -> None:
    for profit in (None, {"reason": "What a customer is worth is not known."}):
        old = deepcopy(summary())
        old["churn"]["profit"] = profit
        assert sentences.what_to_do(old, cell("High", "Medium")) == SPEND
        assert headlines.first_thing_to_do(old).startswith("Start with High CLV / Medium churn")


def published() -> pa.Table:
    """A list as it is published: of 510 customers of high value and medium risk 13 lie high."""
    high = [("High", "Medium", 0.14, 24.0)] * 13 + [("High", "Medium", 0.07, 13.0)] * 497
    rows = [*high, *[("Medium", "High", 0.21, 20.5)] * 44, (None, "Left already", 0.9, None)]
    names = ("clv_band", "churn_band", "p_churn", "expected_value_loss")
    return pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))


def test_what_is_at_stake_is_said_of_those_with_whom_a_contact_pays() -> None:
    own = summary(own=True)
    own["cells"] = paying.counted(own, published())
    by_name = {(each["clv_band"], each["churn_band"]): each for each in own["cells"]}
    assert by_name["High", "Medium"]["paying"] == {"customers": 13, "expected_value_loss": 312.0}
    assert "paying" not in by_name["Low", "High"]
    said = sentences.what_to_do(own, by_name["High", "Medium"])
    assert "13 of these 510 customers, 312 USD at stake: have someone" in said
    first = headlines.first_thing_to_do(own)
    assert first.startswith("Start with Medium CLV / High churn: 44 customers, 901 USD at stake.")
    assert "contact pays with only 13 of these 510 customers, 312 USD at stake.)" in first


def test_nothing_is_spent_on_a_cell_in_which_nobody_reaches_the_break_even() -> None:
    own = summary(own=True)
    low = published().filter(pc.less(pc.field("p_churn"), 0.1))
    own["cells"] = paying.counted(own, low)
    top = next(each for each in own["cells"] if each["churn_band"] == "Medium")
    assert "nobody's is so high" in sentences.what_to_do(own, top)
    assert headlines.first_thing_to_do(own).startswith("Spend nothing to keep anybody")


def test_a_cell_that_brings_its_own_sums_has_the_break_even_of_its_own_customers() -> None:
    own = summary(own=True)
    theirs = cell("High", "Medium") | {"customers": 10, "p_churn": 0.1, "expected_value_loss": 100}
    assert paying.break_even(own, theirs) > paying.break_even(own, cell("High", "Medium"))
