"""Rows by cutoff: which stand apart in time, and which were known by a date."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cip.contract.config import SnapshotSection
from cip.types import LabelledFrame


def apart(rows: LabelledFrame, rules: SnapshotSection) -> Sequence[np.datetime64]:
    """Cutoffs of `rows` from the latest back, each a horizon or more before the one after it."""
    ahead = np.timedelta64(rules.horizon_days, "D")
    kept: list[np.datetime64] = []
    for cutoff in np.unique(rows.features.cutoff)[::-1]:
        if not kept or cutoff + ahead <= kept[-1]:
            kept.append(cutoff)
    return kept


def known_by(rows: LabelledFrame, date: np.datetime64, rules: SnapshotSection) -> LabelledFrame:
    """Those of `rows` whose horizon had ended by `date`, and the gap after it.

    The gap is for what is known late: an outcome counts as known so many days after it happened.
    """
    waited = np.timedelta64(rules.horizon_days + rules.gap_days, "D")
    return rows.take(rows.features.cutoff + waited <= date)


def at(rows: LabelledFrame, cutoff: np.datetime64) -> LabelledFrame:
    """The rows of one cutoff."""
    return rows.take(rows.features.cutoff == cutoff)
