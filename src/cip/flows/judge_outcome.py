"""The column of an outcome: which of its values mean that a customer left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cip.contract.guess.label import label_of
from cip.contract.guess.profile import profile_table
from cip.errors import ContractError, SettingsError
from cip.flows.judge_columns import cells_of, is_time, times_of
from cip.flows.judge_wanted import Wanted
from cip.types import BoolArray, ObjectArray
from cip.wording import count

FEWEST: Final = 20
_SURE: Final = 0.6


@dataclass(frozen=True, slots=True)
class Outcome:
    """Who left, (n,): `known` where the cell says so, `left_at` where it is a date.

    `sentence` says how the cells were read.
    """

    churned: BoolArray
    known: BoolArray
    sentence: str
    left_at: NDArray[np.datetime64] | None = None


def given_outcome(table: pa.Table, wanted: Wanted) -> Outcome:
    """Who left.  Raises: ContractError J-104, J-106, J-107, SettingsError J-105."""
    column, name = table[wanted.outcome], wanted.outcome
    if not wanted.left and is_time(column):
        return _by_date(column, name)
    said = cells_of(column)
    if not said.texts:
        raise ContractError("J-104", f"the outcome {name} is empty.", "name another column")
    _check_two_values(said.texts, wanted)
    left = _left_values(said.as_text(), said.texts, wanted)
    hits = np.array([text.lower() in left for text in said.texts], dtype=np.bool_)
    churned, known = said.spread(hits, empty=False), said.code >= 0
    stayed = [text for text, hit in zip(said.texts, hits, strict=True) if not hit]
    gone = [text for text, hit in zip(said.texts, hits, strict=True) if hit]
    by = "as you said" if wanted.left else "read from its words"
    sentence = f"In {name}, {_quoted(gone)} means left and {_quoted(stayed)} means stayed ({by})."
    _check_both(churned[known], name, sentence)
    return Outcome(churned, known, sentence)


def _by_date(column: pa.ChunkedArray, name: str) -> Outcome:
    at, odd = times_of(column)
    if odd is not None:
        raise ContractError(
            "J-104",
            f"the outcome {name} is a date but for row {odd[0] + 1}: {odd[1]!r}.",
            "leave it empty for those who stayed",
        )
    churned = ~np.isnat(at)
    sentence = f"{name} is the date of leaving: who has none stayed."
    _check_both(churned, name, sentence)
    return Outcome(churned, np.ones(len(churned), dtype=np.bool_), sentence, at)


def _check_two_values(texts: tuple[str, ...], wanted: Wanted) -> None:
    """Whatever the one value means, nobody stands against it: who says so again is told again."""
    if len({text.lower() for text in texts}) > 1:
        return
    raise ContractError(
        "J-107",
        f"{wanted.outcome} holds {_quoted(texts[:1])} only: either nobody left or nobody stayed, "
        f"and a verdict needs at least {FEWEST} of each.",
        "bring customers of both kinds, or name the column that tells them apart; if an empty "
        "cell is an answer, write it into the cell",
    )


def _left_values(cells: ObjectArray, texts: tuple[str, ...], wanted: Wanted) -> set[str]:
    if wanted.left:
        small = {value.strip().lower() for value in wanted.left}
        missing = small - {text.lower() for text in texts}
        if missing:
            raise SettingsError(
                "J-105",
                f"nobody has {wanted.outcome} {_quoted(sorted(missing))}; it holds "
                f"{_quoted(texts[:6])}.",
                "name with --left what stands there",
            )
        return small
    lower = {text.lower() for text in texts}
    if len(lower) > 2:
        raise ContractError(
            "J-104",
            f"the outcome {wanted.outcome} has {count(len(lower))} values: {_quoted(texts[:6])}.",
            f"say which means left, e.g. --left {texts[0]!r}; all others then mean stayed",
        )
    few = list(dict.fromkeys(cells.tolist()))
    answer = label_of(profile_table("file", {wanted.outcome: few}), wanted.outcome)
    if answer is None or answer.confidence < _SURE:
        raise ContractError(
            "J-106",
            f"which value of {wanted.outcome} means left is not clear: {_quoted(texts)}.",
            f"say it, e.g. --left {texts[0]!r}",
        )
    return {value.lower() for value in answer.left}


def _check_both(churned: BoolArray, name: str, sentence: str) -> None:
    left, stayed = int(churned.sum()), int((~churned).sum())
    if min(left, stayed) < FEWEST:
        raise ContractError(
            "J-107",
            f"{count(left)} left and {count(stayed)} stayed by {name}: a verdict needs at least "
            f"{FEWEST} of each. {sentence}",
            "bring more customers, say with --left what means left, fill in empty cells",
        )


def _quoted(values: Iterable[str]) -> str:
    return " or ".join(f"'{value}'" for value in values)
