"""What customers did: the kind of an interaction, from a column or from names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cip.contract.guess import names as n
from cip.contract.guess.choose import Chooser
from cip.contract.guess.names import says
from cip.contract.guess.policies import columns_in
from cip.contract.guess.shapes import ColumnGuess, Guess, TableProfile


def kind_is(chooser: Chooser, kind: str) -> ColumnGuess:
    """One kind for the whole source."""
    guess = Guess(chooser.place("kind"), kind, 0.9)
    return ColumnGuess("kind", {"constant": kind}, guess)


_VERBS: Final[Mapping[str, frozenset[str]]] = {
    "rate": n.bag("rating ratings rate review reviews stars bewertung"),
    "search": n.bag("search searches suche query queries"),
    "play": n.bag("watch watched play plays stream streams listen listening listened viewing song"),
    "impression": n.bag("recommendation recommendations impression impressions shown"),
    "click": n.bag("click clicks clickstream"),
    "visit": n.bag("visit visits session sessions login logins page pageview pages web checkin"),
    "contact": n.bag("ticket tickets support complaint complaints call calls chat contact"),
    "purchase": n.bag("purchase purchases order orders sale sales kauf"),
}


def kind_of(chooser: Chooser) -> ColumnGuess:
    """The kind: a column of few values, else one word for the whole source."""
    table = chooser.slots.table
    found = chooser.column("kind")
    verb, sure = _verb(table)
    if found is not None and not (_is_state(found) and sure >= 0.9):
        name = columns_in(found.origin)[0]
        if table.column(name).looks == "boolean":
            words = {"true": "click", "1": "click", "yes": "click"}
            said = {v: words.get(v.lower(), "impression") for v in table.column(name).examples}
            return ColumnGuess("kind", {"column": name, "values": said}, found.guess)
        return found
    place = chooser.place("kind")
    choices = (*_VERBS, "use")
    answer = chooser.answers.get(place)
    if answer is not None and answer in choices:
        return ColumnGuess("kind", {"constant": answer}, Guess(place, answer, 1.0, "", choices))
    doubt = "" if sure >= 0.7 else "no column and no name says what customers did"
    return ColumnGuess("kind", {"constant": verb}, Guess(place, verb, sure, doubt, choices))


def _is_state(kind: ColumnGuess) -> bool:
    """Whether the column may say how one kind of act went on: `action` of a list of plays."""
    return kind.guess.confidence < 1.0 and not says(
        columns_in(kind.origin)[0], n.bag("event kind interaction verb clicked")
    )


def _verb(table: TableProfile) -> tuple[str, float]:
    for verb, words in _VERBS.items():
        if says(table.name, words):
            return verb, 0.9
    columns = " ".join(column.name for column in table.columns)
    for verb, words in _VERBS.items():
        if says(columns, words):
            return verb, 0.75
    return "use", 0.5
