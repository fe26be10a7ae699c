"""Signs that a score knew the outcome, or that the rows flatter it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.models.judge.score import Score
from cip.models.leaks.bounds import Trial
from cip.models.leaks.find import find_suspects
from cip.models.leaks.rows import Rows
from cip.models.leaks.suspect import FAR_ABOVE, TOO_GOOD_APART
from cip.models.resample import customer_codes, customer_folds
from cip.types import BoolArray, Estimate, IntArray
from cip.wording import count, percent

FOLDS: Final = 5
LATE: Final = 0.01  # share of leavers scored after they left from which figures are flattered
_GRAVE: Final = ("near_copy",)
_NO_MISTAKE: Final = "Every leaver stands above every stayer: the score is the outcome itself."
_ASK_WHEN: Final = (
    "Ask when the score is written. One written, or wiped, after the customer left foretells "
    "nothing; judge again on a score that was frozen before."
)
_ASK_TRAINED: Final = (
    "Ask which rows the score was trained on, and when. Only periods after that show what it is "
    "worth."
)


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that may flatter the figures.

    `is_grave`: the verdict is not to be trusted before it is explained.
    """

    name: str
    sentence: str
    what_to_do: str
    is_grave: bool = False


def signs_of_score(
    column: NDArray[Any],
    score: Score,
    churned: BoolArray,
    customer_id: NDArray[Any],
    *,
    period: IntArray | None,
    period_names: Sequence[str],
    seed: int,
    draws: int,
) -> list[Sign]:
    """What the leak detector says of the score alone, rows where it is filled in."""
    if score.risk[churned].min() > score.risk[~churned].max():
        return [Sign("near_copy", _NO_MISTAKE, _ASK_WHEN, is_grave=True)]
    folds = customer_folds(customer_id, FOLDS, seed=seed, strata=churned)
    rows = Rows({"the score": column}, churned, customer_id, folds, period)
    found = find_suspects(rows, period_names=period_names, seed=seed, draws=draws)
    asked = {"near_copy": _ASK_WHEN, "no_validity": _ASK_TRAINED}
    return [
        Sign(suspect.kind, suspect.sentence, asked[suspect.kind], suspect.kind in _GRAVE)
        for suspect in found.suspects
        if suspect.kind in asked  # a score that beats single columns is what a score is for
    ]


def sign_of_missing(missing: BoolArray, churned: BoolArray, *, seed: int, draws: int) -> list[Sign]:
    """Whether those without a score leave more, or less, than the others."""
    rows = int(missing.sum())
    if not rows or missing.all():
        return []
    there, gone = churned[~missing], churned[missing]
    said = (
        f"{count(rows)} of {count(len(missing))} customers have no score: "
        f"{percent(float(gone.mean()))} of them left, {percent(float(there.mean()))} of the others."
    )
    gap = Trial(1, seed, draws).share_gap(gone, there)
    if gap.low <= 0 <= gap.high:
        return [Sign("missing", said, "Say what happens to customers without a score.")]
    end = " Whether there is a score tells who leaves: it may be written, or wiped, afterwards."
    what = "Ask why they have none. The figures speak only of those who have one."
    return [Sign("missing", said + end, what)]


def sign_of_repeats(churned: BoolArray, customer_id: NDArray[Any], *, by_time: bool) -> list[Sign]:
    """Customers with several rows, and those who both left and stayed."""
    codes = customer_codes(customer_id)
    rows = np.bincount(codes)
    repeated = int((rows > 1).sum())
    if not repeated:
        return []
    left = np.bincount(codes, weights=churned)
    both = int(((left > 0) & (left < rows)).sum())
    said = f"{count(repeated)} of {count(len(rows))} customers have several rows"
    if both and not by_time:
        said += f", {count(both)} of them with both outcomes: it is not clear which one counts"
        what = "Keep one row a customer, or name the date of the score with --as-of."
    else:
        what = "Nothing: intervals draw customers, with all their rows."
    return [Sign("repeats", f"{said}.", what)]


def sign_of_late(
    as_of: NDArray[np.datetime64], left_at: NDArray[np.datetime64], churned: BoolArray, column: str
) -> list[Sign]:
    """Leavers who were gone when their score was made; `column` holds when they left."""
    known = churned & ~np.isnat(as_of) & ~np.isnat(left_at)
    late = int((left_at[known] <= as_of[known]).sum())
    if not late:
        return []
    part = late / int(known.sum())
    said = (
        f"{count(late)} of {count(int(known.sum()))} leavers ({percent(part)}) had left, by "
        f"{column}, when their score was made: it did not foretell them."
    )
    what = "Take these rows out and judge again."
    return [Sign("late", said, what, is_grave=part > LATE)]


def sign_of_far_above(auc: float, over_rival: Estimate) -> list[Sign]:
    """A score far above what the file's own columns can tell."""
    if auc < TOO_GOOD_APART or not over_rival.low > FAR_ABOVE:
        return []
    said = (
        f"It ranks far better than a model of the file's other columns: ROC-AUC {auc:.2f}, "
        f"{over_rival.value:.2f} more. Either it knows much that this file does not, or it knows "
        "the outcome."
    )
    return [Sign("far_above", said, _ASK_WHEN)]
