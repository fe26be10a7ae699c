"""The column of a score: numbers however they are written, or categories in their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from cip.contract.guess.names import bag, words_of
from cip.errors import ContractError
from cip.flows.judge_columns import cells_of, numbers_of
from cip.flows.judge_scale import scale_of
from cip.models.judge.score import Kind, Scale, Side
from cip.types import FloatArray
from cip.wording import count

_MOST_CATEGORIES: Final = 20
_DANGER: Final = bag("risk churn propensity hazard leave attrition danger probability proba prob")
_HEALTH: Final = bag("health healthy satisfaction happiness loyalty engagement nps")
_PLACES: Final = (
    {"green", "low", "healthy", "good", "safe", "gruen", "niedrig", "vert"},
    {"yellow", "amber", "orange", "medium", "neutral", "fair", "gelb", "mittel", "mid", "jaune"},
    {"red", "high", "unhealthy", "bad", "poor", "risk", "critical", "rot", "hoch", "rouge"},
)


@dataclass(frozen=True, slots=True)
class Given:
    """The score's column, (n,): numbers, or of categories their place; NaN where it is empty.

    `categories`: in order of `value`; `is_learnt`: that order says nothing, and has to be learnt;
    `why`: why numbers are read as this kind.
    """

    value: FloatArray
    kind: Kind
    hinted: Side | None
    categories: tuple[str, ...] = ()
    is_learnt: bool = False
    why: str = ""


def given_score(table: pa.Table, name: str, scale: Scale | None = None) -> Given:
    """The score; `scale`: what the person says that its numbers are.

    Raises: ContractError J-103 where it is neither numbers nor categories, or not what is said.
    """
    read = numbers_of(table[name])
    if not read.are_meant and scale is not None:
        raise ContractError(
            "J-103",
            f"the score {name} holds categories, which have no scale.",
            "leave --scale out, or name a column of numbers",
        )
    if not read.are_meant:
        return _categories(table, name, read.odd)
    if read.odd is not None:
        row, cell = read.odd
        raise ContractError(
            "J-103",
            f"the score {name} is not numeric in row {row + 1}: {cell!r}.",
            "leave the cell empty where there is no score",
        )
    if not np.isfinite(read.value).any():
        raise ContractError("J-103", f"the score {name} is empty.", "name another column")
    kind, why = scale_of(read, name, scale)
    return Given(read.value, kind, _hinted(name), why=why)


def _categories(table: pa.Table, name: str, odd: tuple[int, str] | None) -> Given:
    cells = cells_of(table[name])
    if len(cells.texts) > _MOST_CATEGORIES:
        row, cell = odd or (0, cells.texts[0])
        raise ContractError(
            "J-103",
            f"the score {name} is not numeric in row {row + 1} ({cell!r}), and has "
            f"{count(len(cells.texts))} different values: too many for categories.",
            f"name a column of numbers, or of at most {_MOST_CATEGORIES} categories",
        )
    if not cells.texts:
        raise ContractError("J-103", f"the score {name} is empty.", "name another column")
    places = [_place(text) for text in cells.texts]
    is_learnt = any(place is None for place in places) or len(set(places)) < len(places)
    order = sorted(range(len(places)), key=lambda k: (places[k] or 0, cells.texts[k]))
    rank = np.empty(len(places))
    rank[order] = np.arange(len(places))
    named = tuple(cells.texts[k] for k in order)
    colours = {"red", "green", "rot", "gruen", "rouge", "vert"}
    is_colour = any(colours & set(words_of(text)) for text in cells.texts)
    hinted: Side | None = "riskier" if is_colour else _hinted(name)
    return Given(cells.spread(rank, np.nan), "category", hinted, named, is_learnt)


def _place(text: str) -> float | None:
    """Where a category stands among its kind: A before B, green before red, 1 before 2."""
    words = set(words_of(text))
    if len(text) == 1 and text.isalpha():
        return float(ord(text.lower()))
    for place, known in enumerate(_PLACES):
        if words & known:
            further = 0.5 if words & {"very", "critical"} else 0.0
            return place + further if place else -further
    figures = [word for word in words if word.isdecimal()]
    return float(figures[0]) if len(figures) == 1 else None


def _hinted(name: str) -> Side | None:
    words = set(words_of(name))
    if words & _HEALTH and not words & _DANGER:
        return "safer"
    return "riskier" if words & _DANGER and not words & _HEALTH else None
