"""Which segment the page of drivers begins with."""

from __future__ import annotations

import pytest

from cip.faces.dashboard.parts.drivers import _costliest


@pytest.mark.parametrize(
    ("stakes", "first"), [((10.0, 90.0, 50.0), 2), ((None, 90.0, 95.0), 3), ((None,) * 3, 1)]
)
def test_it_is_the_one_with_most_at_stake_else_the_one_furthest_apart(
    stakes: tuple[float | None, ...], first: int
) -> None:
    items = [{"segment": n, "expected_value_loss": loss} for n, loss in enumerate(stakes, start=1)]
    risks = {1: 0.9, 2: 0.3, 3: 0.2}
    theirs = {n: {"segment": n, "p_churn": p, "p_rest": 0.25} for n, p in risks.items()}
    assert _costliest({"items": items}, theirs) == first
