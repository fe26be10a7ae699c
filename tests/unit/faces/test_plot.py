import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cip.faces.report.plot import HEIGHT, WIDTH, Plot, padded, ticks

ENDS = st.floats(-1e6, 1e6, allow_nan=False)


@given(ENDS, st.floats(1e-3, 1e6))
def test_ticks_are_few_round_numbers_inside_the_range(low: float, size: float) -> None:
    found = ticks(low, low + size)
    slack = 1e-6 * (abs(low) + size)
    assert 1 <= len(found) <= 7
    assert all(low - slack <= tick <= low + size + slack for tick in found)
    assert found == sorted(found)


def test_ticks_of_a_share() -> None:
    assert ticks(0, 1) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])


def test_a_range_has_air_even_where_all_is_one_number() -> None:
    assert padded(0, 10) == pytest.approx((-0.6, 10.6))
    low, high = padded(3, 3)
    assert low < 3 < high


def test_what_lies_in_the_range_is_drawn_inside_the_picture_and_words_are_escaped() -> None:
    plot = Plot((0, 1), (0, 10), ("x", "y < 1"), str, str)
    drawn = plot.line([(0, 0), (1, 10)]).dot((0.5, 5), 4, 6).text((1, 10), "<b>", anchor="end")
    svg = drawn.svg('a "b"')
    for x, y in re.findall(r"(?:points=\"| )([\d.]+),([\d.]+)", svg):
        assert 0 <= float(x) <= WIDTH
        assert 0 <= float(y) <= HEIGHT
    assert "&lt;b&gt;" in svg
    assert "<b>" not in svg
    assert 'aria-label="a &quot;b&quot;"' in svg
