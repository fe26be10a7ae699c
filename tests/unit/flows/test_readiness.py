"""A verdict is the weakest of its figures, and says what is advised."""

from __future__ import annotations

import pytest

from cip.flows.readiness import BOUNDS, _judged, _value_by_spells


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


@pytest.mark.parametrize(
    ("ended", "spells", "word"),
    [(0, 500, "thin"), (0, 29, "no"), (9, 500, "no"), (100, 500, "yes")],
)
def test_value_goes_by_price_alone_where_no_subscription_ended(
    ended: int, spells: int, word: str
) -> None:
    verdict = _value_by_spells(ended, spells)
    assert verdict.word == word
    assert ("by price and the churn rate only" in verdict.sentence) == (word == "thin")
