"""Which column of a table could be what: candidates for every slot, the likeliest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cip.contract.guess import names as n
from cip.contract.guess.names import fit, says, words_of
from cip.contract.guess.shapes import ColumnProfile, TableProfile

_LEAST: Final = 0.2
_FEW: Final = 40
_ROW_NUMBER: Final = n.bag("row rownumber rowid unnamed index line")
_NO_ID: Final = n.bag("method type status channel state source provider")
_UNIQUE: Final = n.bag("unique master main primary account")
_BEST_AMOUNT: Final = n.bag("total amount amt betrag montant importe gesamtbetrag")
_GOOD_AMOUNT: Final = n.bag("revenue sales umsatz paid value turnover spend spent")
_VAGUE: Final = n.bag("type class group section label")
_EXACT: Final = n.bag("category genre genres kategorie categorie categoria department title")

Score = tuple[float, str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A column that could fill a slot, how likely, and what speaks against it."""

    column: str
    confidence: float
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Slots:
    """The candidates of one table, by slot, the likeliest first."""

    table: TableProfile
    by_slot: Mapping[str, tuple[Candidate, ...]]

    def best(self, slot: str) -> Candidate | None:
        """The likeliest column for the slot, or None."""
        return next(iter(self.by_slot.get(slot, ())), None)

    def profile(self, slot: str) -> ColumnProfile | None:
        """The profile of the likeliest column."""
        found = self.best(slot)
        return self.table.column(found.column) if found else None

    def uniqueness(self, slot: str) -> float:
        """Distinct values over rows of the likeliest column; 0 without one."""
        found = self.profile(slot)
        return self.table.uniqueness(found) if found else 0.0


def slots_of(table: TableProfile) -> Slots:
    """All candidates of the table, each slot by itself: a column may stand in several."""
    return Slots(table, {slot: _ranked(table, score) for slot, score in _SCORES.items()})


def is_id(column: ColumnProfile) -> bool:
    """Whether the values could be names of things: words without blanks, or whole numbers."""
    if column.looks in {"empty", "boolean"} or column.negatives:
        return False
    if column.looks == "number":
        return column.is_whole and column.readable
    blank = sum(" " in value for value in column.examples) > len(column.examples) / 2
    is_word = column.looks == "text" and column.mean_length <= (40 if blank else 80)
    return is_word or column.is_whole


def _ranked(
    table: TableProfile, score: Callable[[TableProfile, ColumnProfile], Score]
) -> tuple[Candidate, ...]:
    scored = ((column, *score(table, column)) for column in table.columns)
    found = [Candidate(c.name, round(p, 2), why) for c, p, why in scored if p >= _LEAST]
    filled = {column.name: column.filled for column in table.columns}
    return tuple(sorted(found, key=lambda c: (-c.confidence, -filled[c.column])))


def _customer(table: TableProfile, column: ColumnProfile) -> Score:
    return _key(table, column, n.CUSTOMER)


def _item(table: TableProfile, column: ColumnProfile) -> Score:
    score, doubt = _key(table, column, n.ITEM)
    if says(column.name, n.CUSTOMER):
        return score * 0.3, doubt
    return score, doubt


def _key(table: TableProfile, column: ColumnProfile, concept: frozenset[str]) -> Score:
    words = set(words_of(column.name))
    if not is_id(column) or words & _ROW_NUMBER:
        return 0.0, ""
    if not words & concept:
        bare = words <= n.ID and says(table.name, concept)
        return (0.85, f"{column.name!r} is taken for the id of {table.name}") if bare else (0.0, "")
    score = fit(column.name, concept, n.ID | _UNIQUE)
    if not words & n.ID and not words <= concept:
        score *= 0.3
    if words & (n.PERSONAL | n.NAME | n.TITLE - concept):
        return min(score, 0.45), f"{column.name!r} is no id: two may share it"
    if words & n.QUANTITY - concept - n.ID or words & _NO_ID:
        score *= 0.4
    if column.is_constant:
        return score * 0.3, f"{column.name!r} has one value only"
    return 0.95 * score, ""


def _payment(table: TableProfile, column: ColumnProfile) -> Score:
    words = set(words_of(column.name))
    if not is_id(column) or words & (_NO_ID | n.CUSTOMER | n.AMOUNT - n.PAYMENT) or words <= n.TIME:
        return 0.0, ""
    if column.distinct < max(2, 0.01 * column.filled):
        return 0.0, ""
    if not words & n.PAYMENT:
        unique = table.uniqueness(column) >= 0.99
        return (0.75, "") if unique and words <= n.ID and says(table.name, n.PAYMENT) else (0.0, "")
    if not (words & n.ID or words <= n.PAYMENT):
        return 0.0, ""
    return 0.95 * fit(column.name, n.PAYMENT, n.ID | _UNIQUE), ""


def _time(_: TableProfile, column: ColumnProfile) -> Score:
    if column.looks != "time" or says(column.name, n.SIDE_TIME | n.END):
        return (0.3, column.doubt) if column.looks == "time" else (0.0, "")
    score, doubt = 0.5, f"the name {column.name!r} says no time, its values do"
    if says(column.name, n.TIME | n.START):
        score, doubt = 0.85, ""
        if says(column.name, n.PAYMENT) or fit(column.name, n.TIME) == 1.0:
            score = 0.95
        if says(column.name, n.KNOWN):
            score = 0.4
    elif says(column.name, n.ID | n.CUSTOMER | n.ITEM) or column.time_format.startswith(
        ("epoch", "compact")
    ):
        score = 0.25
    if column.doubt:
        return min(score, 0.6), column.doubt
    return (score * 0.5 if column.is_constant else score), doubt


def _amount(_: TableProfile, column: ColumnProfile) -> Score:
    words = set(words_of(column.name))
    if column.looks != "number" or words & (n.NOT_MONEY | n.ID | n.QUANTITY) or column.is_constant:
        return 0.0, ""
    if not words & n.AMOUNT and column.currency is None:
        return (0.55, "a price, taken for what was paid") if words & n.PRICE else (0.0, "")
    score = 0.95 if words & _BEST_AMOUNT else 0.9 if words & _GOOD_AMOUNT else 0.75
    score -= 0.04 * sum(word not in n.AMOUNT | n.PAYMENT | n.PRICE for word in words)
    return (score, "") if column.readable else (0.4, column.doubt)


def _price(_: TableProfile, column: ColumnProfile) -> Score:
    words = set(words_of(column.name))
    if column.looks != "number" or words & n.ID or (column.is_constant and column.distinct == 0):
        return 0.0, ""
    if words & n.PRICE:
        return 0.9, ""
    good = words & (n.AMOUNT | {"monthly", "unit"}) and not words & (n.NOT_MONEY | {"total"})
    return (0.6, "") if good and words & n.AMOUNT else (0.0, "")


def _quantity(_: TableProfile, column: ColumnProfile) -> Score:
    words = set(words_of(column.name))
    if column.looks not in {"number", "boolean"} or words & (
        n.PRICE | n.AMOUNT | n.ID - {"number"}
    ):
        return 0.0, ""
    return 0.9 * fit(column.name, n.QUANTITY, n.ITEM | n.PAYMENT), ""


def _kind(_: TableProfile, column: ColumnProfile) -> Score:
    if column.looks == "boolean" and "clicked" in column.name.lower():
        return 0.8, ""
    if column.looks != "text" or not 1 <= column.distinct <= _FEW:
        return 0.0, ""
    score = fit(column.name, n.KIND, n.bag("name user customer"))
    return (0.9, "") if score == 1.0 else (0.0, "")


def _value(_: TableProfile, column: ColumnProfile) -> Score:
    """Of two, the one that is filled more often."""
    if column.looks != "number" or says(column.name, n.ID | {"production", "imdb", "risk"}):
        return 0.0, ""
    best = 0.95 if says(column.name, n.bag("rating stars overall bewertung note")) else 0.85
    best *= 0.6 + 0.4 * column.filled / max(1, column.rows)
    return best * fit(column.name, n.VALUE, n.bag("watch play user")), ""


def _start(_: TableProfile, column: ColumnProfile) -> Score:
    if column.looks != "time" or says(column.name, n.SIDE_TIME - {"last"}):
        return 0.0, ""
    if says(column.name, n.START):
        return (0.9, "") if not column.doubt else (0.6, column.doubt)
    made = says(column.name, n.bag("created"))
    return (0.5, f"{column.name!r} is taken for the beginning") if made else (0.0, "")


def _end(_: TableProfile, column: ColumnProfile) -> Score:
    named = says(column.name, n.END)
    if column.looks == "empty":
        return (
            (0.6, "it is empty in every row seen")
            if named and says(column.name, n.TIME | {"ended"})
            else (0.0, "")
        )
    if column.looks != "time" or not named:
        return 0.0, ""
    return (0.9, "") if not column.doubt else (0.6, column.doubt)


def _plan(_: TableProfile, column: ColumnProfile) -> Score:
    good = (column.looks == "text" and column.distinct <= _FEW) or column.distinct <= 12
    if not good or column.looks in {"time", "empty"} or says(column.name, n.ID - {"code"}):
        return 0.0, ""
    return 0.9 * fit(column.name, n.PLAN, n.KIND | n.NAME | n.CUSTOMER), ""


def _text_slot(
    concept: frozenset[str], beside: frozenset[str], *, most: float = 1.0
) -> Callable[[TableProfile, ColumnProfile], Score]:
    def score(_: TableProfile, column: ColumnProfile) -> Score:
        if column.looks != "text" or says(column.name, n.ID - {"label"}):
            return 0.0, ""
        if column.filled and column.distinct / column.filled > most and column.distinct > _FEW:
            return 0.0, ""
        found = fit(column.name, concept, beside)
        vague = says(column.name, _VAGUE) and not says(column.name, _EXACT)
        return (0.9 * found * (0.9 if vague else 1.0) if found >= 0.8 else 0.0), ""

    return score


def _arm(_: TableProfile, column: ColumnProfile) -> Score:
    if column.looks not in {"text", "boolean"} or not 2 <= column.distinct <= 12:
        return 0.0, ""
    return 0.9 * fit(column.name, n.ARM, n.OFFER), ""


def _known(_: TableProfile, column: ColumnProfile) -> Score:
    good = column.looks == "time" and column.readable and says(column.name, n.KNOWN)
    return (0.8, "") if good else (0.0, "")


def _currency(_: TableProfile, column: ColumnProfile) -> Score:
    named = says(column.name, n.bag("currency waehrung devise moneda ccy"))
    codes = column.examples and all(len(v) == 3 and v.isalpha() for v in column.examples)
    return (0.95, "") if named and codes and column.looks == "text" else (0.0, "")


def _row_id(table: TableProfile, column: ColumnProfile) -> Score:
    good = is_id(column) and says(column.name, n.ID) and table.uniqueness(column) >= 0.999
    return (0.9, "") if good else (0.0, "")


_SCORES: Final[Mapping[str, Callable[[TableProfile, ColumnProfile], Score]]] = {
    "customer_id": _customer,
    "item_id": _item,
    "transaction_id": _payment,
    "occurred_at": _time,
    "amount": _amount,
    "price": _price,
    "quantity": _quantity,
    "kind": _kind,
    "value": _value,
    "started_at": _start,
    "ended_at": _end,
    "plan": _plan,
    "name": _text_slot(n.NAME, n.CUSTOMER | {"first", "last", "full", "display"}),
    "title": _text_slot(n.TITLE, n.ITEM),
    "category": _text_slot(n.CATEGORY, n.ITEM | {"primary", "main"}, most=0.5),
    "arm": _arm,
    "known_at": _known,
    "currency": _currency,
    "row_id": _row_id,
}


def columns_like(table: TableProfile, slot: str) -> Iterable[str]:
    """Names of the columns that a person could choose for the slot: those of a fitting type."""
    wanted: Mapping[str, set[str]] = {
        "occurred_at": {"time"},
        "started_at": {"time"},
        "ended_at": {"time", "empty"},
        "known_at": {"time"},
        "amount": {"number"},
        "price": {"number"},
        "quantity": {"number", "boolean"},
        "value": {"number", "boolean"},
    }
    looks = wanted.get(slot)
    return [c.name for c in table.columns if looks is None or c.looks in looks]
