"""Features that tell the same of every customer are one fact, whatever the catalogue calls them.

In a shop whose customers do nothing but buy, days since the first purchase and since the first
activity are one number under two names.  A model may lean on the one and take it back by the
other: two large reasons against each other, and neither is true.  Their sum is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from scipy.stats import rankdata

from cip.models.drivers import sample_rows
from cip.types import FeatureFrame, FeatureInfo, FloatArray

ALIKE: Final = 0.99
"""Rank correlation, whichever sign, from which two features say the same."""
_ROWS: Final = 5_000


def twins_as_one(
    frame: FeatureFrame, infos: Sequence[FeatureInfo], *, seed: int = 0
) -> tuple[FeatureInfo, ...]:
    """The infos in their order; a number joins the fact of the first one that it says again.

    A value that is not known ranks below all others.  Categories, and what is the same for
    everybody, keep their facts.
    """
    rows = sample_rows(len(frame), _ROWS, seed=seed)
    numbers = [at for at, info in enumerate(infos) if info.kind == "number"]
    if len(rows) < 2 or len(numbers) < 2:
        return tuple(infos)
    ranks = np.array([_ranks(frame.columns[infos[at].name][rows]) for at in numbers])
    alike = np.abs(ranks @ ranks.T) >= ALIKE
    facts = [info.fact for info in infos]
    for place, at in enumerate(numbers):
        first = int(np.flatnonzero(alike[place, : place + 1])[0]) if alike[place, place] else place
        facts[at] = facts[numbers[first]]
    return tuple(replace(info, fact=fact) for info, fact in zip(infos, facts, strict=True))


def _ranks(values: FloatArray) -> FloatArray:
    """(n,) ranks of mean 0 and length 1; zeros where all are equal."""
    ranks = rankdata(np.where(np.isnan(values), -np.inf, values))
    centred = ranks - ranks.mean()
    length = float(np.sqrt(centred @ centred))
    found: FloatArray = centred / length if length else np.zeros(len(ranks))
    return found
