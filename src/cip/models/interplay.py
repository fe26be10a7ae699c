"""Which features work together: the part of a pair's effect that its two single effects lack.

Friedman and Popescu (2008), section 8.1: the partial dependence of a pair of features, less those
of each alone, over a sample of customers.  The same definition serves every model, and a model
that adds its features up has none, exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cip.types import FloatArray

Columns = Mapping[str, NDArray[Any]]
NOTHING: Final = 1e-6
"""Below this many log-odds a pair's interplay is a rounding error."""


@dataclass(frozen=True, slots=True)
class Interplay:
    """Two features: `share` of the variance of their joint effect that is neither's alone (0 to 1).

    `size`: the root mean square of that part, in log-odds.
    """

    first: str
    second: str
    share: float
    size: float


def interplay(
    margin: Callable[[Columns], FloatArray], columns: Columns, features: Sequence[str]
) -> tuple[Interplay, ...]:
    """Every pair of `features`, the largest first, over the s customers of `columns`, (s,) each.

    `margin` gives log-odds of the rows of columns like those given; it is asked for s x s rows of
    each feature and each pair.
    """
    alone = {name: _centred(margin, columns, (name,)) for name in features}
    found = []
    for one, two in combinations(features, 2):
        both = _centred(margin, columns, (one, two))
        extra = both - alone[one] - alone[two]
        whole = float(both @ both)
        size = float(np.sqrt(np.mean(extra**2)))
        share = float(extra @ extra) / whole if whole > NOTHING**2 and size > NOTHING else 0.0
        found.append(Interplay(one, two, share, size))
    return tuple(sorted(found, key=lambda pair: -pair.size))


def _centred(
    margin: Callable[[Columns], FloatArray], columns: Columns, fixed: Sequence[str]
) -> FloatArray:
    """(s,) partial dependence at each customer's own values of the `fixed` features, mean 0."""
    s = len(columns[fixed[0]])
    rows = {
        name: np.repeat(values, s) if name in fixed else np.tile(values, s)
        for name, values in columns.items()
    }
    means = margin(rows).reshape(s, s).mean(axis=1)
    centred: FloatArray = means - means.mean()
    return centred
