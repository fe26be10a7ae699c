"""The list of customers and the shapes of segments: what is drawn can be seen."""

from __future__ import annotations

import pytest

from cip.faces.dashboard.parts import charts
from cip.faces.dashboard.parts.people import bar_end, reason_of
from cip.flows.results import Customer


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


@pytest.mark.parametrize(
    ("main_reason", "said"),
    [
        (
            "Too few purchase days for a rhythm yet (typical: varies by 49.7 days)",
            "Too few purchase days for a rhythm yet",
        ),
        (
            "Too few active days for a pause yet (typical 31 days)",
            "Too few active days for a pause yet",
        ),
        ("Bought on 3 days (as is typical)", "Bought on 3 days"),
        ("Last bought 90 days ago (typical 31)", "Last bought 90 days ago (typical 31)"),
    ],
)
def test_a_row_spends_no_room_on_what_is_typical_of_nothing(main_reason: str, said: str) -> None:
    shown = Customer(
        rank=1, customer_id="7", name=None, p_churn=0.3, churn_band="Low", clv=None,
        clv_if_retained=None, expected_value_loss=None, clv_band=None, priority_segment="",
        p_alive=None, last_purchase_days=None, purchase_days=None, main_reason=main_reason,
    )  # fmt: skip
    assert reason_of(shown) == said
