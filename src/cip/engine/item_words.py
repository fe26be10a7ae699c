"""The words of interactions where each is an item bought: whoever buys is not said to be active."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from cip.engine.feature import Feature

BOUGHT: Final = frozenset({"purchase"})
"""The kinds of interaction of a store whose interactions are all items bought."""

_SAID: Final = {
    "{v} interactions on an active day": "Took {v} items on a day with an item",
    "{v} interactions": "Took {v} items",
    "no interaction of theirs": "no item of theirs",
    "last active {v}": "last took an item {v}",
    "first active {v}": "first took an item {v}",
    "is active every": "takes an item every",
    "active on {v} days": "took items on {v} days",
    "was not active": "took nothing",
    "active days": "days with an item",
}
_ACTING: Final = re.compile("|".join(map(re.escape, _SAID)), re.IGNORECASE)


def of_items_bought(feature: Feature) -> Feature:
    """The same feature in words that speak of items taken, not of activity."""
    info = feature.info
    said = {name: _ACTING.sub(_taken, getattr(info, name)) for name in ("phrase", "unknown")}
    return replace(feature, info=replace(info, phrase=said["phrase"], unknown=said["unknown"]))


def _taken(found: re.Match[str]) -> str:
    words = _SAID[found[0].lower()]
    return words[:1].upper() + words[1:] if found[0][0].isupper() else words
