import numpy as np
import pytest
from scipy.special import expit

from cip.models.draws import Draws, Scored
from cip.models.judge.curves import SHARE, earned, gains_of, profit_of
from cip.models.metrics import METRIC
from cip.models.profit import Costs, profit_curve
from cip.types import BoolArray, FloatArray

COSTS = Costs(clv=200.0, offer=10.0, contact=1.0)
TIGHT = Costs(clv=60.0, offer=10.0, contact=2.0)


def drawn(seed: int = 1, rows: int = 800) -> tuple[FloatArray, BoolArray]:
    rng = np.random.default_rng(seed)
    p = expit(1.4 * rng.normal(size=rows) - 1.2)
    return p, rng.random(rows) < p


def test_the_profit_of_every_share_is_that_of_the_profit_curve() -> None:
    p, churned = drawn()
    profit = profit_of(p, earned(churned, COSTS), np.arange(len(p)), seed=1, draws=50)
    curve = profit_curve(churned, p, COSTS)
    assert profit.band.value == pytest.approx(np.interp(SHARE, curve.share, curve.profit))


def test_the_gains_of_a_tenth_are_a_tenth_of_the_lift() -> None:
    p, churned = drawn()
    gains = gains_of(p, churned, np.arange(len(p)), seed=1, draws=50)
    lift = METRIC["top_decile_lift"].compute(Draws(Scored(churned, p), np.ones((1, len(p)))))
    assert gains.top[0.1].value == pytest.approx(float(lift[0]) / 10)
    assert gains.band.value[[0, -1]] == pytest.approx([0, 1])


def test_equal_scores_are_contacted_together() -> None:
    churned = np.arange(100) % 4 == 0
    gains = gains_of(np.zeros(100), churned, np.arange(100), seed=1, draws=20)
    assert gains.band.value == pytest.approx(SHARE)


def test_a_good_score_earns_more_than_everybody_and_more_than_a_list_by_lot() -> None:
    p, churned = drawn(rows=3000)
    profit = profit_of(p, earned(churned, TIGHT), np.arange(len(p)), seed=1, draws=100)
    assert profit.kept.low > 0
    assert profit.over_all.low > 0
    assert profit.over_random.low > 0
    assert 0 < profit.best.low <= profit.best.value <= profit.best.high < 1


def test_noise_is_not_shown_to_choose_better_than_by_lot() -> None:
    _, churned = drawn()
    shown = 0
    for seed in range(20):
        noise = np.random.default_rng(100 + seed).random(len(churned))
        gain = earned(churned, TIGHT)
        shown += profit_of(noise, gain, np.arange(len(churned)), seed=seed, draws=50).kept.low > 0
    assert shown <= 1


def test_money_of_each_customer_takes_the_place_of_one_value_for_all() -> None:
    _, churned = drawn()
    same = earned(churned, COSTS, np.full(len(churned), COSTS.clv))
    assert np.array_equal(same, earned(churned, COSTS))
    rich = earned(churned, COSTS, np.full(len(churned), 2 * COSTS.clv))
    assert rich[churned] - same[churned] == pytest.approx(COSTS.accept * COSTS.clv)
    assert np.array_equal(rich[~churned], same[~churned])
