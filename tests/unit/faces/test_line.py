"""Where to draw the line: the costs of the run are the costs that the page counts with."""

from __future__ import annotations

from typing import Any

import pytest

from cip.faces.dashboard.parts import line


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
