"""The table of forecasts and outcomes on the Model Performance page."""

from __future__ import annotations

from typing import Any

import pytest

from cip.faces.dashboard.parts import ledger
from cip.types import Estimate

NASTY = "<img src=x onerror=alert(1)>"


def entry(run_id: str = "r1", due: str | None = "2024-06-30", **changed: Any) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "sealed_at": "2024-05-01T00:00:00+00:00",
        "forecast": {
            "cutoff": due and "2024-05-01T00:00:00+00:00",
            "leavers": Estimate(24.4, 20, 29, 0.95, "customers").as_dict(),
            "loss": Estimate(4_810, 3_900, 5_700, 0.95, "EUR").as_dict(),
        },
        "outcome": None,
        "due": due,
        "reason": "",
        "state": "waiting",
    } | changed


def outcome(leavers: int, *, inside: bool) -> dict[str, Any]:
    said = entry()["forecast"]
    return {
        "forecast_leavers": said["leavers"],
        "leavers": leavers,
        "leavers_inside": inside,
        "forecast_loss": said["loss"],
        "loss": 4_200.0,
        "loss_inside": True,
    }


def test_predicted_stands_against_realised_with_interval_and_place() -> None:
    listed = [entry("r1", outcome=outcome(25, inside=True)), entry("r2")]
    html = ledger.block({"ledger": listed})
    for said in (
        "<b>2024-04-30</b>",
        "for the days up to 2024-06-29",
        ">24<",
        "20–29",
        ">25<",
        "4,810\u00a0EUR",
        "4,200\u00a0EUR",
    ):
        assert said in html
    assert "1 of 1 outcomes so far lie within their interval" in html
    assert html.index("r2") < html.index("r1")
    assert ">inside<" in html
    assert ">open<" in html


def test_a_loss_by_a_rule_has_the_same_words_on_the_front_page_and_in_the_table() -> None:
    rule = Estimate(4_810, float("nan"), float("nan"), reason="a rule: it has no interval")
    totals = {"expected_value_loss": rule.as_dict()}
    ruled = {"run_id": "r1", "ledger": [entry()], "totals": totals, "churn": {}}
    words = ledger.by_chance(ruled)
    assert words == "3,900–5,700\u00a0EUR by the chance of leaving alone".replace("\u00a0", " ")
    assert ledger.BY_CHANCE in ledger.block(ruled)
    known = {"expected_value_loss": Estimate(4_810, 3_000, 6_000).as_dict()}
    assert ledger.by_chance(ruled | {"totals": known}) == ""
    assert ledger.by_chance(ruled | {"ledger": []}) == ""


def test_the_interval_of_a_loss_says_that_it_is_of_chance_alone() -> None:
    html = ledger.block({"ledger": [entry()]})
    assert "5,700\u00a0EUR by the chance of leaving alone" in html


@pytest.mark.parametrize("said_by", ["the line", "the run"])
def test_where_no_model_served_the_forecast_is_the_base_rate_and_no_loss(said_by: str) -> None:
    made = entry()
    made["forecast"]["base_rate"] = said_by == "the line"
    run = {"run_id": "r1" if said_by == "the run" else "r9", "churn": {"promoted": False}}
    html = ledger.block(run | {"ledger": [made]})
    assert html.count("base rate only") == 2
    assert "4,810" not in html
    assert ">24<" in html


def test_an_outcome_outside_is_said() -> None:
    html = ledger.block({"ledger": [entry(outcome=outcome(40, inside=False))]})
    assert ">outside<" in html
    assert "0 of 1 outcomes" in html


def test_what_is_open_says_until_when_and_a_table_without_time_that_it_never_will() -> None:
    assert "when the data hold all of 2024-06-29" in ledger.block({"ledger": [entry()]})
    assert "never says" in ledger.block({"ledger": [entry(due=None)]})


def test_a_run_of_yesterday_has_no_ledger_and_nothing_breaks() -> None:
    assert "sealed no forecast" in ledger.block({})


def test_no_text_of_a_run_is_markup() -> None:
    html = ledger.block({"ledger": [entry(NASTY, reason=NASTY)]})
    assert "<img" not in html
