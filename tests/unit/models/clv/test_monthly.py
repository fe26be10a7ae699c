"""A monthly sum over a horizon: a rule with a known answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cip.models.clv.monthly import months_worth, value_if_staying
from cip.models.clv.value import ValueTerms


def test_without_discount_a_year_is_twelve_months_of_margin() -> None:
    assert months_worth(ValueTerms(365, 0.0, 0.5, "EUR")) == pytest.approx(6.0)


def test_a_month_that_is_not_whole_brings_its_share() -> None:
    assert months_worth(ValueTerms(365 / 24, 0.0, 1.0, "EUR")) == pytest.approx(0.5)


def test_a_single_month_is_discounted_from_its_middle() -> None:
    worth = months_worth(ValueTerms(365 / 12, 0.21, 1.0, "EUR"))
    assert worth == pytest.approx(1.21 ** (-1 / 24))


@given(st.floats(30, 3650), st.floats(0, 1))
def test_a_longer_horizon_brings_more_and_a_discount_less(days: float, rate: float) -> None:
    terms = ValueTerms(days, rate, 1.0, "EUR")
    assert months_worth(ValueTerms(days + 1, rate, 1.0, "EUR")) > months_worth(terms)
    assert months_worth(terms) <= days * 12 / 365 + 1e-9
    np.testing.assert_allclose(
        value_if_staying(np.array([0.0, 2.0]), terms), [0.0, 2 * months_worth(terms)]
    )
