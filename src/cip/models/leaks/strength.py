"""Columns that alone tell who leaves better than anything known beforehand could."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from cip.models.leaks.bounds import Trial, auc
from cip.models.leaks.rows import Columns, View
from cip.models.leaks.suspect import FAR_ABOVE, LEADERS, NEAR_COPY, Suspect
from cip.types import Estimate
from cip.wording import percent

ALONE: Final = "ROC-AUC of this feature alone"


@dataclass(frozen=True, slots=True)
class Strong:
    """The date at which a column ranks best, and how well: surely above `bound`."""

    name: str
    view: View
    evidence: Estimate
    bound: float


def strongest(
    columns: Columns, names: Iterable[str], views: Sequence[View], bound: float, trial: Trial
) -> tuple[Strong, ...]:
    """The columns that surely rank above `bound`, the best first."""
    found = (_strong(columns, name, views, bound, trial) for name in names)
    sure = [strong for strong in found if strong is not None and strong.evidence.low > bound]
    return tuple(sorted(sure, key=lambda strong: -strong.evidence.value))


def _strong(
    columns: Columns, name: str, views: Sequence[View], bound: float, trial: Trial
) -> Strong | None:
    scores = [view.score(columns[name]) for view in views]
    values = [auc(view.churned, score) for view, score in zip(views, scores, strict=True)]
    best = int(np.argmax(values))
    if values[best] <= bound:
        return None
    return Strong(name, views[best], trial.auc(views[best], scores[best]), bound)


def near_copy(strong: Strong) -> Suspect | None:
    """A suspect where the column is almost the answer."""
    if strong.evidence.low <= NEAR_COPY:
        return None
    sentence = f"{_ranks(strong)} What is known beforehand hardly ever tells so much."
    return Suspect(strong.name, "near_copy", sentence, ALONE, strong.evidence, NEAR_COPY)


def too_good(
    columns: Columns, leading: Sequence[Strong], others: Sequence[str], trial: Trial
) -> list[Suspect]:
    """Suspects where a few columns lead and the best of `others` lies far below.

    Where many lead, the answer is easy, and none of them is odd.
    """
    if not leading or len(leading) > LEADERS:
        return []
    suspects = (_far_above(columns, strong, others, trial) for strong in leading)
    return [suspect for suspect in suspects if suspect is not None]


def _far_above(
    columns: Columns, strong: Strong, others: Sequence[str], trial: Trial
) -> Suspect | None:
    view = strong.view
    scores = {name: view.score(columns[name]) for name in others}
    values = {name: auc(view.churned, score) for name, score in scores.items()}
    best = max(values, key=values.__getitem__, default="")
    other = scores.get(best, np.full(len(view.churned), 0.5))
    if trial.auc_gain(view, view.score(columns[strong.name]), other).low <= FAR_ABOVE:
        return None
    after = f"the next best, {best}, {percent(values[best])}" if best else "nothing else is there"
    return Suspect(
        strong.name,
        "too_good",
        f"{_ranks(strong)} Far behind: {after}.",
        ALONE,
        strong.evidence,
        strong.bound,
    )


def _ranks(strong: Strong) -> str:
    at = f" at {strong.view.when}" * bool(strong.view.when)
    return (
        f"Alone it ranks a leaver above a stayer {percent(strong.evidence.value)} of the time{at} "
        f"(surely {percent(strong.evidence.low)})."
    )
