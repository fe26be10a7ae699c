"""What acting on the risk would have earned: whose costs, in whose words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.special import expit
from tests.made import config_of

from cip.access.roles import local_owner
from cip.contract.config import Config, CostsSection
from cip.flows.operating_point import TestOutcome
from cip.flows.profit import (
    Asked,
    Earned,
    PastScores,
    asked,
    costs_of,
    profit_of,
    stored_profit,
    what_if,
)
from cip.flows.profit_own import OwnProfit
from cip.flows.results import Results
from cip.flows.value import Value
from cip.models.profit import expected_maximum_profit, profit_curve
from cip.stores.run_tables import RunTables
from cip.types import Estimate, Verdict

OWNER = local_owner()


def config(**costs: object) -> Config:
    return config_of(churn={"costs": costs})


def past(n: int = 900, *, with_baseline: bool = True) -> PastScores:
    rng = np.random.default_rng(3)
    p = expit(rng.normal(-1, 1.5, n))
    other = np.clip(p + rng.normal(0, 0.3, n), 0, 1)
    ids = np.array([f"k{i}" for i in range(n)])
    return PastScores(rng.random(n) < p, p, ids, other if with_baseline else None)


def value(
    if_retained: list[float], at_test: np.ndarray | None = None, word: str = "useful"
) -> Value:
    nothing = np.full(len(if_retained), np.nan)
    unknown = Estimate(np.nan, np.nan, np.nan)
    return Value(
        method="a rule",
        parameters={},
        notes=(),
        verdict=Verdict("signal", word, "Its total was right."),
        errors={},
        clv=nothing,
        clv_if_retained=np.array(if_retained),
        p_alive=nothing,
        purchase_days=nothing,
        total_clv=unknown,
        total_loss=lambda _: unknown,
        at_test=at_test,
    )


def found(**costs: object) -> Earned:
    made = profit_of(past(), np.array([0.5, 0.1]), value([100.0, 700.0]), config(**costs))
    assert isinstance(made, Earned)
    return made


def test_without_costs_the_value_of_a_customer_kept_is_that_of_the_leavers_expected():
    made = found()
    assert made.costs.clv == pytest.approx((0.5 * 100 + 0.1 * 700) / 0.6)
    assert made.costs.offer == pytest.approx(0.05 * made.costs.clv)
    assert made.costs.contact == pytest.approx(0.005 * made.costs.clv)
    assert (made.costs.accept_alpha, made.costs.accept_beta) == pytest.approx((6, 14))


def test_what_nobody_gave_is_said_to_be_assumed_and_what_was_given_is_not():
    assert "an offer costs 10.00 EUR" in " ".join(found(clv=200).assumed)
    given = " ".join(found(clv=200, offer=12, contact=1, accept=0.25).assumed)
    assert "Assumed, not measured" not in given
    assert "only a test with a control group" in given


def test_the_sums_are_those_of_the_curve_over_all_customers():
    rows, made = past(), found(clv=200, offer=10, contact=1)
    curve = profit_curve(rows.churned, rows.p_churn, made.costs)
    assert made.everybody.value == pytest.approx(curve.profit[-1] * 900)
    assert made.at_break_even.value == pytest.approx(curve.profit[made.contacted] * 900)
    assert made.best == (
        round(curve.share[curve.best] * 900),
        pytest.approx(max(curve.profit) * 900),
    )
    assert made.maximum.value == pytest.approx(
        expected_maximum_profit(rows.churned, rows.p_churn, made.costs).profit
    )
    assert made.at_break_even.low < made.at_break_even.value < made.at_break_even.high
    assert made.at_break_even.unit == "EUR"
    assert made.baseline is not None
    assert made.baseline.value < made.maximum.value


def test_the_sentence_holds_the_line_the_customers_and_the_money():
    made = found(clv=200, offer=10, contact=1)
    assert f"{made.contacted} of 900 customers" in made.sentence
    assert "nobody 0" in made.sentence
    assert "contacting nobody is best" in found(clv=5, offer=10, contact=1).sentence


def test_without_a_value_the_reason_says_where_to_set_one():
    rows = past()
    for worth in (None, value([np.nan, np.nan])):
        said = profit_of(rows, np.array([0.5, 0.1]), worth, config())
        assert isinstance(said, str)
        assert "[churn.costs] clv" in said
    assert isinstance(profit_of(rows, np.array([0.5]), None, config(clv=80)), Earned)


def test_who_has_left_has_no_say_in_what_a_customer_is_worth():
    made = profit_of(
        past(), np.array([0.5, 0.9]), value([100.0, np.nan]), config(offer=1, contact=1)
    )
    assert isinstance(made, Earned)
    assert made.costs.clv == pytest.approx(100)


def published(folder: Path, made: Earned, **churn: Any) -> Results:
    pq.write_table(made.table(), folder / "curve_profit.parquet")
    nothing: Any = None
    summary = {"churn": {"profit": made.as_dict()} | churn}
    return Results("run", summary, nothing, nothing, RunTables(folder))


def test_what_was_stored_comes_back(tmp_path: Path):
    made = found(clv=200)
    again = stored_profit(published(tmp_path, made), actor=OWNER)
    assert again is not None
    assert replace(again, band=made.band, baseline_band=made.baseline_band) == made
    assert np.array_equal(again.band.low, made.band.low)
    assert again.baseline_band is not None


@pytest.mark.parametrize("profit", [None, {"reason": "not known"}])
def test_an_older_run_or_one_without_a_value_has_no_profit(tmp_path: Path, profit: Any):
    assert stored_profit(published(tmp_path, found(), profit=profit), actor=OWNER) is None


def test_other_costs_move_the_line_and_the_same_costs_are_what_was_stored():
    made, rows = found(clv=200), past(with_baseline=False)
    outcome = TestOutcome(rows.p_churn, rows.churned)
    assert what_if(made, outcome, asked(made.costs), actor=OWNER) is made
    dearer = Asked(200.0, 10.0, 8.0, 30.0)
    other = what_if(made, outcome, dearer, actor=OWNER)
    assert other.costs.break_even > made.costs.break_even
    assert other.contacted < made.contacted
    assert other.at_break_even.value < made.at_break_even.value
    assert other.costs.accept_alpha + other.costs.accept_beta == pytest.approx(20)


def test_the_shape_of_acceptance_is_as_sure_as_was_said():
    sure = costs_of(CostsSection(accept=0.2, asked=100), 50)
    assert (sure.accept_alpha, sure.accept_beta) == pytest.approx((20, 80))


WORTH = np.random.default_rng(8).lognormal(5, 1.2, 900)


def with_own(word: str = "useful", worth: np.ndarray | None = WORTH, **costs: object) -> Earned:
    known = value([100.0, 700.0], worth, word)
    made = profit_of(past(), np.array([0.5, 0.1]), known, config(**costs))
    assert isinstance(made, Earned)
    return made


def test_each_customer_counts_at_their_own_value_where_it_is_known_and_any_good():
    made = with_own(offer=10, contact=1)
    own = made.own
    assert isinstance(own, OwnProfit)
    tenth, paying = own.spoken_of
    assert (tenth.customers, paying.customers) == (90, own.contacted)
    assert tenth.more.low > 0  # values differ a lot here
    assert tenth.by_gain.value > tenth.by_risk.value
    assert f"the best {own.contacted} by expected gain" in own.sentence
    assert "never seen" in own.notes[0]
    assert "Its total was right." in own.notes[0]
    # what one value for all says stays beside it, to the last bit
    flat = with_own("no signal", offer=10, contact=1)
    assert made.table().select(flat.table().column_names) == flat.table()
    assert made.as_dict() | {"own": None} == flat.as_dict() | {"own": None}


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (with_own("no signal"), "not shown to know more than a simple rule"),
        (with_own(worth=None), "not known"),
        (with_own(clv=200), "[churn.costs] clv"),
    ],
)
def test_else_all_count_the_same_and_a_sentence_says_why(made: Earned, why: str):
    assert isinstance(made.own, str)
    assert why in made.own
    assert made.as_dict()["own"] == {"reason": made.own}


def test_who_has_no_value_counts_at_the_average_and_is_counted():
    holes = np.where(np.arange(900) < 30, np.nan, WORTH)
    own = with_own(worth=holes, offer=10, contact=1).own
    assert isinstance(own, OwnProfit)
    assert any("30 of them have no value" in note for note in own.notes)


def test_where_no_contact_pays_or_every_one_does_the_sentence_says_so():
    nobody = with_own(offer=10, contact=1e6).own
    everybody = with_own(offer=0, contact=0).own
    assert isinstance(nobody, OwnProfit)
    assert isinstance(everybody, OwnProfit)
    assert nobody.sentence == "With these costs no customer's own value is worth a contact."
    assert everybody.sentence.endswith("everybody is worth a contact.")
    assert [one.customers for one in everybody.spoken_of] == [90]


def test_the_own_values_come_back_as_they_were_stored(tmp_path: Path):
    made = with_own(offer=10, contact=1)
    again = stored_profit(published(tmp_path, made), actor=OWNER)
    assert again is not None
    assert isinstance(again.own, OwnProfit)
    assert isinstance(made.own, OwnProfit)
    assert again.own.budgets == made.own.budgets
    assert again.own.sentence == made.own.sentence
    assert np.array_equal(again.own.more.low, made.own.more.low)


def test_a_run_published_before_there_were_own_values_opens(tmp_path: Path):
    made = with_own("no signal")
    figures = {name: part for name, part in made.as_dict().items() if name != "own"}
    again = stored_profit(published(tmp_path, made, profit=figures), actor=OWNER)
    assert again is not None
    assert again.own is None
    assert (
        what_if(
            again, TestOutcome(past().p_churn, past().churned), Asked(9, 1, 1, 30), actor=OWNER
        ).own
        is None
    )


def test_other_costs_are_counted_with_the_own_values_unless_one_value_is_given_for_all():
    made, rows = with_own(offer=10, contact=1), past(with_baseline=False)
    outcome = TestOutcome(rows.p_churn, rows.churned, WORTH)
    start = asked(made.costs)
    dearer = what_if(made, outcome, replace(start, contact=9.0), actor=OWNER)
    assert isinstance(dearer.own, OwnProfit)
    assert isinstance(made.own, OwnProfit)
    assert dearer.own.contacted < made.own.contacted
    flat = what_if(made, outcome, replace(start, clv=50.0), actor=OWNER)
    assert isinstance(flat.own, str)
    assert "one value for all" in flat.own


def test_where_no_order_is_shown_values_are_not_weighed_with_it():
    known = value([100.0, 700.0], WORTH, "useful")
    made = profit_of(past(), np.array([0.5, 0.1]), known, config(), has_signal=False)
    assert isinstance(made, Earned)
    assert isinstance(made.own, str)
    assert "not shown to know who leaves" in made.own
