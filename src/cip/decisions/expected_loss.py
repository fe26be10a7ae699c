"""What a departure would cost, weighed by how likely it is."""

from __future__ import annotations

import numpy as np

from cip.errors import ModelError
from cip.types import FloatArray


def expected_value_loss(p_churn: FloatArray, clv_if_retained: FloatArray) -> FloatArray:
    """(n,): `p_churn * clv_if_retained`, in the currency of the second.

    Never `p_churn * clv`: clv already carries the chance that the customer stays, so churn would
    count twice.  NaN where either is NaN.  Raises ModelError D-101 when a p_churn lies outside
    [0, 1].
    """
    outside = int(((p_churn < 0) | (p_churn > 1)).sum())
    if outside:
        raise ModelError(
            "D-101",
            f"{outside} of {len(p_churn)} values of p_churn lie outside [0, 1] "
            f"({np.nanmin(p_churn):.3g} to {np.nanmax(p_churn):.3g})",
            "pass calibrated probabilities, not scores or percentages",
        )
    return np.asarray(p_churn * clv_if_retained)
