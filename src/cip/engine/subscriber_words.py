"""The words of payments where customers pay for a subscription: they bought nothing, they paid."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from cip.engine.feature import Feature

_WORDS: Final = ("unit", "description", "phrase", "fact", "unknown", "early")
_PAID: Final = {
    "bought anything": "paid",
    "bought": "paid",
    "buys": "pays",
    "purchases": "payments",
    "purchase": "payment",
}
_PAYING: Final = re.compile(rf"\b({'|'.join(_PAID)})\b", re.IGNORECASE)


def of_a_subscriber(feature: Feature) -> Feature:
    """The same feature in words that speak of paying, not of buying."""
    if feature.stage not in ("payments", "ratios"):
        return feature
    said: dict[str, Any] = {
        name: _PAYING.sub(_paid, getattr(feature.info, name)) for name in _WORDS
    }
    return replace(feature, info=replace(feature.info, **said))


def _paid(found: re.Match[str]) -> str:
    word = _PAID[found[0].lower()]
    return word.capitalize() if found[0][0].isupper() else word
