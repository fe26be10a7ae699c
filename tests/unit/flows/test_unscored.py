"""Somebody who was not scored: when they will be, and what can be offered until then."""

from __future__ import annotations

from typing import Any

import pytest

from cip.flows.unscored import _in_words, what_then


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ({"kind": "cancellation"}, "once they have a running subscription; to win them back, name"),
        ({"kind": "purchase"}, "once they buy again; until then they can be offered"),
        ({"kind": "inactivity", "active_kinds": ["play", "rate"]}, "after their next play or rat"),
        ({"kind": "given", "active_kinds": []}, "once they are among those; until then"),
    ],
)
def test_when_they_are_scored_again_comes_before_what_to_offer(
    label: dict[str, Any], said: str
) -> None:
    summary = {"config": {"churn": {"label": label}}}
    whole = what_then(summary, ["A film"])
    assert whole.startswith(f"they are scored again {said}")
    assert whole.endswith("what is popular now: A film")
    assert "popular" not in what_then(summary, [])


def test_a_kind_is_said_in_words() -> None:
    assert _in_words("payment_failed") == "failed payment"
    assert _in_words("gift_card") == "gift card"
