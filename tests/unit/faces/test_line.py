"""Where to draw the line: the costs of the run are the costs that the page counts with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cip.faces.dashboard.formats import THIN, threshold
from cip.faces.dashboard.parts import line
from cip.flows.operating_point import TestOutcome


def summary(**profit: Any) -> dict[str, Any]:
    counted = {"costs": {"contact": 4.096}, "currency": "USD", "break_even": 0.164}
    return {"churn": {"profit": counted | profit}}


def test_a_contact_costs_what_the_run_counted_and_nothing_else_is_asked() -> None:
    assert line.contact_cost(summary(), "USD") == 4.096
    assert line.each_words(summary()) == " (4.10 USD each, offers not counted)"


@pytest.mark.parametrize(
    ("threshold", "said"),
    [(0.1, "between this line and that cost more than they bring"), (0.5, "the card below")],
)
def test_the_line_is_held_against_the_break_even(threshold: float, said: str) -> None:
    words = line.pays_from(summary(), threshold)
    assert "pays from a risk of 16.4" in words
    assert said in words


def test_where_no_contact_pays_the_line_says_so() -> None:
    assert line.pays_from(summary(break_even=1.3), 0.5) == "At the run's costs no contact pays."


@pytest.mark.parametrize("found", [None, {"reason": "What a customer is worth is not known."}])
def test_runs_that_counted_no_profit_say_nothing_of_it(found: Any) -> None:
    old = {"churn": {"profit": found}}
    assert line.pays_from(old, 0.5) == line.each_words(old) == ""


@pytest.mark.parametrize(
    ("in_use", "base_rate", "start"), [(0.2, 0.29, 0.2), (0.5, 0.2896, 0.29), (0.5, 0.0041, 0.004)]
)
def test_the_slider_begins_at_the_base_rate_where_the_threshold_in_use_flags_nobody(
    in_use: float, base_rate: float, start: float
) -> None:
    outcome = TestOutcome(np.array([0.1, 0.3]), np.array([False, True]))
    assert line.first_line(outcome, in_use, base_rate) == start
    assert round(100 * start, 4) in line.percents_with([start])


def test_a_line_below_one_per_cent_can_be_drawn_and_is_said() -> None:
    steps = line.percents_with([0.004, 0.1234])
    assert {0.1, 0.4, 1.0, 12.34, 99.0} < set(steps)
    assert steps == sorted(steps)
    said = [threshold(p) for p in (0.004, 0.1234, 0.42, 0.5)]
    assert said == [f"{p}{THIN}%" for p in ("0.4", "12.34", "42", "50")]
