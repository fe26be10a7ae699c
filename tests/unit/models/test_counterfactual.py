"""The change found is valid, inside the bounds, and the nearest of all that were tried."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cip.models.counterfactual import (
    Bounds,
    Choices,
    Nearest,
    choices,
    each_alone,
    lowest,
    nearest,
)

SEEN = np.array([0, 0, 0, 1, 2, 2, 3, 5, 8, 13], dtype=np.float64)


def test_only_values_inside_the_bounds_and_on_the_allowed_side_are_tried() -> None:
    up = choices(SEEN, 2.0, Bounds(high=9, direction="up"))
    assert up.values.tolist() == [3.0, 5.0, 8.0, 9.0]
    down = choices(SEEN, 2.0, Bounds(low=1, direction="down"))
    assert down.values.tolist() == [1.0]
    assert choices(SEEN, 2.0, Bounds(low=2, high=2)).values.tolist() == []


def test_a_distance_is_the_share_of_the_customers_on_the_way() -> None:
    found = choices(SEEN, 2.0, Bounds())
    far = dict(zip(found.values.tolist(), found.distance.tolist(), strict=True))
    assert far[13.0] == pytest.approx(0.95 - 0.5)
    assert far[0.0] == pytest.approx(0.5 - 0.15)
    assert found.distance.tolist() == sorted(found.distance)


def test_a_number_that_nobody_bounds_goes_as_far_as_the_usual_customers() -> None:
    seen = np.arange(101.0)
    assert [f(choices(seen, 50.0, Bounds()).values) for f in (min, max)] == [5.0, 95.0]
    assert [f(choices(seen, 50.0, Bounds(low=0)).values) for f in (min, max)] == [0.0, 95.0]


def test_a_share_of_what_it_is_now_bounds_both_sides_and_its_end_is_tried() -> None:
    seen = np.linspace(20, 120, 11)
    down = choices(seen, 111.0, Bounds(within=0.2, direction="down"))
    assert down.values.tolist() == [110.0, 100.0, 90.0, pytest.approx(88.8)]
    assert choices(seen, 111.0, Bounds(low=95.0, within=0.2, direction="down")).values.min() == 95.0


def test_another_category_is_nearer_than_a_number_moved_past_half_of_the_customers() -> None:
    """Contract against half the price: each brings the risk under the line."""
    tried = {
        "price": choices(np.arange(100.0), 90.0, Bounds(low=0, direction="down")),
        "contract": choices(np.array(["Month", "Year"], dtype=object), "Month", Bounds()),
    }

    def judge(columns: Any) -> Any:
        if "contract" in columns:
            risk = np.full(len(columns["contract"]), 0.45)
        else:
            risk = 0.3 + 0.5 * columns["price"] / 90
        return risk, np.ones(len(risk), dtype=bool)

    found = nearest(judge, tried, tried, below=0.652)
    assert found is not None
    assert found.changes == {"price": 63.0}
    found = nearest(judge, tried, tried, below=0.5)
    assert found is not None
    assert found.changes == {"contract": "Year"}
    alone = each_alone(judge, tried, below=0.5, now=0.8)
    assert [(one.changes, one.p_after < 0.5) for one in alone] == [
        ({"contract": "Year"}, True),
        ({"price": 35.0}, True),
    ]


def test_a_single_fact_that_does_not_reach_the_line_says_how_far_it_gets() -> None:
    tried = {
        "helps": Choices(np.array([1.0, 2.0]), np.array([0.1, 0.2])),
        "harms": Choices(np.array([1.0]), np.array([0.1])),
    }

    def judge(columns: Any) -> Any:
        ((name, values),) = columns.items()
        risk = 0.8 - 0.1 * values if name == "helps" else 0.8 + 0.1 * values
        return risk, np.ones(len(values), dtype=bool)

    (one,) = each_alone(judge, tried, below=0.3, now=0.8)
    assert one.changes == {"helps": 2.0}


def test_a_category_has_its_named_values_or_all_that_anybody_has() -> None:
    seen = np.array(["A", "B", None, "C"], dtype=object)
    assert choices(seen, "A", Bounds()).values.tolist() == ["B", "C"]
    assert choices(seen, "A", Bounds(values=("C", "A"))).values.tolist() == ["C"]


@pytest.mark.parametrize("now", [None, float("nan")])
def test_from_what_is_not_known_nothing_is_tried(now: float | None) -> None:
    assert len(choices(SEEN, now, Bounds()).values) == 0


def test_of_many_values_the_ends_are_tried_too() -> None:
    found = choices(np.arange(5000.0), 0.0, Bounds(high=4999.0), most=40)
    assert len(found.values) == 40
    assert found.values.max() == 4999.0


def _world(draws: Any) -> tuple[dict[str, Choices], Any, float]:
    """A few features with their choices, and a risk that jumps as a tree's does."""
    rng = np.random.default_rng(draws)
    tried = {}
    for name in ("a", "b", "c")[: rng.integers(1, 4)]:
        values = np.unique(rng.integers(0, 12, rng.integers(1, 7))).astype(np.float64)
        tried[name] = Choices(values, np.sort(rng.integers(1, 6, len(values)) / 5))
    table = rng.random((3, 13)) * 0.45
    bonus = rng.random((13, 13)) * 0.4

    def judge(columns: dict[str, NDArray[Any]]) -> tuple[Any, Any]:
        n = len(next(iter(columns.values())))
        p = np.full(n, 0.95)
        for at, name in enumerate(("a", "b", "c")):
            if name in columns:
                p -= table[at, columns[name].astype(int)]
        if "a" in columns and "b" in columns:
            p -= bonus[columns["a"].astype(int), columns["b"].astype(int)]
        first = next(iter(columns.values()))
        return p, first.astype(int) % 5 != 4

    return tried, judge, float(rng.uniform(0.1, 0.95))


def _by_brute_force(tried: dict[str, Choices], judge: Any, below: float) -> Nearest | None:
    for number in (1, 2):
        found = []
        for names in combinations(tried, number):
            each = [list(zip(*vars_of(tried[name]), strict=True)) for name in names]
            for way in product(*each):
                columns = {n: np.array([v]) for n, (v, _) in zip(names, way, strict=True)}
                p, ok = judge(columns)
                if ok[0] and p[0] < below:
                    changes = {n: v for n, (v, _) in zip(names, way, strict=True)}
                    found.append(Nearest(changes, float(p[0]), float(sum(d for _, d in way))))
        if found:
            return min(found, key=lambda one: (one.distance, one.p_after))
    return None


def vars_of(choice: Choices) -> tuple[list[Any], list[float]]:
    return choice.values.tolist(), choice.distance.tolist()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_the_nearest_change_is_the_one_that_brute_force_finds(draws: int) -> None:
    tried, judge, below = _world(draws)
    found, wanted = nearest(judge, tried, tried, below=below), _by_brute_force(tried, judge, below)
    if wanted is None:
        assert found is None
        return
    assert found is not None
    assert len(found.changes) == len(wanted.changes)
    assert found.distance == pytest.approx(wanted.distance)
    assert found.p_after == pytest.approx(wanted.p_after)
    assert found.p_after < below
    assert all(value in tried[name].values for name, value in found.changes.items())


@pytest.mark.parametrize(("p", "is_possible"), [(0.9, True), (0.1, False)])
def test_none_within_the_bounds_is_said_honestly(p: float, is_possible: bool) -> None:
    tried = {"a": Choices(np.array([1.0]), np.array([0.1]))}
    said = (np.array([p]), np.array([is_possible]))
    assert nearest(lambda _: said, tried, tried, below=0.5) is None


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_where_nothing_reaches_the_line_the_lowest_is_found(draws: int) -> None:
    tried, judge, _ = _world(draws)
    found = lowest(judge, tried, below=0.95)
    if found is None:
        assert _by_brute_force(tried, judge, 0.95) is None
        return
    assert _by_brute_force(tried, judge, found.p_after) is None
    assert _by_brute_force(tried, judge, found.p_after + 1e-9) is not None
