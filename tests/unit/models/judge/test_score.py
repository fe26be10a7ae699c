import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from cip.models.judge.score import direction_of, kind_of, ranks_of, score_of
from cip.types import BoolArray, FloatArray


def drawn(seed: int, rows: int = 600, strength: float = 1.5) -> tuple[FloatArray, BoolArray]:
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=rows)
    return risk, rng.random(rows) < expit(strength * risk - 1)


def pointed(value: FloatArray, churned: BoolArray, said: str | None = None, hinted=None):
    who = np.arange(len(value))
    return direction_of(value, churned, who, said=said, hinted=hinted, seed=1, draws=100)


def test_the_data_say_which_end_is_dangerous() -> None:
    risk, churned = drawn(1)
    up, down = pointed(risk, churned), pointed(100 - risk, churned)
    assert (up.side, up.by, up.is_sure) == ("riskier", "data", True)
    assert (down.side, down.by, down.is_sure) == ("safer", "data", True)


def test_a_person_outweighs_the_data_and_is_told_that_they_disagree() -> None:
    risk, churned = drawn(1)
    direction = pointed(risk, churned, said="safer", hinted="riskier")
    assert (direction.side, direction.by, direction.is_odd) == ("safer", "person", True)
    assert not direction.has_signal
    assert "surely say the opposite" in direction.sentence


def test_a_name_that_the_data_contradict_is_said_to_be_odd() -> None:
    risk, churned = drawn(1)
    direction = pointed(-risk, churned, hinted="riskier")
    assert (direction.side, direction.is_odd) == ("safer", True)
    assert "Its name says the opposite" in direction.sentence


@pytest.mark.parametrize(("hinted", "by"), [("safer", "name"), (None, "nobody")])
def test_where_the_data_are_not_sure_the_name_is_believed(hinted, by) -> None:
    noise = np.random.default_rng(2).normal(size=600)
    direction = pointed(noise, drawn(1)[1], hinted=hinted)
    assert (direction.by, direction.is_sure, direction.has_signal) == (by, False, False)
    assert direction.side == (hinted or "riskier")


def test_a_permuted_outcome_shows_a_signal_in_at_most_two_of_a_hundred_runs() -> None:
    risk, churned = drawn(3, rows=300)
    rng = np.random.default_rng(4)
    found = sum(pointed(risk, rng.permutation(churned)).has_signal for _ in range(100))
    assert found <= 2
    assert pointed(risk, churned).has_signal


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=60), st.booleans())
@settings(deadline=None)
def test_a_monotone_map_moves_no_rank(values: list[int], falls: bool) -> None:
    value = np.array(values, dtype=np.float64)
    mapped = np.arctan(value / 7) * 3 + 2
    churned = np.arange(len(value)) % 2 == 0
    side = "safer" if falls else "riskier"
    one, two = (score_of(v, "points", pointed(v, churned, said=side)).risk for v in (value, mapped))
    assert np.array_equal(one, two)
    assert np.all((one > 0) & (one < 1))


def test_ranks_are_the_mean_rank_of_equal_values() -> None:
    assert ranks_of(np.array([5.0, 1.0, 5.0, 9.0])).tolist() == [0.5, 0.125, 0.5, 0.875]


@pytest.mark.parametrize(
    ("values", "in_percent", "kind"),
    [
        ([0.1, 0.5, 0.9], False, "probability"),
        ([1.0, 50.0, 99.0], True, "percent"),
        ([1.0, 50.0, 99.0], False, "points"),
        ([0.0, 1.0, 1.0], False, "points"),
        ([0.1, 0.9], True, "probability"),
        ([-3.0, 2.0], True, "points"),
    ],
)
def test_what_numbers_are_is_seen(values: list[float], in_percent: bool, kind: str) -> None:
    assert kind_of(np.array(values), in_percent=in_percent) == kind


def test_a_probability_of_staying_is_turned_into_one_of_leaving() -> None:
    risk, churned = drawn(1)
    stays = 100 * expit(1 - 1.5 * risk)
    score = score_of(stays, "percent", pointed(stays, churned))
    assert score.p == pytest.approx(1 - stays / 100)
    assert np.array_equal(np.argsort(score.risk), np.argsort(score.p))
