from __future__ import annotations

import numpy as np
import pytest

from cip.decisions.expected_loss import expected_value_loss
from cip.errors import ModelError


def test_the_loss_is_the_chance_to_leave_times_the_value_if_they_stay():
    loss = expected_value_loss(np.array([0.0, 0.5, 1.0]), np.array([80.0, 80.0, 80.0]))
    assert loss.tolist() == [0, 40, 80]


def test_a_missing_chance_or_value_gives_a_missing_loss():
    loss = expected_value_loss(np.array([np.nan, 0.5]), np.array([80.0, np.nan]))
    assert np.isnan(loss).all()


@pytest.mark.parametrize("wrong", [-0.01, 1.01, 40.0])
def test_percentages_and_scores_are_refused(wrong: float):
    with pytest.raises(ModelError, match=r"D-101.*1 of 2 values of p_churn"):
        expected_value_loss(np.array([0.5, wrong]), np.array([80.0, 80.0]))
