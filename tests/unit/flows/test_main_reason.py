"""The one reason of a list: the largest that pulls the customer's way, and no "as is typical"."""

from __future__ import annotations

from cip.flows.decide import main_reason
from cip.types import Reason

TYPICAL = Reason("purchase days", "Bought on 3 days in the last 365 days (as is typical)", 0.3)
QUIET = Reason("last purchase", "Last bought 90 days ago (typical 31)", 0.1)


def test_the_main_reason_does_not_say_that_it_is_typical() -> None:
    assert main_reason([TYPICAL, QUIET]).sentence == "Bought on 3 days in the last 365 days"
    assert main_reason([QUIET, TYPICAL]).sentence == QUIET.sentence
