"""One customer on the command line: where there is no signal there is no score."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cip.flows.lookup import Card
from cip.flows.results import SCORES, Customer
from cip.types import Reason

BESIDE = ("rank", "Medium CLV", "Medium churn", "at stake", "if they stay", "points")


def customer() -> Customer:
    return Customer(
        rank=526,
        customer_id="u1",
        name="Erica Garza",
        p_churn=0.29,
        churn_band="Medium",
        clv=213.0,
        clv_if_retained=288.0,
        expected_value_loss=84.0,
        clv_band="Medium",
        priority_segment="Medium CLV / Medium churn",
        p_alive=None,
        last_purchase_days=3.0,
        purchase_days=None,
        main_reason=None,
        reasons=(Reason("play_days", "No model was shown to know more", 0.0),),
    )


def card(signal: str, *, promoted: bool = True, **workspace: Any) -> Card:
    return Card(
        customer(),
        {
            "run_id": "r1",
            "workspace": {"currency": "USD", **workspace},
            "calendar": {"score": "2025-07-01T00:00:00+00:00"},
            "churn": {
                "base_p": 0.29,
                "promoted": promoted,
                "definition": "no play in the next 90 days",
                "verdicts": {"signal": {"word": signal}},
            },
            "value": {"horizon_days": 365, "verdict": {"word": "not tested"}},
            "totals": {"customers": 9_077},
        },
    )


def test_without_signal_there_is_no_rank_no_band_no_stake_and_no_reason() -> None:
    said = card("no signal").lines()
    assert said[0].startswith("Erica Garza: no signal, so no score.")
    assert "Worth 213 USD in the next 365 days. Forecast of value: not tested." in said
    assert not [word for word in BESIDE if word in " ".join(said)]


def test_without_signal_the_scores_are_null_in_json_as_they_are_empty_in_a_file() -> None:
    found, shown = card("no signal").as_dict(), card("useful").as_dict()
    assert {found[name] for name in SCORES} == {None}
    assert (found["clv"], found["base_p"]) == (213.0, 0.29)
    assert None not in {shown["rank"], shown["p_churn"], shown["priority_segment"]}


def test_a_weak_signal_with_which_no_model_serves_gives_nobody_a_score() -> None:
    weak = card("weak", promoted=False)
    said = weak.lines()
    assert said[0].startswith("Erica Garza: a weak signal, and no model serves: no score.")
    assert not [word for word in BESIDE if word in " ".join(said)]
    assert {weak.as_dict()[name] for name in SCORES} == {None}
    assert card("weak").as_dict()["rank"] == 526


def test_more_at_stake_than_a_customer_is_worth_is_explained() -> None:
    shown = card("useful")
    more = replace(shown.customer, expected_value_loss=230.0)
    assert "their worth allows for their leaving" in " ".join(Card(more, shown.summary).lines())
    assert "allows for" not in " ".join(shown.lines())


def test_with_a_signal_all_of_it_is_said() -> None:
    said = " ".join(card("useful").lines())
    assert not [word for word in BESIDE if word not in said]
    assert "Risk of leaving (no play in the next 90 days): 29.0" in said


@pytest.mark.parametrize(
    ("workspace", "last"),
    [
        ({"simulated": True}, "Simulated. A program invented these customers"),
        ({"simulated": True, "truth_known": True}, "Simulated. A program drew these customers"),
    ],
)
def test_who_is_invented_is_said_to_be(workspace: dict[str, bool], last: str) -> None:
    assert card("useful", **workspace).lines()[-1].startswith(last)
    assert not [line for line in card("useful").lines() if line.startswith("Simulated")]
