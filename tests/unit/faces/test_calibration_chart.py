"""The axes of the calibration chart show the part of the scale where its points lie."""

from __future__ import annotations

import numpy as np
import pytest

from cip.faces.dashboard.parts import charts
from cip.flows.operating_point import Curves


@pytest.mark.parametrize(
    ("predicted", "low", "high", "ticks"),
    [
        ([0.01, 0.12], [0.005, 0.1], [0.02, 0.15], [0.0, 0.05, 0.1, 0.15]),
        ([0.26, 0.33], [0.25, 0.3], [0.28, 0.36], [0.25, 0.3, 0.35, 0.4]),
        ([0.1, 0.9], [0.05, 0.8], [0.2, 0.95], [0.0, 0.25, 0.5, 0.75, 1.0]),
        ([1.0], [1.0], [1.0], [0.99, 1.0]),
    ],
)
def test_both_axes_span_the_points_and_their_whiskers(predicted, low, high, ticks) -> None:
    bins = {
        "predicted": np.array(predicted), "realised": np.array(predicted), "low": np.array(low),
        "high": np.array(high), "count": np.ones(len(predicted)),
    }  # fmt: skip
    figure = charts.calibration(Curves({}, {}, bins))
    assert list(figure.layout.xaxis.tickvals) == ticks
    assert figure.layout.xaxis.range == figure.layout.yaxis.range
    start, end = figure.layout.xaxis.range
    assert start <= min(low)
    assert end >= max(high)
