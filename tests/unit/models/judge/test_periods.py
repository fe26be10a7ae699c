import numpy as np
import pytest
from scipy.special import expit

from cip.models.judge.periods import Trend, trend_of
from cip.models.judge.score import direction_of, score_of
from cip.types import BoolArray, FloatArray, IntArray

NAMES = ("2025-01", "2025-02", "2025-03", "2025-04")


def trend(p: FloatArray, churned: BoolArray, period: IntArray) -> Trend:
    who = np.arange(len(p))
    direction = direction_of(p, churned, who, said="riskier", hinted=None, seed=1, draws=20)
    score = score_of(p, "probability", direction)
    return trend_of(score, churned, who, period, NAMES[: period.max() + 1], seed=1, draws=100)


def drawn(rows: int = 4000, seed: int = 1) -> tuple[FloatArray, BoolArray, IntArray]:
    rng = np.random.default_rng(seed)
    p = expit(1.4 * rng.normal(size=rows) - 1)
    return p, rng.random(rows) < p, np.arange(rows) % 4


def test_an_honest_score_is_the_same_in_every_period() -> None:
    seen = trend(*drawn())
    assert [period.differs for period in seen.periods] == ["", "", "", ""]
    assert seen.change.low < 0 < seen.change.high
    assert "not shown" in seen.sentence


def test_periods_are_wrongly_called_different_in_few_of_many_files() -> None:
    odd = [any(p.differs for p in trend(*drawn(1200, seed)).periods) for seed in range(30)]
    assert sum(odd) <= 4


def test_a_period_in_which_it_fails_is_named_and_the_trend_falls() -> None:
    p, churned, period = drawn()
    shuffled = np.where(period == 3, np.random.default_rng(2).permutation(p), p)
    seen = trend(shuffled, churned, period)
    assert [bool(each.differs) for each in seen.periods] == [False, False, False, True]
    assert "ranks worse" in seen.periods[3].differs
    assert seen.change.high < 0
    assert "worse over time" in seen.sentence


def test_a_period_with_other_customers_is_named() -> None:
    p, churned, period = drawn()
    more = churned | ((period == 2) & (np.random.default_rng(3).random(len(p)) < 0.3))
    seen = trend(p, more, period)
    assert "unlike the other periods" in seen.periods[2].differs


def test_a_period_with_few_leavers_has_no_figure_but_a_reason() -> None:
    p, churned, period = drawn()
    few = churned & ((period != 0) | (np.arange(len(p)) < 40))
    seen = trend(p, few, period)
    assert np.isnan(seen.periods[0].auc.value)
    assert "fewer than 20" in seen.periods[0].auc.reason
    assert seen.periods[0].left.value == pytest.approx(few[period == 0].mean())


def test_one_period_has_no_trend() -> None:
    p, churned, period = drawn()
    seen = trend(p, churned, np.zeros_like(period))
    assert seen.change.reason
    assert "No trend can be told" in seen.sentence
