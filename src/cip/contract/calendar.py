"""The cutoffs of a run: train, validation, test and score, from the span of the data."""

from __future__ import annotations

from datetime import datetime, timedelta

from cip.contract.config import SnapshotSection
from cip.errors import ContractError
from cip.types import Calendar
from cip.wording import last_day


def make_calendar(first: datetime, end: datetime, rules: SnapshotSection) -> Calendar:
    """Cutoffs, each at a midnight of the business, for data in `[first, end)`.

    `first` and `end` are midnights on the clock of one time zone, and so is every cutoff: days are
    added by that clock, so one with 23 or 25 hours is one day.

    Customers are scored at `end`.  The test cutoff is one horizon earlier, so that what happened
    is known; validation and then training lie one horizon and the purge gap before the next part.
    Training cutoffs step back every `every_days` while `min_history_days` of history remain.

    Raises: ContractError C-201 when the data are too short for even one training cutoff.
    """
    step = timedelta(days=rules.horizon_days + rules.gap_days)
    test = end - timedelta(days=rules.horizon_days)
    validation = test - step
    newest = validation - step
    oldest = first + timedelta(days=rules.min_history_days)
    train: list[datetime] = []
    while newest >= oldest and len(train) < rules.max_cutoffs:
        train.append(newest)
        newest -= timedelta(days=rules.every_days)
    if not train:
        raise _too_short(first, end, rules)
    return Calendar(
        train=tuple(reversed(train)),
        validation=validation,
        test=test,
        score=end,
        horizon_days=rules.horizon_days,
        gap_days=rules.gap_days,
        active_days=rules.active_days,
    )


def _too_short(first: datetime, end: datetime, rules: SnapshotSection) -> ContractError:
    needed = rules.min_history_days + 3 * rules.horizon_days + 2 * rules.gap_days
    return ContractError(
        "C-201",
        f"the data span {(end - first).days} days ({first:%Y-%m-%d} to {last_day(end)}), and a "
        f"horizon of {rules.horizon_days} days needs {needed}.",
        "load more history, or set a shorter horizon_days or min_history_days in [snapshot]",
    )
