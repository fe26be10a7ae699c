import numpy as np
import pytest
from scipy.special import expit

from cip.models.evaluate import evaluate
from cip.models.judge.score import Score, direction_of, score_of
from cip.models.judge.steps import learnt_probability, steps_of
from cip.types import BoolArray, FloatArray


def scored(value: FloatArray, churned: BoolArray, kind: str = "points") -> Score:
    direction = direction_of(
        value, churned, np.arange(len(value)), said="riskier", hinted=None, seed=1, draws=20
    )
    return score_of(value, kind, direction)


def drawn(rows: int = 2000) -> tuple[FloatArray, BoolArray]:
    rng = np.random.default_rng(1)
    p = expit(1.2 * rng.normal(size=rows) - 1)
    return p, rng.random(rows) < p


def test_steps_are_equally_large_and_hold_everybody_once() -> None:
    p, churned = drawn()
    steps = steps_of(scored(p, churned, "probability"), churned)
    assert len(steps) == 10
    assert sum(step.rows for step in steps) == len(p)
    assert all(abs(step.rows - 200) <= 1 for step in steps)
    assert [step.high for step in steps[:-1]] < [step.low for step in steps[1:]]
    assert sum(step.left.value * step.rows for step in steps) == pytest.approx(churned.sum())


def test_few_values_are_a_step_each() -> None:
    churned = np.arange(90) % 3 == 0
    steps = steps_of(scored(np.arange(90) % 3.0, churned), churned)
    assert [(step.low, step.high, step.rows) for step in steps] == [
        (0, 0, 30),
        (1, 1, 30),
        (2, 2, 30),
    ]
    assert [step.left.value for step in steps] == [1, 0, 0]
    assert steps[0].said is None


def test_what_the_values_have_meant_is_a_calibrated_probability() -> None:
    p, churned = drawn(4000)
    wrong = scored(expit(3 * p), churned)  # points on another scale
    learnt = learnt_probability(wrong, churned, np.arange(len(p)), seed=1)
    found = evaluate(churned, learnt, np.arange(len(p)), threshold=0.5, seed=1, draws=50)
    assert found["ece"].value < 0.03
    assert abs(found["predicted_over_realised"].value - 1) < 0.05


def test_the_map_of_noise_is_no_better_than_the_base_rate() -> None:
    _, churned = drawn()
    noise = scored(np.random.default_rng(5).random(len(churned)), churned)
    learnt = learnt_probability(noise, churned, np.arange(len(churned)), seed=1)
    rate = churned.mean()
    base = -np.mean(np.where(churned, np.log(rate), np.log(1 - rate)))
    loss = -np.mean(np.where(churned, np.log(learnt), np.log(1 - learnt)))
    assert loss > base - 0.002


def test_the_map_never_says_surely() -> None:
    churned = np.arange(200) >= 100
    learnt = learnt_probability(
        scored(churned.astype(np.float64), churned), churned, np.arange(200), seed=1
    )
    assert 0 < learnt.min() < learnt.max() < 1
