"""The rows on which candidates race: enough to tell them apart, not all there are."""

from __future__ import annotations

from math import ceil
from typing import Final

import numpy as np

from cip.models.churn.trees import rarer
from cip.types import LabelledFrame

ROWS: Final = 12_000
RARER: Final = 1_000


def drawn_for_race(train: LabelledFrame, seed: int) -> LabelledFrame:
    """At most `ROWS` rows of `train`, or as many as hold `RARER` of the rarer class.

    Drawn without regard to who left, in the order of `train`; all of it where it has no more.
    """
    few = rarer(train.churned)
    wanted = max(ROWS, ceil(RARER * len(train) / few)) if few else len(train)
    if wanted >= len(train):
        return train
    drawn = np.random.default_rng(seed).choice(len(train), wanted, replace=False)
    return train.take(np.sort(drawn))
