"""The list of customers and the shapes of segments: what is drawn can be seen."""

from __future__ import annotations

import pytest

from cip.faces.dashboard.parts import charts
from cip.faces.dashboard.parts.people import bar_end


@pytest.mark.parametrize(
    ("greatest", "end"), [(0.0, 1), (0.8, 1), (4.2, 5), (14.5, 20), (20.0, 20), (62, 80), (99, 100)]
)
def test_bars_of_risk_end_at_the_next_round_number(greatest: float, end: int) -> None:
    assert bar_end(greatest) == end
    assert greatest <= end


def test_a_long_word_beside_the_radar_is_folded_and_none_is_lost() -> None:
    axes = ["Frequent", "High what was shown", "One favourite"]
    segment = {"segment": 0, "name": "All", "profile": [10, 50, 90]}
    (shape,) = charts.radar([segment], axes).data
    assert list(shape.theta) == ["Frequent", "High what was<br>shown", "One favourite", "Frequent"]
