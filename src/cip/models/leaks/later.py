"""Attributes that are called static and are not: they change, or they speak of one date only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cip.models.leaks.bounds import Trial, auc
from cip.models.leaks.rows import Columns, View
from cip.models.leaks.suspect import CHANGING, DRIFT, Suspect
from cip.types import BoolArray
from cip.wording import percent

_TELLS: Final = 0.65  # ROC-AUC below which it does not matter at which date a column says it
_MORE: Final = "share changed: leavers' minus stayers'"
_ALL: Final = "share of customers for whom it changed"
_DRIFT_OF: Final = "ROC-AUC of this feature alone: last date minus first"


def changing(name: str, changed: BoolArray, view: View, trial: Trial) -> Suspect | None:
    """A suspect where values differ between an earlier and a later load, (n,) by row.

    Kept out where leavers' values change more often or more rarely than stayers', or where more
    than a twentieth of all change; else a fact.
    """
    here = changed[view.at]
    if not here.any():
        return None
    left, stayed = here[view.churned], here[~view.churned]
    said = (
        f"Between two loads it changed for {int(here.sum()):,} of {len(here):,} customers: "
        f"{percent(float(left.mean()))} of the leavers, {percent(float(stayed.mean()))} of those "
        "who stayed."
    )
    gap = trial.share_gap(left, stayed)
    if gap.low > 0 or gap.high < 0:
        end = " Its value today knows who left."
        return Suspect(name, "changes_later", said + end, _MORE, gap, 0.0)
    share = trial.share(int(here.sum()), len(here))
    if share.low > CHANGING:
        end = " An attribute that changes so often was another one at the earlier dates."
        return Suspect(name, "changes_later", said + end, _ALL, share, CHANGING)
    return Suspect(name, "changes_later", said, _ALL, share, CHANGING, is_kept_out=False)


def drifting(columns: Columns, name: str, views: Sequence[View], trial: Trial) -> Suspect | None:
    """A suspect where the column tells far more about the first date's answer than the last's.

    Or the reverse.  A trait that customers always had tells about as much of either.
    """
    if len(views) < 2:
        return None
    early, late = views[0], views[-1]
    scores = early.score(columns[name]), late.score(columns[name])
    before, after = auc(early.churned, scores[0]), auc(late.churned, scores[1])
    if abs(after - before) <= DRIFT or max(before, after) <= _TELLS:
        return None
    drift = trial.auc_drift(early, late, scores)
    if drift.low <= DRIFT and drift.high >= -DRIFT:
        return None
    sentence = (
        f"Alone it ranks a leaver above a stayer {percent(before)} of the time at {early.when} and "
        f"{percent(after)} at {late.when}. A trait that customers always had tells about as much "
        "at either date; this one was written down near one of them."
    )
    return Suspect(name, "no_validity", sentence, _DRIFT_OF, drift, DRIFT)
