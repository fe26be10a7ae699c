"""The cards of one customer explain their figures; a call to action leads with a known fact."""

from __future__ import annotations

from typing import Any

import pytest

from cip.faces.dashboard.parts import profile
from cip.flows.results import Customer
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
        customer(unknown, QUIET), summary()
    )
    assert "Begin with" not in profile.to_do(customer(unknown), summary())


def test_a_loss_above_the_value_is_explained_on_its_card() -> None:
    cards = profile.cards(customer(loss=11.0), summary())
    assert "31.0\u202f% of the 12\xa0EUR they bring if they stay; their value is less" in cards[2]
    assert "12\xa0EUR if they stay" in profile.cards(customer(), summary())[2]
