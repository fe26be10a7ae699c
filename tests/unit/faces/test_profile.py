"""The cards of one customer explain their figures; a call to action leads with a known fact."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cip.faces.dashboard.parts import profile, telling
from cip.flows.results import Customer
from cip.flows.said_once import named, said_once
from cip.models.explain import OTHERS
from cip.types import Reason

UNKNOWN = Reason("rhythm", "Too few purchase days for a rhythm yet", 0.2, is_known=False)
FORMERLY = Reason("rhythm", "Sample standard deviation: not known (typical 49.7)", 0.2)
QUIET = Reason("last purchase", "Last bought 90 days ago (typical 31)", 0.1)


def customer(*reasons: Reason, loss: float = 3.7) -> Customer:
    return Customer(
        rank=1, customer_id="7", name=None, p_churn=0.31, churn_band="Medium", clv=10.0,
        clv_if_retained=12.0, expected_value_loss=loss, clv_band="Low",
        priority_segment="Low / Medium", p_alive=None, last_purchase_days=3.0, purchase_days=4.0,
        main_reason=None, reasons=reasons,
    )  # fmt: skip


def summary() -> dict[str, Any]:
    signal = {"word": "useful", "sentence": "It ranks."}
    return {
        "shape": "events",
        "churn": {"definition": "no purchase", "base_p": 0.2, "verdicts": {"signal": signal}},
        "value": {"horizon_days": 365, "verdict": signal, "reason": ""},
        "workspace": {"currency": "EUR"},
        "totals": {"customers": 9},
        "priority_segments": [],
        "cells": [],
    }


@pytest.mark.parametrize("unknown", [UNKNOWN, FORMERLY])
def test_the_call_to_action_begins_with_what_is_known(unknown) -> None:
    assert "Begin with what weighs most: Last bought 90 days ago" in profile.to_do(
        customer(QUIET, replace(unknown, points=0.05)), summary()
    )
    assert "Begin with" not in profile.to_do(customer(unknown), summary())


@pytest.mark.parametrize("unknown", [UNKNOWN, FORMERLY])
def test_no_lesser_fact_is_said_to_weigh_most(unknown) -> None:
    assert "Begin with" not in profile.to_do(customer(unknown, QUIET), summary())


def test_what_two_facts_say_alike_is_said_once_with_the_points_of_both() -> None:
    nothing = "No item of theirs is known"
    first, last = Reason("first", nothing, 0.03), Reason("last", nothing, 0.04)
    said = profile.why(customer(Reason("spend", "Lives in the North", 0.05), first, last), 0.19)
    assert said.count(nothing) == 1
    assert said.index(nothing) < said.index("Lives in the North")
    assert named([first, last], 8) == [replace(first, points=0.07)]


def test_all_other_facts_stay_last_and_are_no_fact_to_name() -> None:
    rest = Reason(OTHERS, "All other facts together", 0.4)
    assert said_once([rest, QUIET]) == [QUIET, rest]
    assert named([rest, QUIET], 8) == [QUIET]


def test_who_pays_for_a_subscription_has_a_first_payment_and_no_first_purchase() -> None:
    calendar = {"calendar": {"score": "2024-02-01T00:00:00"}}
    assert telling.pairs({"tenure_days": 5.0}, calendar)[0][0] == "First purchase"
    paying = {"tenure_days": 5.0, "spell_months": 2.0}
    assert "First payment" in dict(telling.pairs(paying, calendar))


def test_a_loss_above_the_value_is_explained_on_its_card() -> None:
    cards = profile.cards(customer(loss=11.0), summary())
    assert "31.0\u202f% of the 12\xa0EUR they bring if they stay; their value is less" in cards[2]
    assert "12\xa0EUR if they stay" in profile.cards(customer(), summary())[2]
