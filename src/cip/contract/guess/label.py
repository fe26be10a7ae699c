"""Which column says who has left, and which columns give the answer away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cip.contract.guess import names as n
from cip.contract.guess.names import says, words_of
from cip.contract.guess.shapes import ColumnProfile, TableProfile

_CLEAR: Final = n.bag("churn churned exited attrition attrited churner leaver")
_GOOD: Final = n.bag("left lapsed cancelled canceled terminated withdrawn gone quit exit")
_STAYS: Final = n.bag("active retained stayed retention")
_MAYBE: Final = n.bag("status result state outcome")
_BESIDE: Final = n.bag("reason score risk category date classifier value")
_YES: Final = n.bag("yes true 1 1.0 y t ja oui si")
_NO: Final = n.bag("no false 0 0.0 n f nein non")
_LEFT_VALUES: Final = (
    _GOOD
    | _CLEAR
    | n.bag("inactive closed withdrew gekuendigt resilie baja deactivated unsubscribed defected")
)
_FEW: Final = 8
_PURE: Final = 0.995
_MOST_VALUES: Final = 50


@dataclass(frozen=True, slots=True)
class Answer:
    """A column that says who has left: the `left` values, how sure, and why not surer."""

    column: str
    left: tuple[str, ...]
    confidence: float
    doubt: str = ""


def label_of(table: TableProfile, answer: str | None = None) -> Answer | None:
    """The likeliest label of the table, or the column that a person said."""
    if answer is not None and any(column.name == answer for column in table.columns):
        return _said(table.column(answer))
    found = [label for column in table.columns if (label := _read(column)) is not None]
    return max(found, key=lambda label: label.confidence, default=None)


def leaks(table: TableProfile, label: Answer | None) -> dict[str, str]:
    """Columns that know the answer, each with the reason to leave it out."""
    found = {
        column.name: "its name speaks of the answer"
        for column in table.columns
        if says(column.name, n.LEAK) and (label is None or column.name != label.column)
    }
    if label is None:
        return found
    told = [cell in label.left for cell in table.cells[label.column]]
    base = Counter(told).most_common(1)[0][1] / max(1, len(told))
    for column in table.columns:
        if column.name in found or column.name == label.column or column.is_constant:
            continue
        if base < 0.95 and len(told) >= 50 and _tells(table, column, told):
            found[column.name] = "it tells who left in nearly every row seen"
    return found


def _tells(table: TableProfile, column: ColumnProfile, told: list[bool]) -> bool:
    cells = table.cells[column.name]
    if column.distinct > _MOST_VALUES:
        cells = tuple("" if cell is None else "filled" for cell in cells)
    together: Mapping[tuple[str | None, bool], int] = Counter(zip(cells, told, strict=True))
    best: Counter[str | None] = Counter()
    for (value, _), count in together.items():
        best[value] = max(best[value], count)
    return sum(best.values()) / len(told) >= _PURE


def _read(column: ColumnProfile) -> Answer | None:
    if not 2 <= column.distinct <= _FEW or column.looks in {"time", "empty"}:
        return None
    words = set(words_of(column.name))
    if words & _BESIDE:
        return None
    bonus = 0.0 if len(words) <= 2 else -0.1
    if words & (_CLEAR | _GOOD):
        return _with(column, (0.95 if words & _CLEAR else 0.8) + bonus, stays=False)
    if words & _STAYS and column.looks == "boolean":
        return _with(column, 0.7 + bonus, stays=True)
    return _in_words(column, 0.75 if words & _MAYBE else 0.5)


def _in_words(column: ColumnProfile, confidence: float) -> Answer | None:
    left = _left_values(column) if column.looks == "text" else ()
    if not left or len(left) == column.distinct:
        return None
    return Answer(column.name, left, confidence, _doubt(column, left))


def _said(column: ColumnProfile) -> Answer:
    stays = says(column.name, _STAYS)
    return _with(column, 1.0, stays=stays) or Answer(column.name, column.examples[-1:], 0.5)


def _with(column: ColumnProfile, confidence: float, *, stays: bool) -> Answer | None:
    wanted = _NO if stays else _YES
    left = tuple(v for v in column.examples if v.lower() in wanted) or _left_values(column)
    if not left or len(left) == column.distinct:
        return None
    return Answer(column.name, left, confidence)


def _left_values(column: ColumnProfile) -> tuple[str, ...]:
    return tuple(value for value in column.examples if _LEFT_VALUES & set(words_of(value)))


def _doubt(column: ColumnProfile, left: tuple[str, ...]) -> str:
    others = [value for value in column.examples if value not in left]
    return f"{', '.join(left)} is taken for left, {', '.join(others[:4])} for stayed"
