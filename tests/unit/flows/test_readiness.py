"""A verdict is the weakest of its figures, and says what is advised."""

from __future__ import annotations

import pytest

from cip.flows.readiness import BOUNDS, _judged


@pytest.mark.parametrize(
    ("left", "word"), [(0, "no"), (19, "no"), (20, "thin"), (42, "thin"), (100, "yes")]
)
def test_the_number_of_leavers_decides(left: int, word: str) -> None:
    figures = {"leavers": left, "stayers": 5_000, "customers": 5_000 + left}
    verdict = _judged("churn", figures, "at the last cutoff", "Load more.")
    assert verdict.word == word
    assert f"{left:,} leavers" in verdict.sentence
    assert ("at least 100 advised" in verdict.sentence) == (word != "yes")
    assert verdict.what_to_do == ("" if word == "yes" else "Load more.")


def test_every_bound_says_who_advises_it_and_rises() -> None:
    assert all(bound.source and 0 < bound.least < bound.advised for bound in BOUNDS.values())
