"""A score beside our own model of the file's other columns, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from cip.flows.judge_rival import NOTHING, Rival
from cip.types import Estimate
from cip.wording import count, signed


def beside(rival: Rival | str) -> str:
    """How the score stands to our own model; why it cannot be told, if so."""
    if isinstance(rival, str):
        return f"There is no model of ours beside it. {rival}"
    return " ".join([*_sentences(rival), *_unread(rival)])


def difference(figure: Estimate) -> str:
    """`+0.041 (−0.022 to +0.060)`."""
    return f"{signed(figure.value)} ({signed(figure.low)} to {signed(figure.high)})"


def _unread(rival: Rival) -> list[str]:
    if not rival.unread:
        return []
    more = "column was" if rival.unread == 1 else "columns were"
    why = "our own model takes the first of a wide file"
    return [f"{count(rival.unread)} more {more} not read: {why}."]


def _sentences(rival: Rival) -> Iterator[str]:
    many = len(rival.columns)
    first = f"first {count(many)} of the file's other columns"
    named = first if rival.unread else f"file's {count(many)} other column{'s' * (many > 1)}"
    ours = f"our own {rival.chosen} on the {named}"
    against = f"ROC-AUC {rival.score_auc:.3f} against {rival.auc:.3f}, "
    against += difference(rival.over_rival)
    if rival.chosen == NOTHING:
        tell = f"{named} tell" if many > 1 else "file's one other column tells"
        yield f"The {tell} our own model nothing, so there is no model to compare with."
        return
    if rival.over_rival.low > 0:
        yield f"Your score ranks better than {ours}: {against}."
    elif rival.over_rival.high < 0:
        yield f"Your score ranks worse than {ours}: {against}."
    else:
        yield f"Your score is not shown to be better than {ours}: {against}."
    with_it = f"ROC-AUC {rival.auc_with:.3f} with it, {rival.auc:.3f} without, "
    with_it += difference(rival.adds)
    if rival.adds.low > 0:
        yield f"It adds to them: {with_it}."
    else:
        yield f"It is not shown to add anything to them: {with_it}."
    if rival.over_single.low <= 0:
        yield (
            f"Nor is it shown to rank better than the column {rival.single} alone: ROC-AUC "
            f"{rival.auc_single:.3f}, {difference(rival.over_single)}."
        )
