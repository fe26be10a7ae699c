"""Groups are described with their intervals, small ones with a warning, nobody is judged."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from cip.models.draws import Draws, Scored
from cip.models.fairness import UNKNOWN, fairness_of, grouped, in_words
from cip.models.metrics import METRIC

RNG = np.random.default_rng(4)
N = 3000
SEX = np.where(RNG.random(N) < 0.4, "f", "m").astype(object)
P = RNG.beta(2, 3, N)
LEFT = RNG.random(N) < P
WHO = np.array([f"k{i}" for i in range(N)], dtype=object)


def measured(groups=SEX, left=LEFT, p=P):
    names = [name for name, _ in Counter(groups.tolist()).most_common()]
    return fairness_of(names, groups, left, p, WHO, threshold=0.5, seed=1, draws=200)


def test_every_figure_is_that_of_the_group_alone() -> None:
    first = measured()[0]
    rows = first.name == SEX
    assert (first.name, first.customers) == ("m", int(rows.sum()))
    assert first.base_rate.value == pytest.approx(LEFT[rows].mean())
    assert first.mean_p == pytest.approx(P[rows].mean())
    flagged = P >= 0.5
    assert first.recall.value == pytest.approx((flagged & LEFT & rows).sum() / (LEFT & rows).sum())
    stayers = ~LEFT & rows
    assert first.false_alarms.value == pytest.approx((flagged & stayers).sum() / stayers.sum())
    whole = Draws(Scored(LEFT[rows], P[rows]), np.ones((1, first.customers)))
    assert first.roc_auc.value == pytest.approx(METRIC["roc_auc"].compute(whole)[0])


def test_honest_probabilities_are_not_called_wrong() -> None:
    assert "In none of the groups" in in_words("sex", measured())[0]


def test_a_group_that_is_said_too_much_is_named() -> None:
    tilted = np.where(SEX == "f", np.minimum(P * 1.5, 0.99), P)
    said = in_words("sex", measured(p=tilted))[0]
    assert "differ for f (1." in said
    assert not any(word in said.lower() for word in ("fair", "discriminat", "bias", "legal"))


def test_false_alarms_that_differ_are_said_with_the_rates_at_which_groups_leave() -> None:
    tilted = np.where(SEX == "f", np.minimum(P * 1.5, 0.99), P)
    said = in_words("sex", measured(p=tilted))[2]
    assert re.fullmatch(r"Of those who stayed, .+ among f and .+ among m; .+ of them left\.", said)


def test_a_small_group_is_shown_with_a_warning_and_not_compared() -> None:
    groups = SEX.copy()
    groups[:20] = "rare"
    found = {group.name: group for group in measured(groups)}
    assert found["rare"].is_small
    said = in_words("sex", tuple(found.values()))
    assert "rare has fewer than 50 leavers or stayers" in said[-1]
    assert "rare" not in "".join(said[:-1])


def test_one_large_group_is_too_few_to_compare() -> None:
    groups = np.full(N, "m", dtype=object)
    (said,) = in_words("sex", measured(groups))
    assert said.startswith("Only one group has 50 leavers and 50 stayers or more: too few")


def test_no_large_group_at_all_is_said_so() -> None:
    groups = np.array([f"group {i // 40}" for i in range(N)], dtype=object)
    (said,) = in_words("sex", measured(groups))
    assert said.startswith("No group has 50 leavers")


def test_a_group_in_which_nobody_left_has_a_reason_for_what_it_lacks() -> None:
    left = LEFT & (SEX == "m")
    group = next(g for g in measured(left=left) if g.name == "f")
    assert group.recall.reason == "nobody left"
    assert group.roc_auc.reason
    assert group.predicted_over_realised.reason
    assert group.as_dict()["roc_auc"]["value"] is None


def test_a_number_is_cut_at_its_quartiles_and_few_values_stay_as_they_are() -> None:
    names, groups = grouped(np.append(np.arange(20.0, 80.0), np.nan))
    assert names == (
        "20 to under 35",
        "35 to under 50",
        "50 to under 65",
        "65 to 79",
        UNKNOWN,
    )
    assert set(groups) == set(names)
    assert grouped(np.array([1.0, 0.0, 1.0]))[0] == ("0", "1")


def test_beyond_the_largest_groups_the_rest_is_one() -> None:
    many = np.array([f"c{i}" for i in range(12) for _ in range(12 - i)] + [None], dtype=object)
    names, groups = grouped(many)
    assert names == (*[f"c{i}" for i in range(8)], "5 smaller groups")
    assert set(groups) == set(names)
