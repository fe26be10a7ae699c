"""What pages say of own values and of candidates that only compare."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from cip.faces.dashboard.parts import charts, leaning, profit_own
from cip.flows.headlines import _profit_line, _rivals_line
from cip.flows.profit_own import AtTest, OwnProfit, own_profit
from cip.flows.rivals import Rivals
from cip.models.profit import Costs
from cip.models.rivals import leanings
from cip.types import FeatureInfo

INFOS = [
    FeatureInfo(name, "number", "", "", "{v} {usual}", fact)
    for name, fact in (("quiet", "last <b>purchase"), ("spent", "money"), ("age", "age"))
]


def own(spread: float = 1.5) -> OwnProfit:
    rng = np.random.default_rng(1)
    p, value = rng.beta(1, 3, 600), rng.lognormal(5, spread, 600)
    tested = AtTest(rng.random(600) < p, p, np.arange(600), value)
    return own_profit(tested, Costs(200, 10, 1), "EUR", seed=1, draws=60, notes=("By forecast.",))


def rivals() -> dict[str, Any]:
    rng = np.random.default_rng(2)
    points = {
        "lightgbm": rng.normal(size=(50, 3)) * [0.2, 0.1, 0.05],
        "hgb": rng.normal(size=(50, 3)) * [0.2, 0.1, 0.05],
        "neural_network": rng.normal(size=(50, 3)) * [0.01, 0.3, 0.1],
    }
    found = leanings(points, dict.fromkeys(points, INFOS), seed=1, draws=60)
    return Rivals("lightgbm", found).as_dict()


def test_a_row_a_budget_holds_both_orders_and_their_difference() -> None:
    made = own()
    html = profit_own.budgets(made)
    assert html.count("<tr>") == 1 + len(made.budgets)
    assert "as many as pay" in html
    assert "EUR" in html
    assert "more than the riskiest" in profit_own.title(made)


def test_a_difference_that_may_be_chance_is_not_called_one() -> None:
    made = own(spread=0.0)
    assert made.spoken_of[0].more.value == 0
    assert "not shown to earn more" in profit_own.title(made)
    assert "no difference is shown" in made.sentence
    assert profit_own.title(replace(made, contacted=0)).startswith("With these costs no customer")


def test_both_orders_are_drawn_over_all_customers() -> None:
    drawn = charts.profit_own(own())
    lines = [line for line in drawn.data if line.hovertemplate]
    assert len(lines) == 2
    assert max(lines[0].x) == 600


def test_one_table_sets_the_facts_of_all_candidates_beside_each_other() -> None:
    html = leaning.block({"churn": {"rivals": rivals()}})
    assert html.count("<th") >= 4
    assert "<small>serves</small>" in html
    assert "last &lt;b&gt;purchase" in html.lower()
    assert "rank correlation" in html
    assert "weighs most in 2 of 3 models" in html


def test_who_did_not_ask_and_an_older_run_see_nothing_and_a_reason_is_shown() -> None:
    for churn in ({}, {"rivals": None}):
        assert leaning.block({"churn": churn}) == ""
        assert _rivals_line({"churn": churn}) == []
    reason = {"churn": {"rivals": {"reason": "No model serves."}}}
    assert "No model serves." in leaning.block(reason)
    assert _rivals_line(reason) == ["No model serves."]


def test_the_sentence_of_rivals_says_what_to_think_of_another_order() -> None:
    said = rivals()["sentence"]
    assert "take the order of the facts with care" in said
    assert "histogram gradient boosting 1.00 (1.00 to 1.00), a neural network " in said


def test_the_line_of_the_command_says_the_own_values_too() -> None:
    verdicts = {"signal": {"word": "useful"}}
    profit: dict[str, Any] = {"sentence": "Earned.", "own": own().as_dict()}
    lines = _profit_line({"churn": {"profit": profit, "verdicts": verdicts}})
    assert lines[1].startswith("Each customer at their own value")
    older = _profit_line({"churn": {"profit": {"sentence": "Earned."}, "verdicts": verdicts}})
    assert len(older) == 1
