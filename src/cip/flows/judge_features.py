"""The other columns of a judged file: what our own model may learn from, and what it may not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cip.contract.guess import names as n
from cip.contract.guess.names import says
from cip.flows.judge_columns import cells_of, is_number_type, is_time, numbers_of
from cip.flows.judge_wanted import Wanted
from cip.models.judge.copies import is_copy
from cip.models.judge.score import Score
from cip.models.leaks.find import find_suspects
from cip.models.leaks.rows import Rows
from cip.models.resample import customer_folds
from cip.types import BoolArray, FeatureFrame, FeatureInfo, IntArray, LabelledFrame

ROWS: Final = 20_000
"""Our own model learns on at most so many rows, drawn by lot."""

FOLDS: Final = 5
_MOST_COLUMNS: Final = 100
_TOO_MANY: Final = f"only {_MOST_COLUMNS} columns are read"
_MOST_LEVELS: Final = 1_000
_ROW_NAMES: Final = 0.5
_ID: Final = 0.95
_DRAWS: Final = 200
_ANSWER: Final = n.LEAK - n.bag("risk closed propensity")


@dataclass(frozen=True)
class Others:
    """`columns`: what a model may read, (m,) of the rows `at`; `left_out`: why not, by name."""

    at: IntArray
    columns: Mapping[str, NDArray[Any]]
    left_out: Mapping[str, str]

    @property
    def unread(self) -> int:
        """How many columns were not read because there are too many."""
        return sum(why == _TOO_MANY for why in self.left_out.values())


def other_columns(
    table: pa.Table,
    wanted: Wanted,
    score: Score,
    churned: BoolArray,
    customer_id: NDArray[Any],
) -> Others:
    """The columns for our own model; `table` and the arrays are the (n,) rows judged."""
    at = _drawn(customer_id, wanted.seed)
    part = table.take(pa.array(at))
    used = {wanted.score, wanted.outcome, wanted.as_of, wanted.customer}
    columns: dict[str, NDArray[Any]] = {}
    left_out: dict[str, str] = {}
    for name in (name for name in table.column_names if name not in used):
        values, why = _column(part[name], name)
        if not why and len(columns) == _MOST_COLUMNS:
            why = _TOO_MANY
        if not why and is_copy(values, _part_of(score, at)):
            why = "it is the score again"
        if why:
            left_out[name] = why
        else:
            columns[name] = values
    suspects = _suspects(columns, churned[at], customer_id[at], wanted.seed)
    kept = {name: values for name, values in columns.items() if name not in suspects}
    return Others(at, kept, left_out | suspects)


def frame_of(columns: Mapping[str, NDArray[Any]], churned: BoolArray, who: Any) -> LabelledFrame:
    """The columns as models read them; no time, no money."""
    nowhen = np.full(len(churned), np.datetime64("NaT", "us"))
    return LabelledFrame(FeatureFrame(who, nowhen, columns), churned, np.full(len(churned), np.nan))


def infos_of(columns: Mapping[str, NDArray[Any]]) -> tuple[FeatureInfo, ...]:
    """What models need to know of each column."""
    return tuple(
        FeatureInfo(
            name,
            "category" if values.dtype == np.object_ else "number",
            "",
            name,
            f"{name}: {{v}}",
            name,
        )
        for name, values in columns.items()
    )


def _drawn(customer_id: NDArray[Any], seed: int) -> IntArray:
    size = len(customer_id)
    if size <= ROWS:
        return np.arange(size)
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(size, ROWS, replace=False)).astype(np.int64)


def _part_of(score: Score, at: IntArray) -> Score:
    p = None if score.p is None else score.p[at]
    return Score(score.kind, score.direction, score.value[at], score.risk[at], p)


def _column(column: pa.ChunkedArray, name: str) -> tuple[NDArray[Any], str]:
    """The values, and why no model reads them, if so."""
    nothing = np.empty(0)
    if says(name, _ANSWER):
        return nothing, "its name speaks of the answer"
    if is_time(column):
        return nothing, "it is a date"
    read = numbers_of(column)
    if is_number_type(column.type) or read.share > _ID:
        return read.value, _why_not_numbers(read.value, name)
    texts = cells_of(column).as_text()
    filled = [text for text in texts if text is not None]
    levels = len(set(filled))
    if levels < 2:
        return nothing, "it says the same of everybody"
    if levels > min(_MOST_LEVELS, _ROW_NAMES * len(filled)):
        return nothing, "it names rows or persons"
    return texts, ""


def _why_not_numbers(value: NDArray[Any], name: str) -> str:
    known = value[np.isfinite(value)]
    different = len(np.unique(known))
    if different < 2:
        return "it says the same of everybody"
    is_whole = bool(np.all(known == np.round(known)))
    names_rows = is_whole and different > _ID * len(known) and len(known) > 1 / (1 - _ID)
    if names_rows and (says(name, n.ID) or says(name, n.CUSTOMER)):
        return "it names rows or persons"
    return ""


def _suspects(
    columns: Mapping[str, NDArray[Any]], churned: BoolArray, who: NDArray[Any], seed: int
) -> dict[str, str]:
    """What the leak detector keeps out, each with what it says."""
    if not columns:
        return {}
    folds = customer_folds(who, FOLDS, seed=seed, strata=churned)
    found = find_suspects(Rows(columns, churned, who, folds), seed=seed, draws=_DRAWS)
    return {one.feature: f"{one.word}: {one.sentence}" for one in found.suspects if one.is_kept_out}
