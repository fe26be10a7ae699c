"""Short names for segments, made by rule from what sets them apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal

from cip.types import FeatureInfo

Form = Literal["adjective", "people", "with"]
TYPICAL: Final = "Typical customers"
LATELY: Final = 31
"""Days of the longest window of which any activity at all is called recent."""


@dataclass(frozen=True, slots=True)
class Word:
    """What customers who stand out are called: "frequent", "big spenders", "small baskets"."""

    text: str
    form: Form = "adjective"


@dataclass(frozen=True, slots=True)
class _Entry:
    """The words for one fact: above what is typical, and below.

    `fact` is searched for in the feature's fact, `feature` in its name: a trend and a total may
    speak of one fact.
    """

    fact: str
    above: Word
    below: Word
    feature: str = ""


def _people(text: str) -> Word:
    return Word(text, "people")


def _with(text: str) -> Word:
    return Word(text, "with")


_RECENT: Final = Word("recent")
_VIEWERS: Final = _people("heavy viewers")
_MUCH: Final = frozenset(
    (
        "frequent",
        "heavy viewers",
        "big spenders",
        "large quantities",
        "broad taste",
        "several devices",
    )
)
_RECENT_VIEWERS: Final = _people("recent viewers")

_ENTRIES: Final = (
    _Entry(
        r"^sentiment$",
        _with("happier opinions lately"),
        _with("unhappier opinions lately"),
        "change",
    ),
    _Entry("", Word("growing"), Word("slowing"), r"trend"),
    _Entry("devices", _with("one device"), _with("several devices"), r"top_.*share"),
    _Entry("", _with("one favourite"), _with("many favourites"), r"top_.*share"),
    _Entry(
        r"last (purchase|payment)|last activity", Word("overdue"), Word("punctual"), r"over_gap"
    ),
    _Entry(
        r"^last (purchase|payment|activity|session|visit|order|play)$",
        Word("quiet"),
        Word("recent"),
    ),
    _Entry(r"^last rating", _with("no recent ratings"), _with("recent ratings")),
    _Entry(r"^last search", _with("no recent searches"), _with("recent searches")),
    _Entry(r"^last click", _with("no recent clicks"), _with("recent clicks")),
    _Entry(r"^last failed", _with("no recent failed payments"), _with("recent failed payments")),
    _Entry(r"^opinions$", _with("no recent opinions"), _with("recent opinions"), r"^last"),
    _Entry(
        r"^first (purchase|payment|activity|session|visit|order|subscription)|tenure",
        Word("long-standing"),
        Word("new"),
    ),
    _Entry(r"length of the subscription", Word("long-standing"), Word("new")),
    _Entry(r"rhythm", Word("irregular"), Word("regular"), r"_sd"),
    _Entry(r"rhythm", Word("occasional"), Word("frequent")),
    _Entry(r"spend", _with("mostly recent spend"), _with("mostly past spend"), r"share"),
    _Entry(r"value of a payment", _with("uneven payments"), _with("even payments"), r"_sd"),
    _Entry(r"value of a payment", _with("large payments"), _with("small payments")),
    _Entry(r"value of a", _with("uneven baskets"), _with("even baskets"), r"_sd"),
    _Entry(r"value of a", _with("large baskets"), _with("small baskets")),
    _Entry(r"spend", _people("big spenders"), _people("small spenders")),
    _Entry(r"failed payments", _with("many failed payments"), _with("few failed payments")),
    _Entry(r"purchase|^payment days$", Word("frequent"), Word("occasional")),
    _Entry(r"refund", _with("many returns"), _with("few returns")),
    _Entry(r"weekend", _people("weekend customers"), _people("weekday customers")),
    _Entry(r"new items", _with("a taste for the new"), _with("old favourites")),
    _Entry(r"devices", _with("several devices"), _with("one device")),
    _Entry(r"variety|genre", _with("broad taste"), _with("narrow taste")),
    _Entry(r"quantity", _with("large quantities"), _with("small quantities")),
    _Entry(r"length of a play", _with("long sittings"), _with("short sittings")),
    _Entry(
        r"watch|viewing|session|hours|^minutes$|^plays$",
        _VIEWERS,
        _people("light viewers"),
    ),
    _Entry(r"^intensity$", _with("busy days"), _with("calm days")),
    _Entry(r"^ratings$", _with("many ratings"), _with("few ratings")),
    _Entry(r"^stars$", _with("generous ratings"), _with("strict ratings")),
    _Entry(r"^searches$", _with("many searches"), _with("few searches")),
    _Entry(r"what was shown", _with("many clicks"), _with("few clicks"), r"click"),
    _Entry(r"what was shown", _with("many titles shown"), _with("few titles shown")),
    _Entry(r"^opinions$", _with("many opinions"), _with("few opinions")),
    _Entry(r"^sentiment$", _with("unhappy opinions"), _with("happy opinions"), r"negative"),
    _Entry(r"^sentiment$", _with("happy opinions"), _with("unhappy opinions")),
    _Entry(r"^price", _with("a price that rose"), _with("a price that fell"), r"change"),
    _Entry(r"^price", _with("dear plans"), _with("cheap plans"), r"^current"),
    _Entry(r"number of subscriptions", _with("many past subscriptions"), _with("one subscription")),
    _Entry(r"changes of plan", _with("changes of plan"), _with("one plan")),
    _Entry(r"complet|finish", _people("finishers"), _people("samplers")),
    _Entry(r"^activity", _with("mostly recent activity"), _with("mostly past activity"), r"share"),
    _Entry(r"activ", Word("frequent"), Word("occasional")),
    _Entry(r"household", _with("large households"), _with("small households")),
    _Entry(r"^age$", Word("older"), Word("younger")),
)


def word_for(info: FeatureInfo, *, above: bool) -> Word:
    """The word for customers above or below what is typical of the feature.

    A fact without words of its own is named: "high monthly charges".
    """
    for entry in _ENTRIES:
        if re.search(entry.fact, info.fact) and re.search(entry.feature, info.name):
            return entry.above if above else entry.below
    said = re.sub(r"[\W_]+", " ", info.fact).strip()
    return _with(f"{'high' if above else 'low'} {said}")


def words_for(stands_out: Sequence[tuple[FeatureInfo, bool, bool]]) -> list[Word]:
    """The words of a segment's facts; each with whether it is above, and any of it is rare.

    To do at all lately what most did not is not to do it a lot: such facts are all one word.
    """
    words, lately = [], []
    for info, above, is_rare in stands_out:
        said = word_for(info, above=above)
        is_lately = is_rare and said.text in _MUCH and (info.window_days or LATELY + 1) <= LATELY
        lately += [said] if is_lately else []
        words.append(_RECENT if is_lately else said)
    if _VIEWERS not in lately:
        return words
    return [_RECENT_VIEWERS if word == _RECENT else word for word in words]


def label_for(info: FeatureInfo) -> str:
    """What more of the feature is called on an axis: "Quiet", "Big spenders"."""
    return _capital(word_for(info, above=True).text)


def distinct_names(words: Sequence[Sequence[Word]]) -> list[str]:
    """A name for each segment from its words, the most telling first; no two are the same.

    Each takes the first two words that give a name not yet taken, earlier segments first.
    """
    taken: list[str] = []
    for listed in words:
        taken.append(next(name for name in _names(listed) if name not in taken))
    return taken


def _names(words: Sequence[Word]) -> Iterator[str]:
    unique = list(dict.fromkeys(words))
    pairs = sorted(combinations(range(len(unique)), 2), key=lambda pair: (sum(pair), pair))
    yield from (_joined(unique[a], unique[b]) for a, b in pairs)
    yield from (_alone(word) for word in unique)
    first = _joined(*unique[:2]) if len(unique) > 1 else _alone(*unique) if unique else TYPICAL
    yield first
    number = 2
    while True:
        yield f"{first}, group {number}"
        number += 1


def _alone(word: Word) -> str:
    said = {
        "adjective": f"{word.text} customers",
        "people": word.text,
        "with": f"customers with {word.text}",
    }
    return _capital(said[word.form])


def _joined(one: Word, two: Word) -> str:
    """Both words, in the order adjective, people, with."""
    order: list[Form] = ["adjective", "people", "with"]
    one, two = sorted((one, two), key=lambda word: order.index(word.form))
    if two.form == "people":
        return _capital(f"{one.text}{',' if one.form == 'people' else ''} {two.text}")
    joint = "and" if one.form == two.form else "with"
    return f"{_alone(one) if two.form == 'with' else _capital(one.text)} {joint} {two.text}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
